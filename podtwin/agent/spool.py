"""Long tables, one row a value, read in pieces and laid down site by site for random reading.

A file may be larger than the memory. It is read once from its beginning to its end, whatever its
form, and what is to be sent is laid down as Parquet parts in a folder of the caller's, each in
order of time. A block of messages is then a short span of time, read out of the few parts that
reach into it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from podcore.errors import ConfigError
from podcore.names import ID_RULE, POINT_RULE, is_id, is_local_id
from podtwin.agent.long_files import pieces_of
from podtwin.agent.times import times_of

MEASURED = "measured"
NO_VALUE = "no value"
_GROUP = 20_000  # rows a row group: what a block of 500 messages of 40 values spans
_MANY = 50  # steps of a point after which its period is known well enough

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a site in order of time, with its first and last time."""

    path: Path
    first_ns: int
    last_ns: int


@dataclass(slots=True)
class SpooledSite:
    """What the files hold of one site. period_s : of each point, the median of its first steps."""

    site: str
    parts: list[Part] = field(default_factory=list)
    period_s: dict[str, float] = field(default_factory=dict)
    points: set[str] = field(default_factory=set)
    rows: int = 0

    def times(self) -> pl.Series:
        """(n,) Int64: each time at which there is a value, ascending."""
        whole = pl.scan_parquet([part.path for part in self.parts]).select("ts").unique()
        return whole.sort("ts").collect(engine="streaming")["ts"]

    def between(self, first_ns: int, last_ns: int) -> pl.DataFrame:
        """The rows of a span, both ends included, by time, in the order of the files."""
        paths = [p.path for p in self.parts if p.first_ns <= last_ns and first_ns <= p.last_ns]
        wanted = pl.col("ts").is_between(first_ns, last_ns)
        return pl.scan_parquet(paths).filter(wanted).collect().sort("ts", maintain_order=True)


@dataclass(slots=True)
class Spool:
    """All sites of some files. skipped : rows left out, by their source or as `NO_VALUE`."""

    sites: dict[str, SpooledSite] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    rows: int = 0


def spool(
    files: Sequence[Path],
    folder: Path,
    only_site: str | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Spool:
    """Lays down what is measured in the files.

    Parameters
    ----------
    folder : empty, and kept as long as the result is used.
    only_site : of rows in files that have no column `site`.

    Raises
    ------
    ConfigError  When a file cannot be read, is no such table, or names what cannot be.
    """
    made = Spool()
    for file in files:
        for piece in pieces_of(file):
            _add(made, _measured(piece, file, only_site, made.skipped), folder)
            made.rows += piece.height
            progress(made.rows, made.rows)
    return made


def _measured(
    piece: pl.DataFrame, file: Path, only_site: str | None, skipped: Counter[str]
) -> pl.DataFrame:
    """Site, point, ts and value of the rows that are to be sent; the others are counted."""
    if "site" not in piece.columns and only_site is None:
        rule = "has no column site"
        raise ConfigError("FILE", str(file), rule, "say whose it is: --site ams-03")
    source = pl.col("source") if "source" in piece.columns else pl.lit(MEASURED)
    rows = piece.select(
        pl.col("site") if "site" in piece.columns else pl.lit(only_site).alias("site"),
        pl.concat_str("asset", "point", separator="/").alias("point"),
        times_of(piece["ts"], f"{file}: ts").ns.alias("ts"),
        pl.col("value").cast(pl.Float64, strict=False),
        source.cast(pl.String).alias("source"),
    )
    mine = rows.filter(pl.col("source") == MEASURED).drop("source")
    good = mine.filter(pl.col("value").is_finite() & pl.all_horizontal(pl.all().is_not_null()))
    others = rows.filter(pl.col("source").ne_missing(MEASURED))["source"].value_counts()
    skipped.update({str(word): int(count) for word, count in others.iter_rows()})
    if good.height < mine.height:
        skipped[NO_VALUE] += mine.height - good.height
    return good


def _add(made: Spool, rows: pl.DataFrame, folder: Path) -> None:
    for (name,), mine in rows.partition_by("site", as_dict=True, maintain_order=True).items():
        site = made.sites.get(str(name))
        if site is None:
            site = made.sites[str(name)] = SpooledSite(_checked_site(str(name)))
        part = mine.drop("site").sort("ts", maintain_order=True)
        path = folder / f"{site.site}.{len(site.parts)}.parquet"
        _check_points(set(part["point"].unique()) - site.points)
        part.write_parquet(path, compression="zstd", compression_level=1, row_group_size=_GROUP)
        site.parts.append(Part(path, part["ts"][0], part["ts"][-1]))
        site.points.update(part["point"].unique())
        site.rows += part.height
        site.period_s.update(_periods(part, site.period_s))


def _checked_site(site: str) -> str:
    if not is_id(site):
        raise ConfigError("site", site, ID_RULE, "the file is no export, or was changed since")
    return site


def _check_points(points: set[str]) -> None:
    for point in sorted(points):
        if not is_local_id(point):
            rule = f"a point is asset/point: {ID_RULE}; {POINT_RULE}"
            raise ConfigError("point", point, rule, "the file is no export, or was changed since")


def _periods(part: pl.DataFrame, known: Collection[str]) -> Iterator[tuple[str, float]]:
    steps = (
        part.filter(~pl.col("point").is_in(list(known)))
        .with_columns(pl.col("ts").diff().over("point").alias("step"))
        .filter(pl.col("step") > 0)
        .group_by("point")
        .agg(pl.col("step").head(_MANY).median())
    )
    for point, step in steps.iter_rows():
        yield str(point), max(round(step / 1e9, 3), 0.001)
