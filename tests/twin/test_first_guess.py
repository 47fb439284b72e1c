from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clusters import cluster

from twin.first_guess import first_guess
from twin.power_only import PowerOnly
from twin.tracks import Track, predict

POWER, WORK = cluster(300)


@given(st.floats(1e4, 1e7), st.floats(1.0, 1e6), st.floats(0.05, 1.0))
def test_it_gives_the_first_power_for_the_first_load(power_w: float, n: float, u: float) -> None:
    work = np.array([[n, n * u, n * u**2, n * u**4]])
    params, first = first_guess(np.array([power_w]), work)
    model = PowerOnly()
    assert first == 0
    found = model.observe(model.initial(params), work, params)[0, 0]
    assert found == pytest.approx(power_w, rel=1e-6)


@pytest.mark.parametrize("scale", (0.5, 30.0, 500.0))
def test_a_cluster_that_draws_more_is_told_as_well(scale: float) -> None:
    params, _ = first_guess(POWER, WORK)
    more, _ = first_guess(scale * POWER, WORK)
    own = predict(Track.NOWCAST, POWER, WORK, params, 600.0, 3_600.0)
    theirs = predict(Track.NOWCAST, scale * POWER, WORK, more, 600.0, 3_600.0)
    assert theirs[6:] == pytest.approx(scale * own[6:], rel=1e-4)


def test_it_rests_on_the_first_step_with_both_power_and_tasks() -> None:
    power, work = POWER.copy(), WORK.copy()
    power[:3], work[3:5], work[5] = np.nan, np.nan, 0.0
    assert first_guess(power, work)[1] == 6


def test_without_one_it_is_the_types_own() -> None:
    params, first = first_guess(np.zeros(5), WORK[:5])
    assert first == 5
    assert params[0, 0] == 50_000.0
