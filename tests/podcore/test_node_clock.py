from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.node_clock import NodeClock

NS = 1_000_000_000
NOON_NS = 1_795_521_600 * NS


def heard(ahead_s: float, minutes: int, *, delays: tuple[float, ...] = (0.02, 0.4)) -> NodeClock:
    """A node with a message a second, whose clock is ahead."""
    clock = NodeClock()
    for second in range(60 * minutes + 1):
        recv_ns = NOON_NS + second * NS
        delay_s = delays[second % len(delays)]
        clock.saw(recv_ns + round((ahead_s - delay_s) * NS), recv_ns)
    return clock


@given(ahead_s=st.floats(-3e7, 8e4))
def test_a_clock_that_is_off_is_known_after_two_minutes(ahead_s: float) -> None:
    skew_ns = heard(ahead_s, 2).skew_ns
    assert skew_ns is not None
    assert skew_ns / NS == pytest.approx(ahead_s - 0.02, abs=1e-3)


def test_one_minute_says_nothing() -> None:
    assert heard(30.0, 1).skew_ns is None


def test_a_backlog_that_drains_is_no_wrong_clock() -> None:
    clock, age_s = NodeClock(), 9 * 3_600.0
    for second in range(3_600):
        recv_ns = NOON_NS + second * NS
        clock.saw(recv_ns - round(age_s * NS), recv_ns)
        assert clock.skew_ns is None or abs(clock.skew_ns) < NS
        age_s = max(0.01, age_s - 20.0)


def test_a_clock_that_is_set_right_is_believed_again() -> None:
    clock = heard(-3_600.0, 3)
    assert clock.skew_ns is not None
    for second in range(400):
        recv_ns = NOON_NS + (300 + second) * NS
        clock.saw(recv_ns - 1, recv_ns)
    assert clock.skew_ns == -1
