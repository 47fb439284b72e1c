"""`podtwin export`: ranges of points to a file, whatever their size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from podtwin.cli.histories import DataDirOption, HistoryOption, open_history
from podtwin.cli.query import (
    FromOption,
    PointsArgument,
    SourceOption,
    ToOption,
    find_queries,
)

if TYPE_CHECKING:
    from podcore.ports import Clock
    from podtwin.cli.export_job import Asked, ExportJob, Manifest
    from podtwin.cli.query import Histories

SUFFIXES = (".csv", ".parquet", ".arrows")
_INTERRUPTED = 130  # as a shell expects of a program that Ctrl-C ended


def export(
    points: PointsArgument,
    out: Annotated[
        Path, typer.Option(help=f"File; its ending says the form: {', '.join(SUFFIXES)}.")
    ],
    from_: FromOption = "now-24h",
    to: ToOption = "now",
    source: SourceOption = "measured",
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume/--restart", help="Go on with an export that was broken off, or begin anew."
        ),
    ] = None,
    data_dir: DataDirOption = None,
    history: HistoryOption = None,
) -> None:
    """Write values of points to a CSV, Parquet or Arrow stream file.

    A date of a site is a part; an export that was broken off keeps the parts it has.
    """
    from podcore.clock import SystemClock
    from podcore.errors import ConfigError
    from podtwin.cli.export_job import Asked, ExportJob
    from podtwin.cli.progress import progress_bar

    if out.suffix not in SUFFIXES:
        rule = f"the ending of the file says its form: {', '.join(SUFFIXES)}"
        raise ConfigError("--out", str(out), rule)
    if not out.parent.is_dir():
        raise ConfigError("--out", str(out), "there is no such folder", "make it first")
    held, _ = open_history(data_dir, history)
    job, clock = ExportJob(out), SystemClock()
    manifest = _manifest(job, held, Asked(tuple(points), from_, to, source), resume, clock)
    try:
        with progress_bar("exporting dates", clock) as advance:
            rows = job.run(held, manifest, advance)
    except KeyboardInterrupt:
        _interrupted(job, manifest)
    typer.echo(f"{out}: {rows} rows")


def _manifest(
    job: ExportJob, held: Histories, asked: Asked, resume: bool | None, clock: Clock
) -> Manifest:
    """That of an export that goes on, or of a new one."""
    from podcore.clock import rfc3339
    from podcore.errors import ConfigError
    from podtwin.cli.export_job import Manifest, clipped

    left = job.unfinished()
    if left is not None and resume is None:
        rule = f"an export begun at {rfc3339(left.began_ns)} is unfinished there"
        way_out = "--resume goes on with its points and times, --restart begins anew"
        raise ConfigError("--out", None, rule, way_out)
    if left is not None and resume:
        if left.asked != asked:
            words = " ".join(left.asked.points)
            rule = f"the export to go on with is of {words} from {left.asked.from_text}"
            rule += f" to {left.asked.to_text}, source {left.asked.sources}"
            raise ConfigError("--resume", None, rule, "ask for the same, or --restart")
        there = f"{job.done()} of {len(left.parts())} parts are there"
        typer.echo(f"goes on with the export begun at {rfc3339(left.began_ns)}: {there}", err=True)
        return left
    queries = find_queries(
        held, list(asked.points), (asked.from_text, asked.to_text), asked.sources
    )
    extents = [(query, held.extent(query.site)) for query in queries]
    wanted = tuple(clipped(query, extent) for query, extent in extents if extent is not None)
    manifest = Manifest(asked, clock.now_ns(), wanted)
    job.begin(manifest)
    return manifest


def _interrupted(job: ExportJob, manifest: Manifest) -> NoReturn:
    there = f"{job.done()} of {len(manifest.parts())} parts are there"
    typer.echo(f"interrupted: {there}; the same command with --resume goes on", err=True)
    raise typer.Exit(_INTERRUPTED)
