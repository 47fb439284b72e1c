from __future__ import annotations

import numpy as np
from numpy.random import default_rng

from twin.model import Array
from twin.offsets import Offsets, learned, unlearned

DT = np.array([5.0])


def after(residuals: Array, variance: float = 0.09) -> Offsets:
    """Of one point whose sensor shows these against the lump."""
    found = Offsets(*unlearned(1)[:, np.newaxis])
    for shown in residuals:
        residual = np.array([[shown]]) - found.mean
        found = Offsets(*learned(found, residual, np.full((1, 1), variance), DT))
    return found


def test_a_sensors_own_place_is_learned_within_the_hours_of_a_warm_up() -> None:
    found = after(0.8 + 0.1 * default_rng(1).normal(size=1_440))
    assert abs(found.mean[0, 0] - 0.8) < 0.03


def test_the_band_comes_to_what_the_residuals_are() -> None:
    found = after(0.1 * default_rng(2).normal(size=2_880))
    assert 0.08 < float(np.sqrt(found.spread[0, 0] * 0.09)) < 0.12


def test_what_is_not_measured_teaches_nothing() -> None:
    assert after(np.full(50, np.nan)) == Offsets(
        np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 1))
    )


def test_a_fault_of_ten_minutes_shifts_neither_by_much() -> None:
    healthy = 0.1 * default_rng(3).normal(size=5_760)
    before = after(healthy)
    later = after(np.concatenate([healthy, np.full(120, 10.0)]))
    sd = float(np.sqrt(before.spread[0, 0] * 0.09))
    assert later.mean[0, 0] - before.mean[0, 0] < 0.3 * sd
    assert later.spread[0, 0] < 1.3 * before.spread[0, 0]


def test_points_do_not_learn_from_each_other() -> None:
    start = Offsets(*unlearned(2)[:, np.newaxis])
    found = learned(start, np.array([[1.0, np.nan]]), np.ones((1, 2)), DT)
    assert found[0, 0, 0] > 0.0
    assert found[:, 0, 1].tolist() == [0.0, 1.0, 0.0]
