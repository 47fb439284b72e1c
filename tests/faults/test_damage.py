"""Files damaged while nobody runs: the next start goes on, and no wrong value is shown.

The table is published anew each time: what a log has lost is asked for again, since the numbers
in its holes are no longer taken as seen.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from support.fault_ledger import Cost, Tell
from support.frames import MIDNIGHT_NS, NS, reading
from support.history import assert_holds, query
from support.history_files import Data, everything
from support.ingesting import BOOT, NOON_NS, Ingest, air_site, topic
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.published import frames, ledger, start_publishing
from support.tables import Rows, write_rows

from ingest.ledger import Ledger
from ingest.log_salvage import mend
from ingest.native import encode_birth, encode_telemetry
from podcore.frame import READING, BirthPoint

ROWS = 4_000
FEW_ROWS = 1_000
_PAGE = 4_096


def torn_last_page(content: bytearray) -> None:
    """The last page was written by half."""
    content[-_PAGE // 2 :] = b"\0" * (_PAGE // 2)


def cut_short(content: bytearray) -> None:
    """The end never reached the disk."""
    del content[len(content) * 3 // 4 + 100 :]


def bits_flipped(content: bytearray) -> None:
    """Forty single bits, anywhere but in the first page."""
    chance = random.Random(40)
    for _ in range(40):
        content[chance.randrange(_PAGE, len(content))] ^= 1 << chance.randrange(8)


def pages_overwritten(content: bytearray) -> None:
    """Ten pages of something else, in the middle."""
    middle = len(content) // 2 // _PAGE * _PAGE
    content[middle : middle + 10 * _PAGE] = random.Random(10).randbytes(10 * _PAGE)


def no_database(content: bytearray) -> None:
    """Something else altogether."""
    content[:] = b"nothing of ours" * (len(content) // 15)


DAMAGES = (torn_last_page, cut_short, bits_flipped, pages_overwritten, no_database)


def damaged(log: Path, damage: Callable[[bytearray], None]) -> bytes:
    """Damages a log that nobody has open; what is then in the file."""
    with contextlib.closing(sqlite3.connect(log)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(log.read_bytes())
    damage(content)
    log.write_bytes(content)
    return bytes(content)


def sent(folder: Path) -> Ledger:
    """An ingest to which a sender that holds everything sends from the confirmed number on."""
    ingest = Ingest(folder, air_site())
    points = (BirthPoint("rack-01/it_power", "power", "W", 1.0),)
    ingest.send(topic("birth"), encode_birth(BOOT, NOON_NS, 1, recorded=True, points=points))
    ingest.writer.round()
    confirmed = ingest.told.acks[-1].seq
    for seq in range(confirmed + 1, ROWS + 1):
        values = {"rack-01/it_power": float(seq)}
        ingest.send(topic(), encode_telemetry(BOOT, seq, NOON_NS - (ROWS - seq) * NS, values))
    return ingest.finish()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_log_is_set_aside_and_the_sender_fills_its_holes(
    tmp_path: Path, damage: Callable[[bytearray], None], tell: Tell
) -> None:
    sent(tmp_path)
    content = damaged(tmp_path / "log.db", damage)
    salvage = mend(tmp_path / "log.db", at_least=ROWS)
    assert salvage is not None
    gone = ROWS - len({frame.seq for frame in frames(tmp_path)})
    settled = sent(tmp_path)
    found = frames(tmp_path)
    right = {f.seq for f in found if READING.decode(f.body).values == [float(f.seq or 0)]}
    name = f"log.db: {(damage.__doc__ or '').rstrip('.').lower()} ({gone:,} gone from it)"
    tell(Cost(name, ROWS, len(right), settled.duplicate, settled.dead))
    assert salvage.aside.read_bytes() == content
    assert gone > 0  # something was hit, or this shows nothing
    assert right == set(range(1, ROWS + 1))
    assert len({frame.offset for frame in found}) == len(found)


def test_the_program_starts_on_a_damaged_log_and_says_so(
    programs: Programs, broker: Mosquitto, tmp_path: Path, tell: Tell
) -> None:
    rows = write_rows(tmp_path / "rows.parquet", FEW_ROWS, 2)
    publish(programs, broker, rows)
    damaged(tmp_path / "data" / "log.db", pages_overwritten)
    running = publish(programs, broker, rows)
    assert running.logged("damaged_log_set_aside")["frames_saved"] < FEW_ROWS
    held = len({frame.seq for frame in frames(tmp_path / "data")})
    settled = ledger(tmp_path / "data")
    assert settled is not None
    name = "damaged log.db under the whole program, a file published again"
    tell(Cost(name, FEW_ROWS, held, settled.duplicate, settled.dead))
    assert_holds(query(programs, "data", "lab-01/*/air_temp"), rows)


def publish(programs: Programs, broker: Mosquitto, rows: Rows) -> Program:
    """Runs all of podtwin until the table is acknowledged, and ends it in order."""
    where = ("--broker", broker.url, "--data-dir", "data", "--port", 0, "-o", "json")
    running = programs.start("run", *where)
    publishing = start_publishing(programs, broker, rows).wait(within_s=100.0)
    assert publishing.code == 0, publishing.err
    assert running.interrupt().code == 0
    return running


COUNT = 2_000


@pytest.mark.parametrize("trimmed", (False, True), ids=("log has it", "log trimmed"))
@pytest.mark.parametrize("flip", (True, False), ids=("bit flipped", "torn"))
def test_a_damaged_file_of_the_history_is_set_apart_and_written_again_while_the_log_has_it(
    tmp_path: Path, trimmed: bool, flip: bool, tell: Tell
) -> None:
    data = Data(tmp_path)
    for part in range(2):
        span = range(part * COUNT // 2, (part + 1) * COUNT // 2)
        data.seal(*(reading({"a/b": float(n)}, MIDNIGHT_NS + n * NS, seq=n) for n in span))
    if trimmed:
        data.trim()
    (path, *_) = sorted((tmp_path / "history").glob("site=*/date=*/*.parquet"))
    content = bytearray(path.read_bytes())
    if flip:
        content[len(content) // 2] ^= 16
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    data.history().frame(everything("ams-03"))  # a reader notices, unless the bit can be decoded
    data.start()
    for _ in range(3):
        data.add(reading({"a/b": 0.0}, MIDNIGHT_NS + 30 * 3_600 * NS, seq=COUNT))
        data.tend()
    found = data.history().frame(everything("ams-03"))
    right = sum(row["value"] == n for n, row in rows_by_second(found).items() if n < COUNT)
    name = f"Parquet file {'with a flipped bit' if flip else 'torn'}"
    tell(Cost(f"{name}, {'log trimmed' if trimmed else 'log still there'}", COUNT, right))
    assert list((tmp_path / "history" / ".quarantine").rglob("*.damaged"))
    assert right == (COUNT // 2 if trimmed else COUNT)
    assert found.height - 1 == right  # and nothing that is wrong


def rows_by_second(found: pl.DataFrame) -> dict[int, dict[str, float]]:
    """Rows by their second of the day."""
    seconds = (found["ts"].dt.epoch("s") - MIDNIGHT_NS // NS).to_list()
    return dict(zip(seconds, found.to_dicts(), strict=True))
