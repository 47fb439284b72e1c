"""`podtwin import`: exported files, sent again as readings, for instance to another machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podcore.errors import ConfigError
from podcore.names import ID_RULE, did_you_mean, is_id
from podtwin.cli.account import CaFileOption, CertFileOption, KeyFileOption, broker_address
from podtwin.cli.output import Output, OutputOption, print_json
from podtwin.cli.progress import progress_bar
from podtwin.cli.publish import DEFAULT_BROKER, leave, leave_refused

if TYPE_CHECKING:
    from ingest.address import BrokerAddress
    from podcore.ports import Clock
    from podtwin.agent.imported import ImportedSite
    from podtwin.agent.publish import Outcome
    from podtwin.agent.spool import Spool

NODE = "import"


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, readable=True, help="CSV, Parquet or Arrow, as exported."
        ),
    ],
    sites: Annotated[
        list[str] | None,
        typer.Option("--site", help="New id of the site; OLD=NEW where there are several."),
    ] = None,
    node: Annotated[str, typer.Option(help="Node that speaks for all of them.")] = NODE,
    units: Annotated[
        list[str] | None,
        typer.Option("--unit", help="asset/point=UNIT of a point that no class knows; repeat it."),
    ] = None,
    broker: Annotated[
        str, typer.Option(help="mqtt://[user@]host:port, or mqtts.")
    ] = DEFAULT_BROKER,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    key_file: KeyFileOption = None,
    output: OutputOption = Output.TABLE,
    give_up: Annotated[
        float, typer.Option(min=1.0, help="Seconds without progress after which to stop.")
    ] = 60.0,
) -> None:
    """Send what `podtwin export` wrote to a running PodTwin, measured values alone.

    Values and times are kept, flags are worked out anew. Run it again with the same files and it
    goes on after what was acknowledged.
    """
    from tempfile import TemporaryDirectory

    from podcore.clock import SystemClock
    from podtwin.agent.imported import imported, parse_units, renamed
    from podtwin.agent.spool import spool

    if not is_id(node):
        raise ConfigError("--node", node, ID_RULE)
    address, known, clock = (
        broker_address(broker, ca_file, cert_file, key_file),
        parse_units(units or ()),
        SystemClock(),
    )
    with TemporaryDirectory(prefix="podtwin-import-") as folder:
        with progress_bar("reading rows", clock) as advance:
            spooled = spool(files, Path(folder), _only_site(sites), advance)
        _check(spooled, known)
        names = renamed(sites or (), sorted(spooled.sites))
        in_order = [spooled.sites[site] for site in sorted(spooled.sites)]
        streams = list(imported(in_order, files, node, names, known))
        done = _send(streams, address, clock, give_up)
    _summary(spooled, done, output)
    leave(done[-1][1], broker)
    sent = sum(stream.spooled.rows for stream, _ in done)
    leave_refused(sum(outcome.refused for _, outcome in done), sent, node)


def _only_site(sites: Sequence[str] | None) -> str | None:
    """Whose rows are that do not say it."""
    return sites[0] if sites and len(sites) == 1 and is_id(sites[0]) else None


def _check(spooled: Spool, units: dict[str, str]) -> None:
    if not spooled.sites:
        skipped = ", ".join(f"{count} {word}" for word, count in sorted(spooled.skipped.items()))
        rule = f"holds no measured value ({skipped or 'no rows'})"
        raise ConfigError("FILE", None, rule, "export with --source measured")
    points = {point for site in spooled.sites.values() for point in site.points}
    for point in units:
        if point not in points:
            raise ConfigError(
                "--unit", point, "is no point of the files", did_you_mean(point, points)
            )


def _send(
    streams: Sequence[ImportedSite], address: BrokerAddress, clock: Clock, give_up: float
) -> list[tuple[ImportedSite, Outcome]]:
    """One site after the other, until one of them ends otherwise than done."""
    from podtwin.agent.publish import End, Pace, Publisher

    goal, before = sum(len(stream.ts_ns) for stream in streams), 0
    done: list[tuple[ImportedSite, Outcome]] = []
    with progress_bar("acknowledged", clock) as advance:
        for stream in streams:
            publisher = Publisher(stream, address, clock, Pace(None, None, give_up))
            outcome = publisher.run(partial(_advance, advance, before, goal))
            done.append((stream, outcome))
            if outcome.end is not End.DONE:
                break
            before += len(stream.ts_ns)
    return done


def _advance(advance: Callable[[int, int], None], before: int, goal: int, at: int, _: int) -> None:
    advance(before + at, goal)


def _summary(spooled: Spool, done: list[tuple[ImportedSite, Outcome]], output: Output) -> None:
    skipped = dict(sorted(spooled.skipped.items()))
    if output is Output.JSON:
        shown = [
            {
                "site": stream.site,
                "node": stream.node,
                "values": stream.spooled.rows,
                "messages": len(stream.ts_ns),
                "acked": outcome.confirmed,
                "acked_before": outcome.before,
                "refused": outcome.refused,
                "boot": stream.boot,
            }
            for stream, outcome in done
        ]
        print_json({"rows": spooled.rows, "skipped": skipped, "sites": shown})
        return
    for stream, outcome in done:
        typer.echo(
            f"{stream.site}: {stream.spooled.rows} values, {len(stream.ts_ns)} messages; "
            f"acknowledged {outcome.confirmed}, {outcome.before} of them before this run"
            + (f"; refused {outcome.refused}" if outcome.refused else "")
        )
    if skipped:
        words = ", ".join(f"{count} {word}" for word, count in skipped.items())
        typer.echo(f"left out, by source: {words}", err=True)
