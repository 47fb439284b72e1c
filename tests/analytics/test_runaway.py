from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import runaway
from analytics.detector import Array
from analytics.runaway import NEAR_S, TimeToLimit

STEP_S = 5.0
LIMIT_C = np.array([35.0])


def ahead_of(values_c: Array, step_s: float = STEP_S, limit_c: float = 35.0) -> list[TimeToLimit]:
    state = runaway.initial(1)
    found = []
    for value_c in values_c:
        state, ahead = runaway.update(
            state, np.array([value_c]), np.array([limit_c]), np.array([step_s])
        )
        found.append(ahead)
    return found


def near(found: list[TimeToLimit]) -> list[int]:
    return [step for step, ahead in enumerate(found) if ahead.seconds[0] < NEAR_S]


def ramp(k_min: float, *, calm: int = 60, rising: int = 60, noise_k: float = 0.0) -> Array:
    seconds = np.maximum(0.0, (np.arange(calm + rising) - calm + 1) * STEP_S)
    noise = np.random.default_rng(1).normal(0.0, noise_k, calm + rising)
    return np.asarray(22.5 + k_min / 60.0 * seconds + noise, dtype=np.float64)


@pytest.mark.parametrize("noise_k", (0.0, 0.02))
def test_one_kelvin_a_minute_is_told_of_within_30_s(noise_k: float) -> None:
    first = near(ahead_of(ramp(1.0, noise_k=noise_k)))[0]
    assert 0.0 < (first - 59) * STEP_S <= 30.0


def test_the_time_is_what_is_left_over_the_rate() -> None:
    ahead = ahead_of(ramp(1.0))[-1]
    left_k = 35.0 - ramp(1.0)[-1]
    assert ahead.rate_k_s[0] == pytest.approx(1.0 / 60.0)
    assert ahead.seconds[0] == pytest.approx(left_k * 60.0)


def test_a_day_s_rise_and_a_fall_lead_nowhere() -> None:
    for k_min in (0.3, 0.0, -3.0):
        assert np.isinf(ahead_of(ramp(k_min))[-1].seconds[0])


def test_a_swing_of_a_controller_is_no_runaway() -> None:
    seconds = np.arange(2_000) * STEP_S
    swing = 22.5 + 0.4 * np.sin(2.0 * np.pi * seconds / 600.0)  # 0.25 K/min at the steepest
    assert not near(ahead_of(swing))


def test_a_step_of_half_a_kelvin_in_a_set_point_is_no_runaway() -> None:
    seconds = np.arange(400) * STEP_S
    answer = 22.5 + 0.5 * (1.0 - np.exp(-np.maximum(0.0, seconds - 600.0) / 120.0))
    assert not near(ahead_of(answer))


def test_a_wrong_reading_makes_no_trend() -> None:
    values = ramp(0.0, noise_k=0.02)
    values[80] = 90.0
    assert not near(ahead_of(values))


def test_past_the_limit_and_rising_no_time_is_left() -> None:
    assert ahead_of(ramp(3.0) + 20.0)[-1].seconds[0] == 0.0


def test_a_probe_read_each_ten_seconds_is_enough() -> None:
    values = ramp(2.0)
    values[::2] = np.nan
    assert near(ahead_of(values))


def test_nothing_is_known_of_old_values() -> None:
    values = np.concatenate([ramp(2.0), np.full(60, np.nan)])
    assert not ahead_of(values)[-1].known[0]


def test_a_clock_that_stands_or_goes_back_gives_no_trend() -> None:
    for step_s in (0.0, -5.0):
        found = ahead_of(ramp(2.0), step_s)
        assert not near(found)


def test_rows_do_not_see_their_neighbours() -> None:
    values = np.random.default_rng(2).normal(22.0, 1.0, (50, 7))
    limit_c, dt_s = np.full(7, 35.0), np.full(7, STEP_S)
    state = runaway.initial(7)
    for step in values[:-1]:
        state, _ = runaway.update(state, step, limit_c, dt_s)
    _, together = runaway.update(state, values[-1], limit_c, dt_s)
    for row in range(7):
        alone = ahead_of(values[:, row])[-1]
        assert alone.seconds.tobytes() == together.seconds[row : row + 1].tobytes()


@given(st.lists(st.floats(), min_size=1, max_size=12), st.floats())
def test_nothing_that_comes_makes_a_number_that_is_none(values: list[float], dt_s: float) -> None:
    with np.errstate(over="ignore"):
        for ahead in ahead_of(np.array(values), dt_s):
            assert not np.isnan(ahead.seconds[0])
            assert np.isfinite(ahead.rate_k_s[0])
