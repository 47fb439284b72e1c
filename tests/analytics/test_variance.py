from __future__ import annotations

import numpy as np
import pytest
from support.seen import STEP_S, healthy, scattered, scores, step_of

from analytics.detector import Gated
from analytics.variance import Variance

VARIANCE = Gated(Variance())


@pytest.mark.parametrize("every", (1, 2))
def test_noise_three_times_as_large_is_found_within_half_an_hour(every: int) -> None:
    seen = healthy(3_000)
    seen.residual[2_000:] *= 3.0
    if every > 1:
        seen.measured[::every] = np.nan
        seen.residual[::every] = np.nan
    values, _, _ = scores(VARIANCE, seen)
    first = np.argmax(values >= 1.0, axis=0)
    assert (first > 2_000).all()
    assert ((first - 2_000) * STEP_S < 1_800.0).all()


def test_a_jump_is_no_scatter() -> None:
    seen = healthy(3_000)
    seen.residual[2_000:2_100] += 30.0
    values, _, _ = scores(VARIANCE, seen)
    assert values.max() < 1.0


def test_a_ramp_is_no_scatter() -> None:
    seen = healthy(3_000)
    seen.residual[2_000:2_100] += np.linspace(0.0, 5.0, 100)[:, np.newaxis]
    values, _, _ = scores(VARIANCE, seen)
    assert values.max() < 1.0


def test_a_sensor_that_falls_silent_does_not_scatter() -> None:
    seen = healthy(3_000)
    seen.residual[2_000:] = 0.0
    values, _, _ = scores(VARIANCE, seen)
    assert values[2_200:].max() == 0.0


def test_the_baseline_is_the_usual_scatter() -> None:
    seen = healthy(3_000)
    _, _, state = scores(VARIANCE, seen)
    _, score = VARIANCE.update(state, step_of(seen, -1))
    assert score.baseline == pytest.approx(0.105, rel=0.2)  # 0.1 and the rounding


def test_what_was_noisy_and_is_not_is_over_within_half_an_hour() -> None:
    values, _, _ = scores(VARIANCE, scattered(healthy(3_600), slice(2_000, 2_240)))
    assert values[2_240 + 360 :].max() < 0.7
