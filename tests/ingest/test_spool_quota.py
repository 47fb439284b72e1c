from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.frames import NS, tick
from support.ingesting import NOON_NS, HandClock

from ingest.log import SqliteLog
from ingest.spool_quota import (
    LOOK_S,
    Disk,
    Gate,
    Limit,
    Limits,
    Spool,
    SpoolQuota,
    is_scarce,
    passed,
    reason,
    reserve_bytes,
    way_out,
)

GB = 1_000_000_000
ROOMY = Disk(1_000 * GB, 900 * GB)
LIMITS = Limits(max_bytes=10 * GB, max_age_ns=100 * NS, reserve_bytes=GB)
READER = "forward/influx/log"


def spool(
    used: int = GB, *, unused: int = 0, disk: Disk = ROOMY, oldest_ns: int | None = None
) -> Spool:
    return Spool(used, unused, disk, READER, 7, oldest_ns)


@pytest.mark.parametrize(
    ("held", "limit"),
    (
        (spool(), None),
        (spool(10 * GB), None),
        (spool(10 * GB + 1), Limit.BYTES),
        (spool(disk=Disk(1_000 * GB, GB)), None),
        (spool(disk=Disk(1_000 * GB, GB - 1)), Limit.DISK),
        (spool(disk=Disk(1_000 * GB, 0), unused=GB), None),
        (spool(oldest_ns=NOON_NS - 100 * NS), None),
        (spool(oldest_ns=NOON_NS - 101 * NS), Limit.AGE),
    ),
)
def test_each_limit_is_kept_and_freed_pages_are_room(held: Spool, limit: Limit | None) -> None:
    assert passed(LIMITS, held, NOON_NS, already=False) is limit


def test_it_takes_some_room_before_it_ends() -> None:
    for held in (
        spool(10 * GB - 1),
        spool(disk=Disk(1_000 * GB, GB + 1)),
        spool(oldest_ns=NOON_NS - 99 * NS),
    ):
        assert passed(LIMITS, held, NOON_NS, already=False) is None
        assert passed(LIMITS, held, NOON_NS, already=True) is not None
    assert passed(LIMITS, spool(10 * GB - 64_000_000), NOON_NS, already=True) is None


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**40), st.booleans())
def test_what_ends_it_never_begins_it(used: int, unused: int, free: int, already: bool) -> None:
    held = spool(used, unused=unused, disk=Disk(2**41, free))
    if passed(LIMITS, held, NOON_NS, already=True) is None:
        assert passed(LIMITS, held, NOON_NS, already=already) is None


def test_a_small_disk_leaves_a_twentieth_and_no_reserve_is_none() -> None:
    small = Disk(64_000_000, 0)
    assert reserve_bytes(LIMITS, small) == 3_200_000
    assert passed(Limits(reserve_bytes=0), spool(disk=small), NOON_NS, already=False) is None


def test_room_is_scarce_before_it_is_gone() -> None:
    assert not is_scarce(LIMITS, spool(9 * GB))
    assert is_scarce(LIMITS, spool(9 * GB + 1))
    assert is_scarce(LIMITS, spool(disk=Disk(1_000 * GB, 2 * GB - 1)))


@pytest.mark.parametrize(
    ("limit", "says", "ends"),
    (
        (Limit.BYTES, "the log holds 1 GB, and its quota is 10 GB (log.quota_bytes)", "raise"),
        (Limit.DISK, "the disk has 900 GB left", "free disk space"),
        (Limit.AGE, "since 2026-11-24T12:00:00Z", "raise log.quota"),
    ),
)
def test_the_reason_names_the_setting_and_the_way_out_the_reader(
    limit: Limit, says: str, ends: str
) -> None:
    held = spool(oldest_ns=NOON_NS)
    assert says in reason(limit, LIMITS, held)
    assert f"kept for {READER}, which has 7 frames to read" in way_out(limit, held)
    assert ends in way_out(limit, held)
    assert "kept for" not in way_out(limit, Spool(GB, 0, ROOMY))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.db")
    log.append([tick(NOON_NS + number * NS) for number in range(10)])
    yield log
    log.close()


def test_it_is_the_reader_furthest_behind_that_counts(log: SqliteLog) -> None:
    cursors, clock = {"engine": 9, READER: 4}, HandClock()
    quota = SpoolQuota(log, ("engine", READER), lambda: cursors, lambda: ROOMY, clock)
    found = quota.spool
    assert (found.reader, found.unread, found.oldest_ns) == (READER, 6, NOON_NS + 4 * NS)
    cursors[READER] = 10
    assert quota.look().reader == READER  # not before it is due
    clock.pass_s(LOOK_S)
    assert (quota.look().reader, quota.look().unread) == ("engine", 1)


def test_rows_that_go_leave_pages_that_count_as_room(log: SqliteLog) -> None:
    log.append([tick(NOON_NS)] * 5_000)
    used = log.size_bytes()
    log.trim(5_010)
    assert log.unused_bytes() > 0
    assert log.size_bytes() + log.unused_bytes() == used


def test_it_is_said_once_at_the_start_and_once_at_the_end_with_how_long(log: SqliteLog) -> None:
    clock, cursors = HandClock(), {READER: 0}
    limits = Limits(max_age_ns=5 * NS)
    gate = Gate(SpoolQuota(log, (READER,), lambda: cursors, lambda: ROOMY, clock, limits), clock)
    with capture_logs() as said:
        for _ in range(40):
            clock.pass_s(LOOK_S)
            gate.shut()
        assert gate.shut()
        assert gate.limit is Limit.AGE
        cursors[READER] = 10
        clock.pass_s(LOOK_S)
        assert not gate.shut()
    assert [each["event"] for each in said] == ["log_full", "log_has_room_again"]
    assert said[0]["limit"] == "age"
    assert READER in said[0]["way_out"]
    assert said[1]["held_s"] == 35.0
    assert gate.why == ""
