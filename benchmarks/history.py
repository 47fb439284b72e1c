"""The embedded history: sealing, size after compaction, and reads beside a writer.

    python -P benchmarks/history.py [--points 500] [--seconds 5] [--repeat 9] [--runs 3]

A writer, in a process of its own, commits messages of 500 points to a real log and seals them.
Reads come from this process, with files and logs that the writer goes on with. The values are
made up: a walk rounded to a tenth, of which a site of ten-second points has a day on disk. A year
of 38 such points is written as merged files, with their rollups.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import structlog

from ingest.log import SqliteLog, SqliteLogReader
from podcore.frame import Frame, Kind, ReadingBody, Source, encode_body
from podcore.ports import SeriesQuery
from podtwin.store import parquet
from podtwin.store.history import EmbeddedHistory
from podtwin.store.rolling import Roll
from podtwin.store.row_file import write_rows
from podtwin.store.rows import RowBuilder
from podtwin.store.sealer import Sealer
from podtwin.store.state import StateStore

NS = 1_000_000_000
DAY_NS = 86_400 * NS
HOUR_NS = 3_600 * NS
BEGIN_NS = 1_795_478_400 * NS  # 2026-11-24T00:00:00Z
SITE = "ams-03"
DAY_PERIOD_S = 10  # of the site of which a day is compacted
YEAR_POINTS = 38


@dataclass(frozen=True)
class Mark:
    """What is measured. goal : at most, or at least where `least`; None for a figure beside one."""

    name: str
    unit: str
    goal: float | None
    bound: str = ""
    least: bool = False

    def met(self, value: float) -> bool:
        """Whether a value reaches the goal."""
        return self.goal is None or (value >= self.goal if self.least else value <= self.goal)


MARKS = (
    Mark("committed and sealed", "points/s", 200_000, "the sync of a commit, the disk", least=True),
    Mark("committed and sealed, CPU", "us/point", None, "rows built from Frames, SQLite"),
    Mark("sealed", "bytes/point", None),
    Mark("merged", "bytes/point", 1.2, "the entropy of the values"),
    Mark("merged, with rollups", "bytes/point", None, "24 buckets a series and day"),
    Mark("merged, CPU", "us/point", None, "sorting text"),
    Mark("rolled up, CPU", "us/point", None, "decoding, one pass a width"),
    Mark("1 series x 24 h", "ms", 60, "decoding one row group of 524,288"),
    Mark("1 series x 24 h, CPU", "ms", None),
    Mark("200 series x 1 h", "ms", 100, "decoding the time of 200 points for a day"),
    Mark("200 series x 1 h, CPU", "ms", None),
    Mark("last values of the site", "ms", 5, "messages that wait in the log, up to 200"),
    Mark("last values of the site, CPU", "ms", None),
    Mark("1 series x 1 year by the hour, rollups", "ms", None, "opening a file a day"),
    Mark("1 series x 1 year by the hour, rollups, CPU", "ms", None),
    Mark("1 series x 1 year by the hour, rows", "ms", None, "decoding a row group a day"),
    Mark("1 series x 1 year by the hour, rows, CPU", "ms", None),
)
Figures = Iterator[tuple[str, float]]


@dataclass
class Data:
    """A data directory with its writer's side."""

    folder: Path

    def __post_init__(self) -> None:
        self.log = SqliteLog(self.folder / "log.db")
        self.derived = SqliteLog(self.folder / "derived.db", derived=True)
        self.state = StateStore(self.folder / "state.db")
        self.sealer = Sealer(self.folder, self.log, self.derived, self.state)

    def seal(self) -> None:
        """Seals what is due, and lets the log have what it is done with."""
        self.sealer.run_once()
        while self.log.trim(self.state.get("sealer/log")):
            pass

    def size(self, part: str = "history") -> int:
        """Bytes of the history, or of its rollups."""
        return sum(path.stat().st_size for path in (self.folder / part).rglob("*.parquet"))


def main() -> None:
    """All figures, one a line; ends with 1 when the median of one misses its goal."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5.0, help="of commits and seals")
    parser.add_argument("--repeat", type=int, default=9, help="reads of each kind, a run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--days", type=int, default=365, help="of the long range; 0 leaves it out")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        write_on(asked.write, asked.points)
        return
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="podtwin-bench-") as folder:
        if asked.days:
            write_year(Path(folder) / "year", asked.days)
        for run in range(asked.runs):
            for name, value in figures(Path(folder), run, asked):
                found.setdefault(name, []).append(value)
                print(
                    f"run {run + 1}, load {os.getloadavg()[0]:.1f}: {name} {value:,.2f}", flush=True
                )
    sys.exit(0 if report(found) else 1)


def figures(folder: Path, run: int, asked: argparse.Namespace) -> Figures:
    """One run of everything."""
    yield from sealing(folder / f"rate-{run}", asked.points, asked.seconds)
    data = Data(folder / f"day-{run}")
    yield from compaction(data, asked.points)
    yield from reads(data, asked.points, asked.repeat)
    if asked.days:
        yield from long_range(folder / "year", asked.days)


def report(found: dict[str, list[float]]) -> bool:
    """A line a mark: least, median, greatest of the runs, and its goal; whether all are met."""
    good = True
    for mark in MARKS:
        values = found.get(mark.name)
        if not values:
            continue
        middle = statistics.median(values)
        goal = "" if mark.goal is None else f"at {'least' if mark.least else 'most'} {mark.goal:,g}"
        good &= mark.met(middle)
        told = " ".join(f"{value:>11,.2f}" for value in (min(values), middle, max(values)))
        missed = "" if mark.met(middle) else "MISSED  "
        print(f"{mark.name:44} {told} {mark.unit:11} {goal:17} {missed}{mark.bound}".rstrip())
    return good


def sealing(folder: Path, points: int, seconds: float) -> Figures:
    """Points a second, committed one message at a time and sealed one after the other."""
    data, frames = Data(folder), messages(points, BEGIN_NS, 1)
    batch = [next(frames) for _ in range(2_000)]
    sealed, used_s = 0, time.process_time()
    began_s = time.perf_counter()
    while time.perf_counter() - began_s < seconds:
        for frame in batch:
            data.log.append([frame])
        data.sealer.run_once(force=True)
        sealed += points * len(batch)
    took_s, used_s = time.perf_counter() - began_s, time.process_time() - used_s
    yield "committed and sealed", sealed / took_s
    yield "committed and sealed, CPU", used_s / sealed * 1e6


def compaction(data: Data, points: int) -> Figures:
    """Bytes a point of a day, as sealed and as merged; the day stays."""
    rows = 0
    for frame in messages(points, BEGIN_NS, DAY_PERIOD_S):
        if frame.ts_ns >= BEGIN_NS + DAY_NS:
            break
        data.log.append([frame])
        rows += points
        if rows % 500_000 == 0:
            data.seal()
    data.sealer.run_once(force=True)
    yield "sealed", data.size() / rows
    data.log.append([tick(BEGIN_NS + DAY_NS + HOUR_NS)])
    data.sealer.run_once()
    used_s = time.process_time()
    while data.sealer.tend():
        pass
    both_s = time.process_time() - used_s
    yield "merged", data.size() / rows
    yield "merged, with rollups", (data.size() + data.size("rollups")) / rows
    used_s = time.process_time()
    (file,) = parquet.date_files(data.folder / "history", SITE, BEGIN_NS // DAY_NS).sealed
    roll(data.folder / "history", file)
    rolled_s = time.process_time() - used_s
    yield "merged, CPU", (both_s - rolled_s) / rows * 1e6
    yield "rolled up, CPU", rolled_s / rows * 1e6


def roll(root: Path, file: parquet.SealedFile) -> None:
    """Makes the rollups of a file."""
    work = Roll(root, file)
    while work.advance():
        pass


def reads(data: Data, points: int, repeat: int) -> Figures:
    """Milliseconds of each kind of read, beside a writer in another process."""
    command = [sys.executable, "-P", __file__, "--write", str(data.folder), "--points", str(points)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None  # noqa: S101 - it is a pipe
        writer.stdout.readline()
        try:
            history = opened(data.folder)
            names = [name(point) for point in range(points)]
            day, hour = BEGIN_NS + DAY_NS, BEGIN_NS + DAY_NS // 2
            kinds: dict[str, Callable[[], object]] = {
                "1 series x 24 h": lambda: history.frame(query(names[7:8], BEGIN_NS, day)),
                "200 series x 1 h": lambda: history.frame(query(names[:200], hour, hour + HOUR_NS)),
                "last values of the site": lambda: history.latest(SITE),
            }
            for kind, read in kinds.items():
                yield from timed(kind, read, repeat)
        finally:
            writer.kill()


def opened(folder: Path) -> EmbeddedHistory:
    """The history of a data directory, as another process opens it."""
    log = SqliteLogReader(folder / "log.db")
    return EmbeddedHistory(folder, log, SqliteLogReader(folder / "derived.db", derived=True))


def write_year(folder: Path, days: int) -> None:
    """Merged files with their rollups; every day says the same."""
    Data(folder)  # its logs
    builder, per_day = RowBuilder(), DAY_NS // NS // DAY_PERIOD_S
    frames = messages(YEAR_POINTS, BEGIN_NS, DAY_PERIOD_S)
    for _ in range(per_day):
        builder.add(next(frames))
    rows, root = builder.build(), folder / "history"
    for day in range(days):
        at = pl.duration(days=day, time_unit="ns")
        first, number = day * per_day + 1, BEGIN_NS // DAY_NS + day
        path = parquet.sealed_path(root, SITE, number, "log", first, first + per_day - 1)
        write_rows(rows.with_columns(pl.col("ts") + at, pl.col("seq") + first), path)
        roll(root, parquet.SealedFile(first, first + per_day - 1, "log", path))


def long_range(folder: Path, days: int) -> Figures:
    """One series of all days by the hour, from rollups, and from rows once they are away."""
    history, rollups = opened(folder), folder / "rollups"
    # As a person asks: neither end at a full hour.
    asked = query([name(7)], BEGIN_NS + 17 * NS, BEGIN_NS + days * DAY_NS - 17 * NS)

    def read() -> object:
        return pl.concat(list(history.bins(asked, HOUR_NS)))

    yield from timed("1 series x 1 year by the hour, rollups", read, 3)
    away = rollups.rename(folder / "away")
    yield from timed("1 series x 1 year by the hour, rows", read, 1)
    away.rename(rollups)


def timed(kind: str, read: Callable[[], object], repeat: int) -> Figures:
    """Milliseconds of a call, the medians."""
    walls, used = [], []
    for _ in range(repeat):
        began_s, used_s = time.perf_counter(), time.process_time()
        read()
        walls.append((time.perf_counter() - began_s) * 1e3)
        used.append((time.process_time() - used_s) * 1e3)
    yield kind, statistics.median(walls)
    yield f"{kind}, CPU", statistics.median(used)


def write_on(folder: Path, points: int) -> None:
    """Goes on with the next day, a message a second, as fast as 20 a second; until it is ended."""
    data = Data(folder)
    for count, frame in enumerate(messages(points, BEGIN_NS + DAY_NS, 1)):
        data.log.append([frame])
        if count % 200 == 0:
            data.seal()
            print(count, flush=True)
        time.sleep(0.05)


def messages(points: int, begin_ns: int, period_s: int) -> Iterator[Frame]:
    """Readings of all points at once, for ever."""
    chance = random.Random(1)  # noqa: S311 - values, not secrets
    names = [name(point) for point in range(points)]
    values = [20.0 + chance.random() * 10.0 for _ in names]
    at_ns, seq = begin_ns, 0
    while True:
        values = [value + chance.gauss(0.0, 0.03) for value in values]
        body = encode_body(ReadingBody(names, [round(value, 1) for value in values], None, None))
        recv_ns = at_ns + int(chance.lognormvariate(1.5, 0.6) * 1e6)
        yield Frame(
            0, Kind.READING, SITE, "gw-1", "", seq, at_ns, recv_ns, 0, Source.MEASURED, 0, body
        )
        at_ns, seq = at_ns + period_s * NS, seq + 1


def tick(recv_ns: int) -> Frame:
    """A second of log time."""
    return Frame(0, Kind.TICK, "", "", "", None, recv_ns, recv_ns, 0, Source.MEASURED, 0, b"")


def query(points: list[str], from_ns: int, to_ns: int) -> SeriesQuery:
    """Measured values of some points in a span."""
    return SeriesQuery(SITE, tuple(points), from_ns, to_ns)


def name(point: int) -> str:
    """A local id."""
    return f"rack-{point // 10:02}/inlet_temp_{point % 10}"


if __name__ == "__main__":
    main()
