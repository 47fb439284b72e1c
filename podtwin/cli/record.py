"""`podtwin record`: a data directory's range as a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podtwin.cli.output import Output, OutputOption, print_json, print_pairs

NOT_KNOWN = "not known; the engine has not done all of it, or runs"


def record(
    out: Annotated[Path, typer.Option(help="Folder, or archive when it ends in .zip.")],
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="Of a run, going on or over.")
    ] = Path("data"),
    from_: Annotated[
        str | None, typer.Option("--from", help="Receive time: now-2h, RFC 3339; all by default.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Receive time, not included.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Write a recording; it begins at the checkpoint before --from."""
    from podcore.clock import SystemClock, rfc3339
    from podtwin.cli.progress import progress_bar
    from podtwin.pipeline import recordings

    clock = SystemClock()
    span = (_time("--from", from_, clock.now_ns()), _time("--to", to, clock.now_ns()))
    with progress_bar("recording", clock) as advance:
        summary = recordings.record(data_dir, out, clock, span, advance)
    manifest = summary.manifest
    facts: dict[str, object] = {
        "recording": str(summary.path),
        "frames": manifest.frames,
        "values": manifest.values,
        "sites": len(manifest.sites),
        "from": rfc3339(manifest.from_ns),
        "to": rfc3339(manifest.to_ns),
        "checkpoints": summary.checkpoints,
        "digest": manifest.digest,
    }
    if output is Output.JSON:
        print_json(facts)
    else:
        print_pairs(facts | {"digest": manifest.digest or NOT_KNOWN})


def _time(place: str, text: str | None, now_ns: int) -> int | None:
    from podcore.errors import ConfigError
    from podtwin.api.times import parse_time

    if text is None:
        return None
    try:
        return parse_time(text, now_ns)
    except ValueError as error:
        raise ConfigError(place, text, str(error)) from None
