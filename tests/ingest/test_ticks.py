from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.ticks import Ticks
from podcore.frame import Kind

NS = 1_000_000_000


def test_a_tick_stands_at_the_whole_second() -> None:
    tick = Ticks(0).due(5 * NS + 700)
    assert tick is not None
    assert (tick.kind, tick.ts_ns, tick.recv_ns, tick.site) == (Kind.TICK, 5 * NS, 5 * NS, "")


def test_a_second_has_one_tick() -> None:
    ticks = Ticks(0)
    assert ticks.due(5 * NS)
    assert ticks.due(6 * NS - 1) is None
    assert ticks.due(6 * NS)


def test_after_a_stop_there_is_one_tick_and_not_the_missed_ones() -> None:
    ticks = Ticks(5 * NS)
    assert ticks.due(3_600 * NS)
    assert ticks.due(3_600 * NS + 1) is None


def test_a_restart_in_the_same_second_makes_no_second_tick() -> None:
    assert Ticks(5 * NS).due(5 * NS + 1) is None


def test_a_clock_set_back_makes_none() -> None:
    assert Ticks(5 * NS).due(4 * NS) is None


@given(st.integers(0, 2**62))
def test_the_wait_ends_in_the_next_second(now_ns: int) -> None:
    wait_s = Ticks.next_in_s(now_ns)
    assert 0 < wait_s <= 1
