from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from twin.model import Array
from twin.outlook import PRIOR, blended, views

STEP_S, DAY = 1_800.0, 48
STEPS = np.arange(21 * DAY)
NOISE = default_rng(6).normal(size=len(STEPS))
CLOCK = 1e5 * (1.0 + 0.3 * np.sin(2.0 * np.pi * STEPS / DAY) + 0.01 * NOISE)
LEAPS = 1e5 + 500.0 * NOISE.cumsum()


def off(predicted_w: Array, power_w: Array) -> float:
    """Mean error of the last week, as a share."""
    return float(np.abs(predicted_w / power_w - 1.0)[-7 * DAY :].mean())


def test_a_load_that_follows_the_clock_is_told_from_the_days_before() -> None:
    held = views(CLOCK, STEP_S, 8)["held"]
    blend = blended(views(CLOCK, STEP_S, 8), CLOCK, STEP_S, 8)
    assert off(blend, CLOCK) < 0.2 * off(held, CLOCK)


def test_a_load_that_wanders_is_not() -> None:
    held = views(LEAPS, STEP_S, 2)["held"]
    blend = blended(views(LEAPS, STEP_S, 2), LEAPS, STEP_S, 2)
    assert off(blend, LEAPS) < 1.03 * off(held, LEAPS)


def test_a_weekend_is_told_from_the_one_before() -> None:
    week = np.where(STEPS // DAY % 7 < 5, 1.0, 0.6) * CLOCK
    held = views(week, STEP_S, DAY)["held"]
    assert off(blended(views(week, STEP_S, DAY), week, STEP_S, DAY), week) < 0.7 * off(held, week)


def test_the_blend_lies_between_its_views() -> None:
    seen = views(CLOCK, STEP_S, 8)
    every = np.array(list(seen.values()))[:, 8:]
    blend = blended(seen, CLOCK, STEP_S, 8)[8:]
    assert (blend >= np.fmin.reduce(every) * 0.999999).all()
    assert (blend <= np.fmax.reduce(every) * 1.000001).all()


def test_a_view_without_history_does_not_count_and_nothing_is_known_at_first() -> None:
    blend = blended(views(CLOCK, STEP_S, 8), CLOCK, STEP_S, 8)
    assert np.isnan(blend[:8]).all()
    assert np.isfinite(blend[8:]).all()


def test_before_it_made_errors_a_view_counts_by_its_prior() -> None:
    seen = {"held": np.full(4, 100.0), "twin": np.full(4, 200.0)}
    counts = np.array([PRIOR["held"], PRIOR["twin"]]) ** -16
    found = blended(seen, np.full(4, np.nan), STEP_S, 1)
    assert found[0] == pytest.approx((counts @ [100.0, 200.0]) / counts.sum())


def test_a_constant_load_stays_what_it_is() -> None:
    power = np.full(5 * DAY, 5e4)
    assert blended(views(power, STEP_S, 8), power, STEP_S, 8)[8:] == pytest.approx(5e4)
