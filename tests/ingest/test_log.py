from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, NS, command, reading, tick

from ingest.log import MAX_READ, SqliteLog, SqliteLogReader
from podcore.errors import ConfigError, NotWritten
from podcore.frame import Frame, Kind, Source


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.db")
    yield log
    log.close()


def frame(second: int, *, site: str = "ams-03", value: float = 1.0) -> Frame:
    return reading({"a/b": value}, MIDNIGHT_NS + second * NS, site=site, seq=second + 1)


def frames(count: int, start: int = 0) -> list[Frame]:
    return [frame(second) for second in range(start, start + count)]


def test_what_was_appended_is_read_in_order_with_offsets_from_one(log: SqliteLog) -> None:
    assert log.append(frames(3)) == 3
    assert log.read(0, 10) == [
        msgspec.structs.replace(one, offset=offset) for offset, one in enumerate(frames(3), 1)
    ]
    assert log.append(frames(2, start=3)) == 5


def test_a_read_goes_on_behind_its_cursor_and_stops_at_its_limit(log: SqliteLog) -> None:
    log.append(frames(5))
    assert [one.offset for one in log.read(2, 2)] == [3, 4]
    assert log.read(5, 2) == []


def test_a_read_is_bounded(log: SqliteLog) -> None:
    log.append(frames(MAX_READ + 1))
    assert len(log.read(0, 10 * MAX_READ)) == MAX_READ


def test_an_empty_log_has_no_last_offset_and_one_to_come(log: SqliteLog) -> None:
    assert (log.first_offset(), log.last_offset(), log.next_offset) == (1, 0, 1)
    assert log.read(0, 10) == []
    assert log.append([]) == 0


def test_what_is_written_beside_the_frames_is_there_with_them_or_not_at_all(
    log: SqliteLog,
) -> None:
    log.connection.execute("CREATE TABLE beside (x)")

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO beside VALUES (1)")
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(NotWritten, match=r"log\.db: database or disk is full"):
        log.append(frames(2), broken)
    assert log.read(0, 10) == []
    assert log.connection.execute("SELECT * FROM beside").fetchall() == []
    assert log.append(frames(2)) == 2  # the same offsets, once


def test_a_trim_takes_the_oldest_in_chunks_and_none_above(log: SqliteLog) -> None:
    log.append(frames(10))
    assert log.trim(6, limit=4) == 4
    assert log.first_offset() == 5
    assert log.trim(6, limit=4) == 2
    assert log.trim(6, limit=4) == 0
    assert [one.offset for one in log.read(0, 10)] == [7, 8, 9, 10]


def test_offsets_are_not_used_again_after_everything_was_trimmed(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.append(frames(4))
    log.trim(100)
    assert (log.first_offset(), log.last_offset()) == (5, 4)
    log.close()
    again = SqliteLog(tmp_path / "log.db")
    assert again.append(frames(1)) == 5
    again.close()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("atr"), st.integers(0, 5)), max_size=12))
def test_offsets_only_grow_whatever_is_trimmed_or_reopened(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.db"
    log = SqliteLog(path)
    last = 0
    for step, number in steps:
        if step == "a":
            assert log.append(frames(number)) == last + number
            last += number
        elif step == "t":
            log.trim(last - 1 + number % 2)
        else:
            log.close()
            log = SqliteLog(path)
        assert log.last_offset() == last
        assert log.first_offset() <= last + 1
        assert [one.offset for one in log.read(0, 100)] == list(range(log.first_offset(), last + 1))
    log.close()


def test_between_gives_readings_and_forecasts_of_a_site_by_time(log: SqliteLog) -> None:
    log.append(
        [
            frame(5),
            tick(MIDNIGHT_NS + 6 * NS),
            frame(7),
            frame(6),
            frame(6, site="cph-01"),
            command("ams-03", MIDNIGHT_NS + 6 * NS, cause=1),
            frame(8),
        ]
    )
    found = log.between("ams-03", MIDNIGHT_NS + 6 * NS, MIDNIGHT_NS + 8 * NS, 0)
    assert [one.offset for one in found] == [3, 4]
    assert [one.offset for one in log.between("ams-03", 0, 2**62, 4)] == [7]


def test_sites_are_those_with_readings(log: SqliteLog) -> None:
    log.append([frame(1, site="cph-01"), frame(1), tick(MIDNIGHT_NS), frame(2)])
    assert log.sites() == ["ams-03", "cph-01"]


def test_a_derived_frame_is_there_once_however_often_it_is_written(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "derived.db", derived=True)
    twin = msgspec.structs.replace(frame(1), source=Source.TWIN, cause=9)
    log.append([twin])
    log.append([twin, msgspec.structs.replace(twin, ts_ns=twin.ts_ns + NS)])
    assert [one.ts_ns - MIDNIGHT_NS for one in log.read(0, 10)] == [NS, 2 * NS]
    log.close()


def test_in_the_log_of_readings_two_frames_of_one_instant_both_stay(log: SqliteLog) -> None:
    log.append([frame(1), frame(1)])
    assert len(log.read(0, 10)) == 2


@pytest.mark.parametrize("opened", (SqliteLog, SqliteLogReader))
def test_a_file_of_a_newer_version_is_refused(
    tmp_path: Path, opened: type[SqliteLog | SqliteLogReader]
) -> None:
    SqliteLog(tmp_path / "log.db").close()
    connection = sqlite3.connect(tmp_path / "log.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigError, match=r"log\.db is 99: .* newer PodTwin; .* update PodTwin"):
        opened(tmp_path / "log.db")


def test_a_reader_may_be_there_before_the_writer(tmp_path: Path) -> None:
    reader = SqliteLogReader(tmp_path / "log.db")
    assert reader.read(0, 10) == []
    log = SqliteLog(tmp_path / "log.db")
    log.append(frames(2))
    assert [one.offset for one in reader.read(0, 10)] == [1, 2]
    reader.close()
    log.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    reader = SqliteLogReader(tmp_path / "log.db")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM frames")  # noqa: SLF001 -- the lock on the door
    reader.close()


def test_a_reader_holds_no_transaction_open_between_its_calls(tmp_path: Path) -> None:
    """An open one would keep the write-ahead log from being folded back."""
    log = SqliteLog(tmp_path / "log.db")
    log.append(frames(10))
    reader = SqliteLogReader(tmp_path / "log.db")
    reader.read(0, 3)
    busy, *_ = log.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    reader.close()
    log.close()


READ_ELSEWHERE = """
import sys
from pathlib import Path
from ingest.log import SqliteLogReader
print([frame.offset for frame in SqliteLogReader(Path(sys.argv[1])).read(0, 10)])
"""


def test_another_process_reads_what_is_committed(tmp_path: Path, log: SqliteLog) -> None:
    log.append(frames(3))
    done = subprocess.run(
        [sys.executable, "-c", READ_ELSEWHERE, str(tmp_path / "log.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[1, 2, 3]"


def test_rare_kinds_can_be_found(log: SqliteLog) -> None:
    log.append([frame(1), command("ams-03", MIDNIGHT_NS, cause=1), frame(2)])
    assert [one.offset for one in log.find(Kind.COMMAND)] == [2]


@pytest.mark.parametrize(("second", "offset"), ((0, 0), (1, 1), (3, 3), (99, 5)))
def test_the_age_of_frames_is_found_by_halves(log: SqliteLog, second: int, offset: int) -> None:
    log.append([msgspec.structs.replace(frame(n), recv_ns=MIDNIGHT_NS + n * NS) for n in range(5)])
    assert log.offset_received_before(MIDNIGHT_NS + second * NS) == offset


def test_the_size_falls_when_frames_go(log: SqliteLog) -> None:
    log.append(frames(2_000))
    before = log.size_bytes()
    log.trim(2_000)
    assert log.size_bytes() < before / 2


def test_a_reader_goes_on_in_the_file_that_its_writer_puts_in_the_place(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    log.append(frames(3))
    log.close()
    reader = SqliteLogReader(path)
    assert len(reader.read(0, 10)) == 3
    other = SqliteLog(tmp_path / "other.db")
    other.append(frames(5))
    other.connection.execute("PRAGMA journal_mode=DELETE")
    other.close()
    (tmp_path / "other.db").replace(path)
    assert [each.offset for each in reader.read(3, 10)] == [4, 5]
    reader.close()


def test_a_log_without_checksums_is_read_and_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    log.append(frames(2))
    log.connection.execute("ALTER TABLE frames DROP COLUMN crc")
    log.connection.execute("PRAGMA user_version=1")
    log.close()
    reader = SqliteLogReader(path)
    assert len(reader.read(0, 10)) == 2
    reader.close()
    log = SqliteLog(path)
    log.append(frames(1, start=2))
    assert log.connection.execute("SELECT crc IS NULL FROM frames").fetchall() == [(1,), (1,), (0,)]
    assert len(log.read(0, 10)) == 3
    log.close()


def test_a_row_that_does_not_fit_its_checksum_is_shown_to_nobody(log: SqliteLog) -> None:
    log.append(frames(3))
    log.connection.execute("UPDATE frames SET ts_ns = ts_ns + 1 WHERE offset = 2")
    assert [each.offset for each in log.read(0, 10)] == [1, 3]
    assert len(log.between("ams-03", 0, 2**62, 0)) == 2
