from __future__ import annotations

import numpy as np
import pytest
from support.seen import healthy, scores, step_of

from analytics.detector import Array, Gated, Seen
from analytics.drift import Drift

DRIFT = Gated(Drift())
DAY = 17_280


def of_states(estimates: Array, sd: float = 0.02) -> Seen:
    steps = len(estimates)
    seen = healthy(steps, rows=1)
    return seen._replace(
        measured=estimates[:, np.newaxis],
        residual=np.zeros((steps, 1)),
        sd=np.full((steps, 1), sd),
        resolution=np.full((steps, 1), 1e-3),
    )


def test_a_fouling_of_a_fifth_over_a_day_is_found() -> None:
    estimates = np.ones(2 * DAY)
    estimates[DAY:] -= np.linspace(0.0, 0.2, DAY)
    estimates += np.random.default_rng(1).normal(0.0, 0.002, 2 * DAY)
    seen = of_states(estimates)
    values, _, state = scores(DRIFT, seen)
    assert values[:DAY].max() < 0.5
    assert values[DAY:].max() >= 1.0
    _, score = DRIFT.update(state, step_of(seen, -1))
    assert score.direction[0] == -1.0
    assert score.baseline[0] == pytest.approx(1.0, abs=0.1)


def test_the_way_from_the_prior_in_the_first_hour_is_no_drift() -> None:
    settling = np.concatenate([np.linspace(1.0, 0.7, 600), np.full(3_000, 0.7)])
    values, _, _ = scores(DRIFT, of_states(settling, sd=0.01))
    assert values.max() < 1.0


def test_a_day_s_wave_as_large_as_the_twin_is_unsure_is_none() -> None:
    wave = 1.0 + 0.02 * np.sin(2 * np.pi * np.arange(3 * DAY) / DAY)
    values, _, _ = scores(DRIFT, of_states(wave))
    assert values.max() < 1.0


def test_a_state_of_which_the_twin_knows_nothing_cannot_drift() -> None:
    estimates = np.ones(DAY)
    estimates[9_000:] = 2.0
    values, _, _ = scores(DRIFT, of_states(estimates, sd=1.0))
    assert values.max() < 1.0
