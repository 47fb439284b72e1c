"""A log on its way to a sink, whatever breaks off and wherever."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, NS, reading
from support.memory_log import MemoryLog
from support.memory_sink import MemoryBook, MemorySink

from ingest.forwarder import MAX_LINE, READ_LIMIT, Forwarder
from podcore.errors import NotWritten, Unreachable
from podcore.frame import Frame
from podcore.ports import WriteRefused


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


class Path:
    """A log, a sink and a book that outlive the process between them."""

    def __init__(self, frames: int = 0) -> None:
        self.log = MemoryLog()
        self.sink = MemorySink()
        self.book = MemoryBook()
        self.append(frames)
        self.forwarder = self.start()

    def append(self, frames: int) -> None:
        at = MIDNIGHT_NS + self.log.last_offset() * NS
        self.log.append([reading({"meter-1/power": 1.0}, at + n * NS) for n in range(frames)])

    def start(self) -> Forwarder:
        self.forwarder = Forwarder("log", self.log, "influx", self.sink, self.book)
        return self.forwarder


CURSOR = "forward/influx/log"


def test_frames_reach_the_sink_and_then_the_cursor_moves() -> None:
    path = Path(5)
    assert path.forwarder.advance() == 5
    assert sorted(path.sink.frames) == [1, 2, 3, 4, 5]
    assert path.book.cursors == {CURSOR: 5}
    assert (path.forwarder.frames, path.forwarder.lag) == (5, 0)


def test_at_the_end_nothing_is_written() -> None:
    path = Path()
    assert path.forwarder.advance() == 0
    assert path.sink.writes == 0
    assert path.book.cursors == {}


def test_reads_are_bounded_and_go_on_where_they_ended() -> None:
    path = Path(READ_LIMIT + 3)
    assert path.forwarder.advance() == READ_LIMIT
    assert path.forwarder.lag == 3
    assert path.forwarder.advance() == 3
    assert len(path.sink.frames) == READ_LIMIT + 3


def test_while_the_sink_is_away_nothing_moves() -> None:
    path = Path(5)
    path.sink.failures.append(Unreachable("away"))
    with pytest.raises(Unreachable):
        path.forwarder.advance()
    assert path.book.cursors == {}
    path.append(2)
    path.forwarder.look()
    assert path.forwarder.lag == 7
    assert path.forwarder.advance() == 7


def test_what_is_refused_is_kept_with_where_it_came_from_and_the_rest_goes_on() -> None:
    path = Path(5)
    path.sink.refused = {2, 4}
    path.forwarder.advance()
    assert [each.offset for each in path.book.refused] == [2, 4]
    first = path.book.refused[0]
    assert (first.sink, first.log, first.site, first.node) == ("influx", "log", "ams-03", "gw-1")
    assert (first.reason, first.line, first.size) == ("bucket retention", "line 2", 6)
    assert first.ts_ns == MIDNIGHT_NS + 1 * NS
    assert first.whole
    assert path.book.cursors == {CURSOR: 5}


def test_of_a_long_line_the_beginning_is_kept_and_its_size() -> None:
    class Long(MemorySink):
        def write(self, frames: Sequence[Frame]) -> list[WriteRefused]:
            return [WriteRefused(frames[0].offset, "too large", "", "x" * 10_000)]

    path = Path(1)
    path.sink = Long()
    path.start().advance()
    (kept,) = path.book.refused
    assert (len(kept.line), kept.size, kept.whole) == (MAX_LINE, 10_000, False)


def test_a_log_that_was_replaced_is_read_from_its_beginning() -> None:
    path = Path(3)
    path.book.cursors[CURSOR] = 500
    assert path.start().advance() == 3
    assert path.book.cursors == {CURSOR: 3}


def test_what_was_trimmed_before_it_came_is_not_waited_for() -> None:
    path = Path(10)
    path.log.trim(6)
    assert path.forwarder.advance() == 4


def test_a_cursor_that_cannot_be_kept_is_tried_again_with_the_same() -> None:
    path = Path(3)
    path.sink.refused = {2}
    path.book.failures.append(NotWritten("disk full"))
    with pytest.raises(NotWritten):
        path.forwarder.advance()
    path.forwarder.advance()
    assert [each.offset for each in path.book.refused] == [2]
    assert path.sink.writes == 2


@given(st.lists(st.sampled_from(["append", "advance", "away", "killed", "restart"]), max_size=40))
def test_whatever_ends_it_nothing_is_lost_and_no_refusal_is_kept_twice(steps: list[str]) -> None:
    path = Path()
    for step in steps:
        path.sink.half = 2
        if step == "append":
            path.append(3)
            path.sink.refused |= {n for n in range(path.log.last_offset() + 1) if n % 5 == 0}
        elif step == "advance":
            path.forwarder.advance()
        elif step == "restart":
            path.start()
        elif path.forwarder.lag or path.log.read(path.book.get(CURSOR), 1):
            if step == "away":
                path.sink.failures.append(Unreachable("away"))
            else:
                path.book.failures.append(Killed())
            with pytest.raises((Unreachable, Killed)):
                path.forwarder.advance()
            if step == "killed":
                path.start()
    path.start().advance()
    everything = set(range(1, path.log.last_offset() + 1))
    assert set(path.sink.frames) == everything - path.sink.refused
    assert [each.offset for each in path.book.refused] == sorted(everything & path.sink.refused)
