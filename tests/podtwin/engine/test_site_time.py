from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtwin.engine.site_time import NodeTime, SiteTime, Taken

NS = 1_000_000_000
STEP_NS = 5 * NS
T0 = 1_795_478_400 * NS


def at(seconds: float) -> int:
    return T0 + round(seconds * NS)


def site(**periods_s: float) -> SiteTime:
    time = SiteTime(STEP_NS)
    for node, period_s in periods_s.items():
        time.born(node, round(period_s * NS))
    return time


def live(time: SiteTime, node: str, ts_s: float, recv_s: float | None = None) -> Taken:
    received = at(ts_s if recv_s is None else recv_s)
    return time.reading(node, at(ts_s), received, recorded=False)


def recorded(time: SiteTime, ts_s: float, recv_s: float) -> Taken:
    return time.reading("a", at(ts_s), at(recv_s), recorded=True)


def w(time: SiteTime) -> float:
    return (time.watermark_ns - T0) / NS


def test_w_is_two_seconds_behind_a_lone_node() -> None:
    time = site(a=1)
    live(time, "a", 100)
    assert w(time) == 98


def test_w_waits_for_the_slowest_of_the_fast_nodes() -> None:
    time = site(a=1, b=1)
    live(time, "a", 100)
    live(time, "b", 101)
    for second in range(101, 108):
        live(time, "a", second)
    assert w(time) == 99


@pytest.mark.parametrize(("period_s", "expected"), ((10, 98), (11, 105)))
def test_a_node_slower_than_two_steps_is_not_waited_for(period_s: float, expected: float) -> None:
    time = site(a=1, slow=period_s)
    live(time, "slow", 100)
    live(time, "a", 107)
    assert w(time) == expected


def test_with_slow_nodes_alone_they_are_waited_for() -> None:
    time = site(slow=60, slower=120)
    live(time, "slow", 100)
    live(time, "slower", 90)
    assert w(time) == 98  # what it came to before the second node was heard of
    live(time, "slow", 160)
    live(time, "slower", 150)
    assert w(time) == 148


def test_a_node_without_a_birth_is_as_fast_as_what_it_sends() -> None:
    time = site(a=1)
    time.reading("hand", at(100), at(100), recorded=False, period_ns=300 * NS)
    live(time, "a", 120)
    assert w(time) == 118


def test_a_birth_knows_better_than_what_is_sent() -> None:
    time = site(hand=300)
    time.reading("hand", at(100), at(100), recorded=False, period_ns=NS)
    live(time, "a", 120)
    assert w(time) == 118


@pytest.mark.parametrize("hours", (1, 24, 24 * 365))
def test_a_clock_that_is_fast_pushes_w_by_no_more_than_two_seconds(hours: float) -> None:
    time = site(a=1)
    live(time, "a", 100 + 3600 * hours, recv_s=100)
    assert w(time) == 100


def test_a_clock_that_is_slow_holds_w_by_no_more_than_a_minute() -> None:
    time = site(a=1, b=1)
    for second in range(100, 300):
        live(time, "a", second)
        live(time, "b", second - 86_400, recv_s=second)
    assert w(time) == 299 - 62


def test_a_backfill_of_a_node_does_not_hold_its_own_site() -> None:
    time = site(a=1)
    live(time, "a", 100)
    live(time, "a", 5, recv_s=101)
    live(time, "a", 102)
    assert w(time) == 100


def test_ticks_alone_make_a_node_idle() -> None:
    time = site(a=1, b=1)
    live(time, "a", 100)
    live(time, "b", 100)
    for second in range(101, 200):
        live(time, "a", second)
    assert w(time) == 98  # a hundred seconds of the other node's readings changed nothing
    time.tick(at(199))
    assert w(time) == 197


@pytest.mark.parametrize(
    ("period_s", "idle_after_s"), ((1, 10), (3, 10), (10, 30), (60, 180)), ids=str
)
def test_a_node_is_idle_after_ten_seconds_or_three_periods(
    period_s: float, idle_after_s: float
) -> None:
    time = site(a=period_s)
    live(time, "a", 100)
    time.tick(at(100 + idle_after_s - 1))
    assert w(time) == 98
    time.tick(at(100 + idle_after_s))
    assert w(time) == 100 + idle_after_s - 2


def test_with_all_nodes_idle_w_follows_the_ticks() -> None:
    time = site(a=1)
    live(time, "a", 100)
    for second in range(101, 131):
        time.tick(at(second))
    assert w(time) == 128


def test_a_node_that_comes_back_is_waited_for_again() -> None:
    time = site(a=1)
    live(time, "a", 100)
    time.tick(at(130))
    live(time, "a", 131)
    time.tick(at(132))
    assert w(time) == 129


def test_a_node_that_says_it_is_offline_is_idle_at_once() -> None:
    time = site(a=1, b=1)
    live(time, "a", 100)
    live(time, "b", 100)
    live(time, "a", 105)
    time.offline("b")
    assert w(time) == 103


def test_a_node_that_was_taken_out_of_the_site_holds_it_no_longer() -> None:
    time = site(a=1, b=1)
    live(time, "a", 100)
    live(time, "b", 100)
    live(time, "a", 105)
    time.forget("b")
    assert w(time) == 103


def test_while_recorded_w_is_the_newest_time_and_ticks_say_nothing() -> None:
    time = site(a=5)
    recorded(time, 100, recv_s=50_000)
    recorded(time, 95, recv_s=50_000)
    time.tick(at(60_000))
    assert w(time) == 100


def test_recorded_times_from_the_future_are_held_at_their_arrival() -> None:
    time = site(a=5)
    recorded(time, 50_000 + 3600, recv_s=50_000)
    assert w(time) == 50_002


def test_a_site_is_live_from_its_first_live_reading_on_and_for_good() -> None:
    time = site(a=1)
    recorded(time, 100, recv_s=50_000)
    assert live(time, "a", 50_001) is Taken.STEPPED
    assert time.live
    assert recorded(time, 50_010, recv_s=50_002) is Taken.RECORDED_AFTER_LIVE
    assert w(time) == 49_999


def test_what_other_nodes_sent_as_the_past_does_not_hold_the_present() -> None:
    time = site(a=1, b=1)
    time.reading("b", at(100), at(50_000), recorded=True)
    live(time, "a", 50_001)
    assert w(time) == 49_999


def test_site_time_survives_its_checkpoint() -> None:
    time = site(a=1, b=60)
    live(time, "a", 100)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(time), type=SiteTime)
    assert again == time
    assert isinstance(again.nodes["a"], NodeTime)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("reading", "recorded", "tick", "offline", "birth")),
        st.sampled_from("abc"),
        st.integers(-200_000, 200_000),  # how far the sender's clock is off, in s
        st.integers(0, 100),  # what passes before it, in s
    ),
    max_size=60,
)


@given(EVENTS)
def test_w_never_goes_back_nor_passes_what_was_received(
    events: list[tuple[str, str, int, int]],
) -> None:
    time = SiteTime(STEP_NS)
    now_s = 0
    for kind, node, off_s, passed_s in events:
        now_s += passed_s
        before = time.watermark_ns
        if kind in ("reading", "recorded"):
            ts = max(0, at(now_s + off_s))
            time.reading(node, ts, at(now_s), recorded=kind == "recorded")
        elif kind == "tick":
            time.tick(at(now_s))
        elif kind == "offline":
            time.offline(node)
        else:
            time.born(node, abs(off_s) * NS)
        assert before <= time.watermark_ns <= at(now_s + 2)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_no_clock_however_wrong_keeps_a_live_site_from_going_on(a_off: int, b_off: int) -> None:
    time = site(a=1, b=1)
    for second in range(120):
        live(time, "a", second + a_off, recv_s=second)
        live(time, "b", second + b_off, recv_s=second)
        time.tick(at(second))
    assert 119 - 62 <= w(time) <= 119
