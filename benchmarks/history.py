"""The embedded history: sealing, size after compaction, and reads beside a writer.

    python -P benchmarks/history.py [--points 500] [--seconds 5] [--repeat 9]

A writer, in a process of its own, commits messages of 500 points to a real log and seals them.
Reads come from this process, with files and logs that the writer goes on with. The values are
made up: a walk rounded to a tenth, of which a site of ten-second points has a day on disk.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from ingest.log import SqliteLog, SqliteLogReader
from podcore.frame import Frame, Kind, ReadingBody, Source, encode_body
from podcore.ports import SeriesQuery
from podtwin.store.history import EmbeddedHistory
from podtwin.store.sealer import Sealer
from podtwin.store.state import StateStore

NS = 1_000_000_000
DAY_NS = 86_400 * NS
BEGIN_NS = 1_795_478_400 * NS  # 2026-11-24T00:00:00Z
SITE = "ams-03"
DAY_PERIOD_S = 10  # of the site of which a day is compacted
LIMITS_MS = {"1 series x 24 h": 60.0, "200 series x 1 h": 100.0, "last values": 5.0}
MAX_BYTES, MIN_RATE = 1.2, 200_000.0


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

    def size(self) -> int:
        """Bytes of the history."""
        return sum(path.stat().st_size for path in self.folder.rglob("*.parquet"))


def main() -> None:
    """All figures, one a line; ends with 1 when one is past its limit."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5.0, help="of commits and seals")
    parser.add_argument("--repeat", type=int, default=9, help="reads of each kind")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        write_on(asked.write, asked.points)
        return
    with tempfile.TemporaryDirectory(prefix="podtwin-bench-") as folder:
        good = [sealing(Path(folder) / "rate", asked.points, asked.seconds)]
        data = Data(Path(folder) / "day")
        good.append(compaction(data, asked.points))
        good.extend(reads(data, asked.points, asked.repeat))
    sys.exit(0 if all(good) else 1)


def sealing(folder: Path, points: int, seconds: float) -> bool:
    """Points a second, committed one message at a time and sealed."""
    data, frames = Data(folder), messages(points, BEGIN_NS, 1)
    batch = [next(frames) for _ in range(2_000)]
    sealed, committing_s, sealing_s = 0, 0.0, 0.0
    while committing_s + sealing_s < seconds:
        began_s = time.perf_counter()
        for frame in batch:
            data.log.append([frame])
        committed_s = time.perf_counter()
        data.sealer.run_once(force=True)
        sealing_s += time.perf_counter() - committed_s
        committing_s += committed_s - began_s
        sealed += points * len(batch)
    rate = sealed / (committing_s + sealing_s)
    print(
        f"sealed: {rate:,.0f} points/s one after the other"
        f" (commits {sealed / committing_s:,.0f}, seals {sealed / sealing_s:,.0f})"
    )
    return rate >= MIN_RATE


def compaction(data: Data, points: int) -> bool:
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
    before, files = data.size(), len(list(data.folder.rglob("*.parquet")))
    data.log.append([tick(BEGIN_NS + DAY_NS + 3_600 * NS)])
    data.sealer.run_once()
    began_s, used_s = time.perf_counter(), time.process_time()
    while data.sealer.tend():
        pass
    took_s, used_s = time.perf_counter() - began_s, time.process_time() - used_s
    print(
        f"a day of {rows:,} points: {before / rows:.2f} bytes a point in {files} files, merged"
        f" {data.size() / rows:.2f}; {took_s:.1f} s, {used_s / rows * 1e6:.2f} us CPU a point"
    )
    return data.size() / rows <= MAX_BYTES


def reads(data: Data, points: int, repeat: int) -> Iterator[bool]:
    """Milliseconds of each kind of read, beside a writer in another process."""
    command = [sys.executable, "-P", __file__, "--write", str(data.folder), "--points", str(points)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None  # noqa: S101 - it is a pipe
        writer.stdout.readline()
        try:
            log = SqliteLogReader(data.folder / "log.db")
            derived = SqliteLogReader(data.folder / "derived.db", derived=True)
            history = EmbeddedHistory(data.folder, log, derived)
            names = [name(point) for point in range(points)]
            day, hour = BEGIN_NS + DAY_NS, BEGIN_NS + DAY_NS // 2
            kinds: dict[str, Callable[[], object]] = {
                "1 series x 24 h": lambda: history.frame(query(names[7:8], BEGIN_NS, day)),
                "200 series x 1 h": lambda: history.frame(
                    query(names[:200], hour, hour + 3_600 * NS)
                ),
                "last values": lambda: history.latest(SITE),
            }
            for kind, read in kinds.items():
                yield told(kind, [timed(read) for _ in range(repeat)])
        finally:
            writer.kill()


def told(kind: str, times_ms: list[float]) -> bool:
    """One line of one kind of read."""
    middle, limit = statistics.median(times_ms), LIMITS_MS[kind]
    print(f"{kind}: {min(times_ms):.1f} {middle:.1f} {max(times_ms):.1f} ms, limit {limit:.0f}")
    return middle <= limit


def timed(read: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    began_s = time.perf_counter()
    read()
    return (time.perf_counter() - began_s) * 1e3


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
