from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ingest.native import MAX_PAYLOAD
from ingest.outbox import Outbox, PayloadTooLargeError
from ingest.outbox_quota import OutboxQuota
from podcore.errors import ConfigError, RoleTaken
from podcore.ports import Message

BOOT = "01JD0000000000000000000000"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox" / "ams-03.gw-1.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    box = Outbox(path, BOOT)
    yield box
    box.close()


@contextmanager
def outbox_of_its_own(quota: OutboxQuota) -> Iterator[Outbox]:
    with tempfile.TemporaryDirectory() as folder:
        box = Outbox(Path(folder) / "a.db", BOOT, quota)
        yield box
        box.close()


def test_a_new_file_takes_the_boot_given_and_holds_nothing(outbox: Outbox) -> None:
    assert (outbox.boot, outbox.first(), outbox.last()) == (BOOT, 1, 0)
    assert outbox.read(0, 10) == []


def test_payloads_are_numbered_from_one(outbox: Outbox) -> None:
    assert outbox.append(b"a") == 1
    assert outbox.append_many([b"b", b"c"]) == 3
    assert outbox.read(0, 10) == [Message(1, b"a"), Message(2, b"b"), Message(3, b"c")]
    assert outbox.read(1, 1) == [Message(2, b"b")]


def test_what_is_confirmed_goes_and_the_rest_stays(outbox: Outbox) -> None:
    outbox.append_many([b"a", b"b", b"c"])
    outbox.confirm(2)
    assert (outbox.first(), outbox.last()) == (3, 3)
    assert outbox.read(0, 10) == [Message(3, b"c")]


def test_an_older_confirmation_brings_nothing_back(outbox: Outbox) -> None:
    outbox.append_many([b"a", b"b", b"c"])
    outbox.confirm(2)
    outbox.confirm(1)
    assert outbox.first() == 3


def test_no_more_is_confirmed_than_was_held(outbox: Outbox) -> None:
    outbox.append(b"a")
    outbox.confirm(10)
    assert outbox.append(b"b") == 2


def test_boot_and_numbering_go_on_over_a_restart(path: Path) -> None:
    box = Outbox(path, BOOT)
    box.append_many([b"a", b"b"], recorded=True)
    box.confirm(2)
    box.close()
    again = Outbox(path, "01ANOTHER")
    assert (again.boot, again.first(), again.last(), again.recorded_up_to) == (BOOT, 3, 2, 2)
    assert again.append(b"c") == 3
    assert again.recorded_up_to == 2
    again.close()


def test_a_payload_that_nobody_would_take_is_refused_with_all_beside_it(outbox: Outbox) -> None:
    outbox.append(b"x" * MAX_PAYLOAD)
    with pytest.raises(PayloadTooLargeError, match=r"payload 2 of 2 is 262145 bytes.*fewer points"):
        outbox.append_many([b"a", b"x" * (MAX_PAYLOAD + 1)])
    assert outbox.last() == 1


def test_a_second_owner_of_the_file_is_refused(outbox: Outbox) -> None:
    code = (
        "import pathlib, sys, ingest.outbox as o, podcore.errors as e\n"
        "try: o.Outbox(pathlib.Path(sys.argv[1]), 'B')\n"
        "except e.RoleTaken as error: sys.exit(str(error))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(outbox.path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert RoleTaken.__name__ not in ended.stderr
    assert "another process sends from this outbox" in ended.stderr


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    box = Outbox(path, BOOT)
    box._connection.execute("PRAGMA user_version=99")  # noqa: SLF001 - as a newer version would
    box.close()
    with pytest.raises(ConfigError, match="newer PodTwin"):
        Outbox(path, BOOT)


@given(
    steps=st.lists(
        st.one_of(st.integers(1, 5), st.sampled_from(("confirm", "restart"))), max_size=20
    )
)
def test_whatever_the_order_nothing_unconfirmed_is_missing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int | str]
) -> None:
    file = tmp_path_factory.mktemp("box") / "o.db"
    box, count, confirmed = Outbox(file, BOOT), 0, 0
    for step in steps:
        if isinstance(step, int):
            box.append_many([str(count + n + 1).encode() for n in range(step)])
            count += step
        elif step == "confirm":
            confirmed = (confirmed + count + 1) // 2
            box.confirm(confirmed)
        else:
            box.close()
            box = Outbox(file, "other")
    held = box.read(0, 500)
    assert held == [
        Message(n, str(n).encode()) for n in range(min(confirmed, count) + 1, count + 1)
    ]
    box.close()


@contextmanager
def disk_that_refuses() -> Iterator[None]:
    """No file of this process may grow, or be written at all."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_disk_that_refuses_what_is_confirmed_is_kept_until_the_next_ack(
    outbox: Outbox,
) -> None:
    structlog.reset_defaults()
    outbox.append_many([b"1", b"2", b"3"])
    with capture_logs() as logs, disk_that_refuses():
        outbox.confirm(1)
        outbox.confirm(2)
    assert [entry["event"] for entry in logs] == ["outbox_not_trimmed"]
    assert outbox.first() == 1
    assert [message.seq for message in outbox.read(0, 500)] == [1, 2, 3]
    outbox.confirm(2)
    assert outbox.first() == 3


def test_on_a_disk_that_refuses_nothing_is_appended_and_no_number_is_lost(outbox: Outbox) -> None:
    outbox.append(b"1")
    with disk_that_refuses(), pytest.raises(sqlite3.OperationalError):
        outbox.append(b"2")
    assert outbox.append(b"2") == 2


_APPENDS_FOR_EVER = """
import pathlib, sys
from ingest.outbox import Outbox
box = Outbox(pathlib.Path(sys.argv[1]), sys.argv[2])
while True:
    last = box.last()
    box.append_many([str(last + n + 1).encode() for n in range(7)])
    if last % 3 == 0:
        box.confirm(last - 20)
    print(box.last(), flush=True)
"""


def test_a_kill_in_the_middle_of_appends_loses_nothing_that_was_appended(path: Path) -> None:
    said = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", _APPENDS_FOR_EVER, str(path), BOOT],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        for _ in range(20):
            said = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        said = int((rest.splitlines() or [str(said).encode()])[-1] or said)
        box = Outbox(path, "other")
        assert box.boot == BOOT
        assert box.last() >= said
        held = box.read(0, 500)
        assert [m.seq for m in held] == list(range(box.first(), box.last() + 1))
        assert all(m.payload == str(m.seq).encode() for m in held)
        box.close()


TEN = OutboxQuota(max_bytes=1_000)  # payloads of 100 bytes


def test_past_its_bytes_the_oldest_go_counted_and_the_newest_are_kept(path: Path) -> None:
    box = Outbox(path, BOOT, TEN)
    for number in range(25):
        box.append(bytes([number]) * 100)
    assert (box.last(), box.dropped, box.size_bytes) == (25, box.first() - 1, 900)
    assert [message.seq for message in box.read(0, 100)] == list(range(17, 26))
    box.close()


def test_past_its_age_the_oldest_go(path: Path) -> None:
    now_ns = [1]
    box = Outbox(path, BOOT, OutboxQuota(max_age_ns=100), lambda: now_ns[0])
    box.append_many([b"a", b"b"])
    now_ns[0] = 50
    box.append(b"c")
    now_ns[0] = 102
    box.append(b"d")
    assert (box.first(), box.dropped) == (3, 2)
    now_ns[0] = 10_000
    box.append(b"e")
    assert (box.first(), box.last(), box.dropped) == (5, 5, 4)
    box.close()


def test_what_was_given_up_is_remembered_over_a_restart(path: Path) -> None:
    box = Outbox(path, BOOT, TEN)
    box.append_many([b"x" * 100] * 9)
    box.append_many([b"y" * 100] * 9)
    box.close()
    again = Outbox(path, BOOT, TEN)
    assert (again.dropped, again.first(), again.last(), again.size_bytes) == (9, 10, 18, 900)
    again.close()


def test_giving_up_is_said_once_at_the_start_and_once_at_the_end(path: Path) -> None:
    with capture_logs() as said:
        box = Outbox(path, BOOT, TEN)
        for _ in range(30):
            box.append(b"x" * 100)
        box.confirm(box.last())
        box.close()
    assert [(each["event"], each["log_level"]) for each in said] == [
        ("outbox_full", "error"),
        ("outbox_has_room_again", "info"),
    ]
    assert said[1]["dropped"] == box.dropped > 0


def test_an_append_that_fails_gives_nothing_up(path: Path) -> None:
    box = Outbox(path, BOOT, TEN)
    box.append_many([b"x" * 100] * 9)
    with pytest.raises(PayloadTooLargeError):
        box.append_many([b"y" * 200, b"z" * (MAX_PAYLOAD + 1)])
    assert (box.first(), box.last(), box.dropped, box.size_bytes) == (1, 9, 0, 900)
    box.close()


def test_a_file_of_the_version_before_is_taken_over(path: Path) -> None:
    path.parent.mkdir()
    old = sqlite3.connect(path)
    old.executescript(
        "CREATE TABLE messages (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL);"
        "CREATE TABLE outbox (only INTEGER PRIMARY KEY CHECK (only = 1), boot TEXT NOT NULL,"
        "  confirmed INTEGER NOT NULL, recorded_up_to INTEGER NOT NULL);"
        "INSERT INTO outbox VALUES (1, '01JD0000000000000000000000', 4, 0);"
        "INSERT INTO messages VALUES (5, 'x'); PRAGMA user_version=1;"
    )
    old.close()
    box = Outbox(path, "01OTHER", OutboxQuota(max_age_ns=1), lambda: 10**18)
    box.append(b"y")
    assert (box.boot, box.first(), box.last(), box.dropped) == (BOOT, 5, 6, 0)
    box.close()


@given(st.lists(st.integers(1, 400), max_size=60), st.integers(500, 3_000), st.data())
def test_no_more_than_the_quota_waits_and_every_number_is_held_confirmed_or_counted(
    sizes: list[int], most: int, data: st.DataObject
) -> None:
    with outbox_of_its_own(OutboxQuota(max_bytes=most)) as box:
        confirmed = 0
        for size in sizes:
            box.append(b"x" * size)
            assert box.size_bytes <= most
            if data.draw(st.booleans()):
                up_to = data.draw(st.integers(0, box.last()))
                confirmed += max(0, up_to + 1 - box.first())
                box.confirm(up_to)
        held = len(box.read(0, 500))
        assert held + confirmed + box.dropped == len(sizes) == box.last()
        assert box.size_bytes == sum(len(each.payload) for each in box.read(0, 500))
