"""What `podtwin config check --map` shows: what becomes of a payload, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from podcore.clock import rfc3339
from podcore.errors import ConfigError

if TYPE_CHECKING:
    from podcore.site import Site
    from podtwin.config.map_preview import Preview


def preview_of(
    map_file: Path | None, sample: Path | None, form: str, topic: str, sites: list[Site]
) -> Preview:
    """What a mapping makes of a payload; of none when there is no sample.

    Raises
    ------
    ConfigError  For a mistake of the mapping, an unknown format, and for a sample that cannot be
        read.
    """
    from ingest.foreign import ForeignSource
    from ingest.topic_filter import TopicFilter
    from podcore.clock import SystemClock
    from podcore.names import did_you_mean
    from podtwin.config.map_preview import Preview, preview, preview_packed
    from podtwin.config.sources import FORMATS, PACKED, load_map_for

    if form not in {*FORMATS, PACKED}:
        known = did_you_mean(form, [*FORMATS, PACKED])
        raise ConfigError("--format", form, "is no format", known)
    mapping = load_map_for(map_file, sites) if map_file is not None else None
    if sample is None:
        return Preview()
    try:
        payload = sample.read_bytes()
    except OSError as error:
        told = f"cannot be read: {error.strerror}"
        raise ConfigError("--sample", str(sample), told, "name another") from None
    now_ns = SystemClock().now_ns()
    if form == PACKED:
        return preview_packed(topic, payload, now_ns, sites)
    if mapping is None:
        return Preview()
    source = ForeignSource(TopicFilter.parse("#"), FORMATS[form](), mapping)
    return preview(source, topic, payload, now_ns, sites)


def print_preview(shown: Preview | None) -> None:
    """Each value with the reading it becomes, then what is refused, then a count."""
    if shown is None:
        return
    rows: list[tuple[str, str, str]] = [
        (
            f"{b.name} = {b.sent:g}",
            f"{b.site} {b.node} {b.point} = {b.value:g} {b.unit}",
            rfc3339(b.ts_ns),
        )
        for b in shown.becomes
    ]
    left, right = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    for row in rows:
        typer.echo(f"{row[0]:{left}}  >  {row[1]:{right}}  {row[2]}")
    for site, node, why in shown.refused:
        where = f" ({site} {node})" if site else ""
        typer.echo(f"refused, {why.reason.value}: {why}{where}")
    ignored, refused = len(shown.ignored), shown.refused_in_all
    typer.echo(f"{len(rows)} readings, {ignored} ignored, {refused} refused")


def fields_of(shown: Preview | None) -> dict[str, object]:
    """The same for a machine to read."""
    if shown is None:
        return {}
    becomes = [
        {
            "line": b.line, "name": b.name, "sent": b.sent, "site": b.site, "node": b.node,
            "point": b.point, "ts": rfc3339(b.ts_ns), "value": b.value, "unit": b.unit,
        }
        for b in shown.becomes
    ]  # fmt: skip
    refused = [
        {"site": site, "node": node, "reason": why.reason.value, "place": why.place,
         "value": why.value, "rule": why.rule, "way_out": why.way_out}
        for site, node, why in shown.refused
    ]  # fmt: skip
    return {
        "becomes": becomes,
        "refused": refused,
        "refused_in_all": shown.refused_in_all,
        "ignored": shown.ignored,
    }
