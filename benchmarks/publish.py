"""Files through the whole program: publish, store behind a real Mosquitto, and ask for all of it.

    python -P benchmarks/publish.py [FILE... --time COLUMN] [--rows N] [--columns C]

Without files a table is made: as many rows as four days at 30 s. Of files every column of numbers
is sent. What is timed is the command, from its start to its end, as a user waits for it; the
receiver runs already.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.ingest import mosquitto, wait_for

PODTWIN = str(Path(sys.executable).parent / "podtwin")
SPAN = ("--from", "2000-01-01T00:00:00Z", "--to", "2099-01-01T00:00:00Z")
START_S = 1_780_000_000


@dataclass(frozen=True)
class Published:
    """Files, and the flags that say what is in them."""

    files: tuple[Path, ...]
    time: str
    columns: tuple[str, ...]

    def arguments(self) -> list[str]:
        """What `podtwin publish` is given."""
        maps = [word for name in self.columns for word in ("--map", f"{name}={point(name)}:1")]
        return [*map(str, self.files), "--time", self.time, *maps]


def main() -> None:
    """Publish, query, publish again; ends with 1 when anything was lost."""
    asked = arguments()
    with (
        tempfile.TemporaryDirectory(prefix="podtwin-bench-") as folder,
        mosquitto(folder) as port,
        receiver(Path(folder), port),
    ):
        table = given(asked.files, asked.time) if asked.files else made(folder, asked)
        where = ("--site", "bench", "--node", "gw-1", "--broker", f"mqtt://127.0.0.1:{port}")
        command = ("publish", *table.arguments(), *where, "-o", "json")
        sent_s, said = timed(*command)
        sent = json.loads(said)
        queried_s, rows = timed("query", "bench/*", *SPAN, "--data-dir", folder, "-o", "csv")
        again_s, _ = timed(*command)
    found = rows.count(b"\n") - 1
    print(f"publish {sent['messages']} messages, {sent['points']} values  {sent_s:7.2f} s")
    print(f"  messages a second, values a second  {sent['messages'] / sent_s:7.0f}", end="")
    print(f" {sent['points'] / sent_s:9.0f}")
    print(f"query all {found} rows as CSV  {queried_s:7.2f} s  {found / queried_s:9.0f} rows/s")
    print(f"publish again, nothing to send  {again_s:7.2f} s")
    sys.exit(found != sent["points"] or sent["acked"] != sent["messages"])


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="CSV or Parquet")
    parser.add_argument("--time", default="timestamp", help="column of the time")
    parser.add_argument("--rows", type=int, default=11_520)
    parser.add_argument("--columns", type=int, default=14)
    return parser.parse_args()


def given(files: Sequence[Path], time_column: str) -> Published:
    """Every column of numbers of some files."""
    names: dict[str, None] = {}
    for file in files:
        schema = pl.read_parquet_schema(file) if file.suffix == ".parquet" else csv_schema(file)
        names |= dict.fromkeys(
            name for name, dtype in schema.items() if dtype.is_numeric() and name != time_column
        )
    return Published(tuple(files), time_column, tuple(names))


def csv_schema(file: Path) -> pl.Schema:
    """Columns and their types."""
    return pl.scan_csv(file).collect_schema()


def made(folder: str, asked: argparse.Namespace) -> Published:
    """A table of different numbers, 30 s apart."""
    columns = {
        f"c{c}": [round(20.0 + c + row * 0.001, 3) for row in range(asked.rows)]
        for c in range(asked.columns)
    }
    times = pl.Series("timestamp", [START_S + 30 * row for row in range(asked.rows)])
    path = Path(folder) / "made.parquet"
    pl.DataFrame({"timestamp": pl.from_epoch(times), **columns}).write_parquet(path)
    return Published((path,), "timestamp", tuple(columns))


def point(column: str) -> str:
    """The point that a column fills."""
    return "bench/" + re.sub(r"[^a-z0-9_]", "_", f"c_{column}".lower())


@contextmanager
def receiver(folder: Path, port: int) -> Iterator[None]:
    """`podtwin run` behind the broker, once it is ready."""
    log = folder / "run.err"
    command = [PODTWIN, "run", "--broker", f"mqtt://127.0.0.1:{port}", "--port", "0"]
    with log.open("wb") as err:
        process = subprocess.Popen([*command, "--data-dir", str(folder)], stderr=err)
    try:
        wait_for(lambda: b"podtwin_running" in log.read_bytes(), "the receiver")
        yield
    finally:
        process.terminate()
        process.wait(30)


def timed(*command: str) -> tuple[float, bytes]:
    """Seconds that a command takes, and what it prints."""
    started = time.perf_counter()
    ended = subprocess.run([PODTWIN, *command], check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - started, ended.stdout


if __name__ == "__main__":
    main()
