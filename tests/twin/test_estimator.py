from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from podcore.site import SiteType
from twin.estimator import Estimate, Reading, estimate, restarted, started
from twin.model import Array
from twin.parameters import PARAMETERS
from twin.persistence import Persistence
from twin.two_state import TwoState

MODEL = TwoState()
PARAMS = np.array([[parameter.mean for parameter in PARAMETERS[SiteType.AIR_DX]]])
POWER_PARAMS = np.array([[parameter.mean for parameter in PARAMETERS[SiteType.POWER_ONLY]]])
U = np.array([[11_000.0, 20.0, 70.0, 18.0]])
DT = np.array([5.0])


def filtered(x: Array, variance: Array, y: list[float], number: list[float]) -> Estimate:
    return estimate(MODEL, x, variance, U, Reading(np.array([y]), np.array([number])), PARAMS, DT)


def test_the_first_measurement_is_believed_almost_whole() -> None:
    found = filtered(*started(MODEL, PARAMS), [31.0, 15_000.0], [1.0, 1.0])
    assert found.x[0, 0] == pytest.approx(31.0, abs=0.02)


def test_the_prior_does_not_know_what_is_measured() -> None:
    begin = started(MODEL, PARAMS)
    one, other = (filtered(*begin, [c, 15_000.0], [1.0, 1.0]) for c in (20.0, 40.0))
    assert (one.prior == other.prior).all()
    assert (one.innovation_sd == other.innovation_sd).all()


@given(st.floats(-1e6, 1e6))
def test_a_masked_channel_is_the_model_alone(anything: float) -> None:
    x, variance = started(MODEL, PARAMS)
    found = filtered(x, variance, [anything, 0.0], [0.0, 0.0])
    assert (found.x == MODEL.step(x, U, PARAMS, DT)).all()
    assert found.variance[0, 1] > variance[0, 1]


def test_more_readings_in_a_step_are_believed_more() -> None:
    x, variance = np.array([[28.0, 0.0]]), np.array([[0.04, 100.0]])
    one = filtered(x, variance, [30.0, 0.0], [1.0, 0.0])
    ten = filtered(x, variance, [30.0, 0.0], [10.0, 0.0])
    assert one.x[0, 0] < ten.x[0, 0] < 30.0
    assert ten.innovation_sd[0, 0] < one.innovation_sd[0, 0]


def test_a_lasting_difference_in_power_ends_up_in_the_bias() -> None:
    x, variance = started(MODEL, PARAMS)
    for _ in range(300):
        y = MODEL.observe(np.array([[x[0, 0], 700.0]]), U, PARAMS)[0]
        found = filtered(x, variance, list(y), [1.0, 1.0])
        x, variance = found.x, found.variance
    assert x[0, 1] == pytest.approx(700.0, abs=1.0)


def test_the_band_covers_what_the_model_itself_with_its_noise_would_give() -> None:
    noise, inside, steps = default_rng(7), 0, 4_000
    spread = MODEL.spread(*started(MODEL, PARAMS)[:1], PARAMS)
    truth = np.array([[28.0, 100.0]])
    x, variance = started(MODEL, PARAMS)
    for _ in range(steps):
        truth = MODEL.step(truth, U, PARAMS, DT)
        truth = truth + noise.normal(size=(1, 2)) * np.sqrt(spread.process * 5.0)
        y = MODEL.observe(truth, U, PARAMS) + noise.normal(size=(1, 2)) * np.sqrt(
            spread.measurement
        )
        found = filtered(x, variance, list(y[0]), [1.0, 1.0])
        x, variance = found.x, found.variance
        inside += int(abs(y[0, 0] - found.prior[0, 0]) < 1.645 * found.innovation_sd[0, 0])
    assert 0.88 < inside / steps < 0.92


def test_a_restart_begins_fast_states_anew_and_keeps_slow_ones() -> None:
    x, variance = np.array([[45.0, 700.0]]), np.array([[0.01, 4.0]])
    anew, unsure = restarted(MODEL, x, variance, PARAMS)
    assert anew.tolist() == [[28.0, 700.0]]
    assert (unsure == started(MODEL, PARAMS)[1]).all()


def test_persistence_expects_the_last_level_whatever_its_size() -> None:
    model = Persistence()
    x, variance = started(model, POWER_PARAMS)
    nothing, dt = np.empty((1, 0)), np.array([30.0])
    priors, bands = [], []
    for power_w in (400_000.0, 404_000.0, 396_000.0):
        reading = Reading(np.array([[power_w]]), np.ones((1, 1)))
        found = estimate(model, x, variance, nothing, reading, POWER_PARAMS, dt)
        x, variance = found.x, found.variance
        priors.append(found.prior[0, 0])
        bands.append(found.innovation_sd[0, 0])
    assert priors[2] == pytest.approx(404_000.0, rel=0.005)
    assert 0.005 < bands[2] / 400_000.0 < 0.05
