from __future__ import annotations

import importlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from support.air_dx import MODEL, inputs, params

from twin.channels import Channel, ChannelRole
from twin.estimator import (
    LOST,
    Belief,
    Estimate,
    Reading,
    begun,
    diagonal,
    estimate,
    gain_shares,
    predicted,
    resumed,
    shown,
    states,
    updated,
)
from twin.model import Array

P, U, DT = params(), inputs(), np.array([5.0])


def step(belief: Belief, y: Array, number: Array | None = None, u: Array = U) -> Estimate:
    counts = np.ones_like(y) if number is None else number
    rows = len(y)
    return estimate(
        MODEL, belief, u, Reading(y, counts), np.repeat(P, rows, axis=0), np.repeat(DT, rows)
    )


def fitting(belief: Belief) -> Array:
    """What the model itself would read one step on."""
    return MODEL.observe(MODEL.step(belief.x, U, P, DT), U, P)


def after(steps: int, shift: float = 0.0, belief: Belief | None = None) -> Belief:
    belief = belief or begun(MODEL, P)
    truth = MODEL.initial(P)
    for _ in range(steps):
        truth = MODEL.step(truth, U, P, DT)
        y = MODEL.observe(truth, U, P)
        y[0, 1] += shift
        belief = step(belief, y).belief
    return belief


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_case_is_that_of_filterpy(seed: int) -> None:
    kalman = importlib.import_module("filterpy.kalman")
    noise, n, m = default_rng(seed), 5, 3
    transition = np.eye(n) + 0.1 * noise.normal(size=(n, n))
    slope, process = noise.normal(size=(m, n)), noise.uniform(0.1, 1.0, n)
    own = noise.uniform(0.1, 1.0, m)
    oracle = kalman.KalmanFilter(dim_x=n, dim_z=m)
    oracle.F, oracle.H, oracle.Q, oracle.R = transition, slope, np.diag(process), np.diag(own)
    oracle.x, oracle.P = noise.normal(size=(n, 1)), np.eye(n)
    x, covariance = oracle.x.T.copy(), np.eye(n)[np.newaxis].copy()
    for _ in range(50):
        y = noise.normal(size=(m, 1))
        oracle.predict()
        oracle.update(y)
        x = x @ transition.T
        covariance = predicted(covariance, transition[np.newaxis], process[np.newaxis])
        x, covariance = updated(
            x, covariance, y.T - x @ slope.T, slope[np.newaxis], own[np.newaxis],
            np.ones((1, m), dtype=bool), np.ones((1, n)),
        )  # fmt: skip
    assert x[0] == pytest.approx(oracle.x[:, 0], abs=1e-10)
    assert covariance[0] == pytest.approx(oracle.P, abs=1e-10)


def test_a_share_of_the_gain_has_the_covariance_of_josephs_form() -> None:
    noise = default_rng(3)
    root = noise.normal(size=(4, 4))
    before, h, r = root @ root.T, noise.normal(size=4), 0.7
    share = np.array([1.0, 0.3, 0.0, 0.05])
    gain = share * (before @ h) / (h @ before @ h + r)
    kept = np.eye(4) - np.outer(gain, h)
    joseph = kept @ before @ kept.T + r * np.outer(gain, gain)
    _, found = updated(
        np.zeros((1, 4)), before[np.newaxis], np.array([[1.0]]), h[np.newaxis, np.newaxis],
        np.array([[r]]), np.array([[True]]), share[np.newaxis],
    )  # fmt: skip
    assert found[0] == pytest.approx(joseph, abs=1e-12)


def test_the_covariance_is_symmetric_to_the_bit_and_positive() -> None:
    covariance = after(300).covariance[0]
    assert (covariance == covariance.T).all()
    assert np.linalg.eigvalsh(covariance).min() > 0.0


def test_the_prior_does_not_know_what_is_measured() -> None:
    belief = after(60)
    y = fitting(belief)
    one, other = step(belief, y), step(belief, y + 3.0)
    assert (one.prior == other.prior).all()
    assert (one.innovation_variance == other.innovation_variance).all()


@given(st.floats(-1e9, 1e9))
@settings(max_examples=20)
def test_a_masked_channel_moves_nothing_whatever_stands_in_it(anything: float) -> None:
    belief = after(10)
    y = np.full((1, 13), anything)
    found = step(belief, y, np.zeros((1, 13)))
    assert (found.belief.x == MODEL.step(belief.x, U, P, DT)).all()
    assert not found.gated.any()


def test_a_masked_sensor_is_as_if_it_were_not_there() -> None:
    belief, number = after(10), np.ones((1, 13))
    number[0, 4] = 0.0
    y = fitting(belief) + 0.1
    odd = y.copy()
    odd[0, 4] = 1e6
    one, other = step(belief, y, number), step(belief, odd, number)
    assert (one.belief.x == other.belief.x).all()
    assert (one.belief.covariance == other.belief.covariance).all()


def test_more_readings_in_a_step_are_believed_more() -> None:
    belief = after(200)
    y, number = fitting(belief), np.zeros((1, 13))
    y[0, 1] += 0.5
    number[0, 1] = 1.0
    one, ten = step(belief, y, number), step(belief, y, 10.0 * number)
    before = fitting(belief)[0, 1]
    assert one.belief.x[0, 1] < ten.belief.x[0, 1]
    assert ten.innovation_variance[0, 1] < one.innovation_variance[0, 1]
    assert before < y[0, 1]


def test_a_reading_beyond_the_gate_moves_nothing_and_is_marked() -> None:
    belief = after(400)
    y = fitting(belief)
    y[0, 4] += 30.0
    found = step(belief, y)
    assert found.gated[0].tolist() == [column == 4 for column in range(13)]
    assert y[0, 4] - found.prior[0, 4] == pytest.approx(30.0)
    assert np.abs(found.belief.x - MODEL.step(belief.x, U, P, DT)).max() < 1e-9


def test_a_fault_of_minutes_hardly_moves_a_slow_state() -> None:
    belief = after(1_000)
    before, _ = shown(MODEL, belief)
    for _ in range(120):  # 10 minutes of a compressor that draws a tenth more
        y = fitting(belief)
        y[0, 8] *= 1.1
        belief = step(belief, y).belief
    later, _ = shown(MODEL, belief)
    names = [channel.point for channel in states(MODEL)]
    cop = names.index("cop_k")
    assert 0.0 < later[0, cop] - before[0, cop] < 0.05


def test_a_lasting_error_ends_up_in_the_slow_state_within_hours() -> None:
    belief, truth_p = begun(MODEL, P), params(cop=4.05 / 1.1)
    truth = MODEL.initial(truth_p)
    for _ in range(2_500):
        truth = MODEL.step(truth, U, truth_p, DT)
        belief = step(belief, MODEL.observe(truth, U, truth_p)).belief
    value, variance = shown(MODEL, belief)
    cop = [channel.point for channel in states(MODEL)].index("cop_k")
    assert value[0, cop] == pytest.approx(1.1, abs=0.04)
    assert 0.0 < variance[0, cop] ** 0.5 < 0.05


def test_a_filter_that_most_sensors_contradict_begins_anew_and_says_so() -> None:
    belief, said = after(400), []
    for count in range(400):
        y = fitting(belief)
        y[0, :6] += 15.0 + 0.01 * count
        y[0, 8:] *= 3.0
        found = step(belief, y)
        belief = found.belief
        said.append(bool(found.lost[0]))
    assert not any(said[:60])
    assert any(said)


def test_a_belief_that_is_no_number_begins_anew_alone() -> None:
    one = after(5)
    sick = Belief(*(np.concatenate([each, each]) for each in one))
    sick.x[1, 0] = np.nan
    y = np.repeat(fitting(one), 2, axis=0)
    found = step(sick, y, u=np.repeat(U, 2, axis=0))
    assert found.lost.tolist() == [False, True]
    assert np.isfinite(found.belief.x).all()
    alone = step(one, y[:1])
    assert (found.belief.x[0] == alone.belief.x[0]).all()
    assert begun(MODEL, P).health[0] < LOST


def test_after_a_gap_fast_states_begin_anew_and_slow_ones_stay() -> None:
    belief = after(100)
    belief.x[0, 6] = -2.0
    anew = resumed(MODEL, belief, P)
    assert (anew.x[0, :6] == MODEL.initial(P)[0, :6]).all()
    assert anew.x[0, 6] == -2.0
    assert (anew.covariance == diagonal(MODEL.spread(P).initial)).all()


def test_a_logarithm_is_shown_as_what_it_is_of() -> None:
    belief = begun(MODEL, P)
    value, variance = shown(MODEL, belief)
    assert value[0, 6] == pytest.approx(0.05)
    assert variance[0, 6] ** 0.5 == pytest.approx(0.03)


def test_shares_follow_the_length_of_the_step() -> None:
    channels: Sequence[Channel] = [
        Channel("a", "a", "power", ChannelRole.FAST_STATE),
        Channel("b", "b", "power", ChannelRole.SLOW_STATE, learning_s=600.0),
    ]
    found = gain_shares(list(channels), np.array([6.0, 3_600.0]))
    assert found.tolist() == [[1.0, 0.01], [1.0, 1.0]]


@pytest.mark.parametrize("rows", (2, 7, 100))
def test_a_site_alone_and_in_any_batch_gives_the_same_bits(rows: int) -> None:
    noise = default_rng(rows)
    p = np.repeat(P, rows, axis=0) * noise.uniform(0.95, 1.0, (rows, P.shape[1]))
    u, dt = np.repeat(U, rows, axis=0), noise.choice([2.0, 5.0, 30.0], rows)
    whole = begun(MODEL, p)
    alone = [begun(MODEL, p[row : row + 1]) for row in range(rows)]
    for _ in range(4):
        u[:, 0] = noise.uniform(5e3, 2e4, rows)
        y = MODEL.observe(whole.x, u, p) + noise.normal(size=(rows, 13))
        number = noise.integers(0, 3, (rows, 13)).astype(float)
        whole = estimate(MODEL, whole, u, Reading(y, number), p, dt).belief
        for row in range(rows):
            r = slice(row, row + 1)
            alone[row] = estimate(
                MODEL, alone[row], u[r], Reading(y[r], number[r]), p[r], dt[r]
            ).belief
    for part, each in enumerate(whole):
        assert (np.concatenate([belief[part] for belief in alone]) == each).all()


@pytest.mark.slow
def test_the_band_covers_what_the_model_itself_with_its_noise_would_give() -> None:
    noise, rows, steps = default_rng(7), 50, 600
    p, dt = np.repeat(P, rows, axis=0), np.full(rows, 5.0)
    u = np.repeat(U, rows, axis=0)
    spread = MODEL.spread(p)
    sd = np.sqrt(spread.reading + spread.shape)
    belief = begun(MODEL, p)
    truth = belief.x + noise.normal(size=belief.x.shape) * 0.3 * np.sqrt(spread.initial)
    inside = np.zeros(13)
    for number in range(steps):
        walk = np.sqrt(spread.process * 5.0)
        truth = MODEL.step(truth, u, p, dt) + noise.normal(size=truth.shape) * walk
        y = MODEL.observe(truth, u, p) + noise.normal(size=sd.shape) * sd
        found = estimate(MODEL, belief, u, Reading(y, np.ones_like(y)), p, dt)
        belief = found.belief
        if number >= 100:
            band = 1.645 * np.sqrt(found.innovation_variance)
            inside += (np.abs(y - found.prior) < band).mean(axis=0)
    coverage = inside / (steps - 100)
    # A little wide where slow states count: they take shares, and the truth began near the prior.
    assert ((coverage > 0.87) & (coverage < 0.95)).all(), coverage
