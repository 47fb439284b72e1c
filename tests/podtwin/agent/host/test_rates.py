from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists, none, one_of, tuples

from podtwin.agent.host.rates import CounterRate, SummedRate

COUNTS = integers(0, 2**64 - 1)
STEPS_S = one_of(floats(0.001, 3_600.0), floats(-10.0, 0.0))
RANGE = 65_712_999_613


def test_the_first_sample_has_no_rate() -> None:
    assert CounterRate()(1_000, 5.0) is None


def test_a_rate_is_what_was_gained_by_the_second() -> None:
    rate = CounterRate()
    rate(1_000, 5.0)
    assert rate(3_000, 15.0) == 200.0


def test_a_counter_that_begins_anew_has_no_rate_once() -> None:
    rate = CounterRate()
    rate(1_000, 0.0)
    assert rate(10, 10.0) is None
    assert rate(30, 20.0) == 2.0


def test_a_counter_that_says_where_it_wraps_is_followed_around() -> None:
    rate = CounterRate(wraps_at=RANGE)
    rate(RANGE - 500, 0.0)
    assert rate(500, 10.0) == 100.0


def test_what_no_device_does_is_no_rate() -> None:
    rate = CounterRate(wraps_at=RANGE, highest=1_000.0)
    rate(RANGE // 2, 0.0)
    assert rate(10, 10.0) is None
    assert rate(5_010, 20.0) == 500.0


def test_a_counter_that_may_have_gone_round_twice_has_no_rate() -> None:
    rate = CounterRate(wraps_at=1_000, highest=10.0)
    rate(0, 0.0)
    assert rate(500, 100.0) is None


def test_no_time_is_no_rate_and_the_older_sample_is_kept() -> None:
    rate = CounterRate()
    rate(100, 1.0)
    assert rate(200, 1.0) is None
    assert rate(300, 2.0) == 200.0


@given(
    samples=lists(tuples(COUNTS, STEPS_S), max_size=20),
    wraps_at=one_of(none(), integers(1, 2**64)),
    highest=one_of(none(), floats(1.0, 1e18)),
)
def test_whatever_a_counter_does_its_rate_is_a_number_that_is_not_negative(
    samples: list[tuple[int, float]], wraps_at: int | None, highest: float | None
) -> None:
    rate, at_s = CounterRate(wraps_at, highest), 100.0
    for count, step_s in samples:
        at_s += step_s
        value = rate(count, at_s)
        assert value is None or (math.isfinite(value) and value >= 0.0)
        assert value is None or highest is None or value <= highest


@given(
    start=integers(0, RANGE - 1),
    gains=lists(integers(0, RANGE - 1), min_size=1, max_size=20),
    step_s=floats(0.5, 60.0),
)
def test_over_any_number_of_wraps_the_rates_add_up_to_what_was_gained(
    start: int, gains: list[int], step_s: float
) -> None:
    rate, at_s, total = CounterRate(wraps_at=RANGE), 0.0, start
    rate(start, at_s)
    summed = 0.0
    for gain in gains:
        total, before_s, at_s = total + gain, at_s, at_s + step_s
        value = rate(total % RANGE, at_s)
        assert value is not None
        summed += value * (at_s - before_s)
    assert summed == pytest.approx(sum(gains), rel=1e-9, abs=1e-6)


def test_a_sum_is_over_all_devices() -> None:
    rate = SummedRate()
    rate({"a": 0, "b": 0}, 0.0)
    assert rate({"a": 10, "b": 20}, 10.0) == 3.0


def test_a_sum_with_a_part_that_is_not_known_is_not_known() -> None:
    rate = SummedRate()
    rate({"a": 0}, 0.0)
    assert rate({"a": 10, "new": 1_000_000}, 10.0) is None
    assert rate({"a": 20, "new": 1_000_010}, 20.0) == 2.0
    assert rate({"a": 5, "new": 1_000_020}, 30.0) is None


def test_a_device_that_is_gone_counts_no_longer_and_comes_back_as_a_new_one() -> None:
    rate = SummedRate()
    rate({"a": 0, "b": 0}, 0.0)
    assert rate({"a": 10}, 10.0) == 1.0
    assert rate({"a": 20, "b": 9}, 20.0) is None
    assert rate({"a": 30, "b": 19}, 30.0) == 2.0


def test_no_device_has_no_rate() -> None:
    rate = SummedRate()
    rate({}, 0.0)
    assert rate({}, 1.0) is None


def test_what_was_forgotten_is_compared_with_nothing() -> None:
    rate = SummedRate()
    rate({"a": 0}, 0.0)
    rate.forget()
    assert rate({"a": 10}, 10.0) is None
