from __future__ import annotations

import numpy as np
from support.seen import STEP_S, healthy, scores, step_of, steps_of

from analytics.detector import Gated
from analytics.learning import LEARNING_S
from analytics.level import Level

LEVEL = Gated(Level())
AFTER_LEARNING = int(LEARNING_S / STEP_S)


def test_nothing_is_said_while_a_row_learns_its_bias() -> None:
    seen = healthy(2_000)
    seen.residual[:] += 3.0  # thirty standard deviations, from the start
    values, _, _ = scores(LEVEL, seen)
    assert values[:AFTER_LEARNING].max() == 0.0
    assert values.max() < 1.0


def test_a_large_jump_alarms_at_its_first_reading() -> None:
    seen = healthy(2_000)
    seen.residual[1_500:1_510] += 3.0
    values, _, _ = scores(LEVEL, seen)
    assert (values[1_500] >= 1.0).all()


def test_a_small_lasting_shift_alarms_within_two_minutes() -> None:
    seen = healthy(2_000)
    seen.residual[1_500:] += 0.5
    values, _, _ = scores(LEVEL, seen)
    assert (values[1_500 : 1_500 + 24] >= 1.0).any(axis=0).all()


def test_a_single_reading_of_five_standard_deviations_is_no_alarm() -> None:
    seen = healthy(2_000)
    seen.residual[1_500] += 0.5
    values, _, _ = scores(LEVEL, seen)
    assert values.max() < 1.0


def test_the_direction_is_the_side_of_the_expectation() -> None:
    for shift in (-1.0, 1.0):
        seen = healthy(1_600)
        seen.residual[1_500:] += shift
        _, _, state = scores(LEVEL, steps_of(seen, slice(1_599)))
        _, score = LEVEL.update(state, step_of(seen, -1))
        assert (score.direction == shift).all()


def test_the_baseline_follows_a_bias_that_comes_over_hours() -> None:
    seen = healthy(12_000)
    seen.residual[:] += np.linspace(0.0, 0.8, 12_000)[:, np.newaxis]  # 8 sd in 17 h
    values, _, state = scores(LEVEL, seen)
    assert values.max() < 1.0
    _, score = LEVEL.update(state, step_of(seen, -1))
    assert (score.baseline > 0.5).all()


def test_the_baseline_stands_still_while_it_alarms() -> None:
    seen = healthy(6_000)
    seen.residual[1_500:] += 2.0
    values, _, _ = scores(LEVEL, seen)
    assert values[1_510:].min() >= 1.0  # for six hours


def test_residuals_that_hang_together_make_no_more_alarms() -> None:
    seen = healthy(17_280)
    noise = np.random.default_rng(4).normal(0.0, 0.1, seen.residual.shape)
    for step in range(1, len(noise)):  # a correlation time of 100 s
        noise[step] += 0.95 * noise[step - 1]
    values, _, _ = scores(LEVEL, seen._replace(residual=noise))
    assert values.max() < 1.0
