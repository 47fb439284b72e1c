from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.frames import NS, tick
from support.ingesting import NOON_NS, HandClock

from ingest.log import TRIM_CHUNK, SqliteLog
from ingest.retention import EVERY_S, KEEP_NS, KEEP_WHEN_LARGE_NS, LogRetention, Trimmer
from podcore.errors import NotWritten

HOUR_NS = 3_600 * NS
ALL_DONE = 10**9


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    """A log that got a Frame an hour, 30 of them; the last at noon."""
    log = SqliteLog(tmp_path / "log.db")
    log.append([tick(NOON_NS - hours * HOUR_NS) for hours in reversed(range(30))])
    yield log
    log.close()


class UpTo:
    """A retention that allows the same each time it is asked."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.asked = 0

    def trim_to(self, now_ns: int) -> int:
        self.asked += 1
        return self.offset


def test_rows_go_when_they_are_older_than_what_is_kept(log: SqliteLog) -> None:
    retention = LogRetention(log, lambda: ALL_DONE, KEEP_NS)
    assert retention.trim_to(NOON_NS) == 5  # received 25 to 29 h ago; that of 24 h ago stays
    assert retention.trim_to(NOON_NS - 6 * HOUR_NS) == 0
    assert retention.trim_to(NOON_NS + 1) == 6


@pytest.mark.parametrize(("done", "goes"), ((0, 0), (3, 3), (29, 5)))
def test_no_row_goes_before_the_slowest_reader_has_done_it(
    log: SqliteLog, done: int, goes: int
) -> None:
    assert LogRetention(log, lambda: done).trim_to(NOON_NS) == goes


def test_a_log_past_its_size_keeps_an_hour_and_never_what_is_not_done(log: SqliteLog) -> None:
    small = LogRetention(log, lambda: ALL_DONE, max_bytes=log.size_bytes())
    large = LogRetention(log, lambda: ALL_DONE, max_bytes=log.size_bytes() - 1)
    unread = LogRetention(log, lambda: 7, max_bytes=0)
    assert small.trim_to(NOON_NS) == 5
    assert large.trim_to(NOON_NS) == 28
    assert unread.trim_to(NOON_NS) == 7


def test_a_log_past_its_size_keeps_no_longer_than_it_was_told(log: SqliteLog) -> None:
    keep_ns = KEEP_WHEN_LARGE_NS // 2
    assert LogRetention(log, lambda: ALL_DONE, keep_ns, max_bytes=0).trim_to(NOON_NS) == 29


def test_an_empty_log_has_nothing_to_go(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    assert LogRetention(log, lambda: ALL_DONE, max_bytes=0).trim_to(NOON_NS) == 0
    log.close()


def test_a_trimmer_takes_a_chunk_a_call(tmp_path: Path) -> None:
    log, clock = SqliteLog(tmp_path / "log.db"), HandClock()
    log.append([tick(NOON_NS)] * (TRIM_CHUNK + 10))
    retention = UpTo(TRIM_CHUNK + 5)
    trim = Trimmer(log, retention, clock)
    clock.pass_s(EVERY_S)
    firsts = []
    for _ in range(3):
        trim()
        firsts.append(log.first_offset())
    assert firsts == [TRIM_CHUNK + 1, TRIM_CHUNK + 6, TRIM_CHUNK + 6]
    assert retention.asked == 1
    log.close()


def test_a_trimmer_looks_every_so_often_and_not_at_once(log: SqliteLog) -> None:
    clock, retention = HandClock(), UpTo(3)
    trim = Trimmer(log, retention, clock)
    trim()
    clock.pass_s(EVERY_S - 0.1)
    trim()
    assert (retention.asked, log.first_offset()) == (0, 1)
    clock.pass_s(0.1)
    trim()
    retention.offset = 8
    trim()
    assert (retention.asked, log.first_offset()) == (1, 4)
    clock.pass_s(EVERY_S)
    trim()
    assert (retention.asked, log.first_offset()) == (2, 9)


class FullDisk(SqliteLog):
    """A log whose disk refuses to delete until it is mended."""

    full = True

    def trim(self, up_to: int, limit: int = TRIM_CHUNK) -> int:
        if self.full:
            raise NotWritten("log.db: database or disk is full")
        return super().trim(up_to, limit)


def test_a_full_disk_is_survived_and_trimmed_at_a_later_look(tmp_path: Path) -> None:
    log, clock = FullDisk(tmp_path / "log.db"), HandClock()
    log.append([tick(NOON_NS)] * 5)
    trim = Trimmer(log, UpTo(3), clock)
    clock.pass_s(EVERY_S)
    trim()
    assert log.first_offset() == 1
    log.full = False
    clock.pass_s(EVERY_S)
    trim()
    assert log.first_offset() == 4
    log.close()
