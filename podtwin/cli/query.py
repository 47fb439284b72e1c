"""`podtwin query`, and how `export` too finds points and times in a data directory."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podtwin.cli.histories import DataDirOption, HistoryOption, open_history

if TYPE_CHECKING:
    import polars as pl

    from podcore.frame import Source
    from podcore.ports import SeriesQuery
    from podtwin.store.history import EmbeddedHistory
    from podtwin.store.influx_history import InfluxHistory

    Histories = EmbeddedHistory | InfluxHistory

MAX_TABLE_ROWS = 1_000  # what a person reads on a terminal; the other forms have no bound


class Form(enum.StrEnum):
    """The form of a result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


PointsArgument = Annotated[
    list[str], typer.Argument(help="site/asset/point; * stands for any, as ams-03/*/inlet_temp.")
]
FromOption = Annotated[str, typer.Option("--from", help="now-1h, RFC 3339 or Unix ms.")]
ToOption = Annotated[str, typer.Option("--to", help="Not included.")]
SourceOption = Annotated[str, typer.Option(help="measured, twin, or both with a comma.")]


def query(
    points: PointsArgument,
    from_: FromOption = "now-1h",
    to: ToOption = "now",
    step: Annotated[str | None, typer.Option(help="Bin width as 10s, 5m; rows by default.")] = None,
    agg: Annotated[
        str | None,
        typer.Option(help="mean, min, max, last or count of a bin; by the point's kind if unset."),
    ] = None,
    source: SourceOption = "measured",
    data_dir: DataDirOption = None,
    history: HistoryOption = None,
    output: Annotated[Form, typer.Option("--output", "-o", help="Form of the data.")] = Form.TABLE,
) -> None:
    """Print values of points. Relative times count from the newest value of each site."""
    held, folder = open_history(data_dir, history)
    span = (from_, to)
    if step is None:
        rows = read_pieces(held, points, span, source)
    else:
        step_ns, wanted = _step(step), _agg(agg, _gauges(folder))
        rows = _binned(held, find_queries(held, points, span, source), step_ns, wanted)
    _print(rows, output)


def read_pieces(
    history: Histories, patterns: list[str], span: tuple[str, str], sources: str
) -> Iterator[pl.DataFrame]:
    """The rows of the points, site by site, in pieces ascending in time."""
    for wanted in find_queries(history, patterns, span, sources):
        yield from history.frames(wanted)


def find_queries(
    history: Histories, patterns: list[str], span: tuple[str, str], sources: str
) -> list[SeriesQuery]:
    """What the patterns name, one query a site; relative times count from its newest value.

    Raises
    ------
    ConfigError  When they name nothing, or a time or a source is none.
    """
    from podcore.ports import SeriesQuery

    chosen = _sources(sources)
    queries = []
    known = history.sites()
    for site in known:
        extent = history.extent(site)
        if extent is None:
            continue
        local = _matching(history, site, patterns)
        if local:
            # Half open: the newest row belongs to `now`.
            now_ns = extent[1] + 1
            from_ns, to_ns = _time("--from", span[0], now_ns), _time("--to", span[1], now_ns)
            queries.append(SeriesQuery(site, tuple(sorted(local)), from_ns, to_ns, chosen))
    if not queries:
        raise _nothing(history, patterns, known)
    return queries


def _matching(history: Histories, site: str, patterns: list[str]) -> set[str]:
    from fnmatch import fnmatchcase

    mine = [
        local
        for head, _, local in (pattern.partition("/") for pattern in patterns)
        if fnmatchcase(site, head)
    ]
    if not mine:
        return set()
    points = {latest.point for latest in history.latest(site)}
    return {point for point in points if any(fnmatchcase(point, local or "*") for local in mine)}


def _nothing(history: Histories, patterns: list[str], sites: list[str]) -> Exception:
    from podcore.errors import ConfigError
    from podcore.names import did_you_mean

    every = [f"{site}/{latest.point}" for site in sites for latest in history.latest(site)]
    return ConfigError(
        "POINTS",
        " ".join(patterns),
        "match no point that holds a value",
        did_you_mean(patterns[0], every),
    )


def _sources(text: str) -> tuple[Source, ...]:
    from podcore.errors import ConfigError
    from podcore.frame import Source
    from podcore.names import did_you_mean

    words = {source.word: source for source in Source}
    for word in text.split(","):
        if word not in words:
            raise ConfigError("--source", word, "is no source", did_you_mean(word, words))
    return tuple(words[word] for word in text.split(","))


def _time(place: str, text: str, now_ns: int) -> int:
    from podcore.errors import ConfigError
    from podtwin.api.times import parse_time

    try:
        return parse_time(text, now_ns)
    except ValueError as error:
        raise ConfigError(place, text, str(error)) from None


def _gauges(data_dir: Path) -> list[str] | None:
    """The ids of all gauges that the registry knows; None without a log, in which it lives."""
    from ingest.log import SqliteLogReader
    from ingest.registry_store import load_sites
    from podcore.quantity import PointKind

    if not (data_dir / "log.db").exists():
        return None
    reader = SqliteLogReader(data_dir / "log.db")
    try:
        sites = load_sites(reader.connection)
    finally:
        reader.close()
    return [
        f"{site.id}/{point.id}"
        for site in sites
        for point in site.points
        if point.kind is PointKind.GAUGE
    ]


def _step(text: str) -> int:
    from podcore.errors import ConfigError
    from podtwin.api.times import parse_span

    try:
        return parse_span(text)
    except ValueError as error:
        raise ConfigError("--step", text, str(error)) from None


def _agg(text: str | None, gauges: list[str] | None) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """How bins become rows."""
    from podcore.errors import ConfigError
    from podcore.names import did_you_mean
    from podtwin.api.aggregate import Agg, finish, finish_as_is_usual

    words = [each.value for each in Agg]
    if text is not None and text not in words:
        raise ConfigError("--agg", text, "is no aggregate", did_you_mean(text, words))
    if text is not None:
        return partial(finish, agg=Agg(text))
    if gauges is None:
        rule = "without a log.db nothing says which points are gauges and which counters"
        raise ConfigError("--agg", None, rule, f"name one of {', '.join(words)}")
    return partial(finish_as_is_usual, gauges=gauges)


def _binned(
    history: Histories,
    queries: list[SeriesQuery],
    step_ns: int,
    finished: Callable[[pl.DataFrame], pl.DataFrame],
) -> Iterator[pl.DataFrame]:
    import polars as pl

    bins = [part for wanted in queries for part in history.bins(wanted, step_ns)]
    if bins:
        yield finished(pl.concat(bins))


def _print(pieces: Iterator[pl.DataFrame], form: Form) -> None:
    from podtwin.api import formats

    if form is Form.CSV:
        for part in formats.csv_parts(pieces):
            sys.stdout.buffer.write(part)
    elif form is Form.PARQUET:
        sys.stdout.buffer.write(formats.parquet_bytes(pieces))
    elif form is Form.JSON:
        _print_json(pieces)
    else:
        _print_table(pieces)
    sys.stdout.flush()


def _print_json(pieces: Iterator[pl.DataFrame]) -> None:
    """One object a line, so that a long range needs no memory."""
    for piece in pieces:
        sys.stdout.write(piece.write_ndjson())


def _print_table(pieces: Iterator[pl.DataFrame]) -> None:
    shown = 0
    for piece in pieces:
        for row in piece.iter_rows(named=True):
            if shown >= MAX_TABLE_ROWS:
                typer.echo(f"the first {MAX_TABLE_ROWS} rows; -o csv gives all", err=True)
                return
            name = f"{row['site']}/{row['asset']}/{row['point']}"
            at = f"{row['ts']:%Y-%m-%dT%H:%M:%S.%f}Z"
            typer.echo(f"{at}  {name:40}  {row['source']:8}  {row['value']:.6g}")
            shown += 1
    if not shown:
        typer.echo("no values in that range", err=True)
