from __future__ import annotations

import numpy as np
import pytest

from analytics.learning import LEARNING_S, Pace, learnt, smoothing

ON = np.array([True])


def one(number: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([number])


def test_a_weight_does_not_depend_on_how_a_time_is_cut() -> None:
    twice = 1.0 - (1.0 - smoothing(one(5.0), 60.0)) ** 2
    assert twice == pytest.approx(smoothing(one(10.0), 60.0))


def test_no_time_has_no_weight_and_all_time_has_all() -> None:
    assert smoothing(one(0.0), 60.0) == 0.0
    assert smoothing(one(1e9), 60.0) == 1.0


def test_what_does_not_follow_stays_to_the_bit() -> None:
    kept = learnt(one(0.1), one(7.0), np.array([False]), Pace(one(5.0), one(9e9), 3600.0))
    assert kept.tobytes() == one(0.1).tobytes()


def test_a_young_row_learns_faster_than_an_old_one() -> None:
    young = learnt(one(0.0), one(1.0), ON, Pace(one(5.0), one(0.0), 86_400.0))
    old = learnt(one(0.0), one(1.0), ON, Pace(one(5.0), one(1e6), 86_400.0))
    assert young == pytest.approx(5.0 / (LEARNING_S / 2))
    assert old == pytest.approx(5.0 / 86_400.0)


def test_a_constant_is_learnt_in_the_end() -> None:
    value, time_s = one(0.0), one(0.0)
    for _ in range(20_000):
        value = learnt(value, one(3.0), ON, Pace(one(5.0), time_s, 3_600.0))
        time_s = time_s + 5.0
    assert value == pytest.approx(3.0)
