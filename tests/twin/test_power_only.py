from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from podcore.site import SiteType
from twin.estimator import Belief, Reading, begun, estimate
from twin.model import Array
from twin.parameters import PARAMETERS
from twin.power_only import SQUARE_ROOT, Params, PowerOnly

MODEL = PowerOnly()
TABLE = PARAMETERS[SiteType.POWER_ONLY]
P = np.array([[*(p.mean for p in TABLE), *(p.sd for p in TABLE)]])
DT = np.array([30.0])


def load(tasks: Array) -> Array:
    """The workload columns of tasks with these utilisations."""
    return np.array([[len(tasks), *((tasks**power).sum() for power in (1, 2, 4))]])


def watched(
    steps: int, *, idle_w: float = 9_000.0, task_w: float = 140.0, quiet: int = 0
) -> Belief:
    """A cluster whose tasks draw a square root each, watched for a while."""
    noise, belief = default_rng(5), begun(MODEL, P)
    for step in range(steps):
        number = 100 if step < quiet else 60 + int(40 * (1 + np.sin(step / 60)))
        tasks = np.full(number, 0.5) if step < quiet else noise.uniform(0.0, 1.0, number)
        power = idle_w + task_w * np.sqrt(tasks).sum() + 50.0 * noise.normal()
        reading = Reading(np.array([[power]]), np.ones((1, 1)))
        belief = estimate(MODEL, belief, load(tasks), reading, P, DT).belief
    return belief


def test_the_columns_of_the_parameters_are_those_of_the_type() -> None:
    assert Params._fields == tuple(p.name for p in TABLE)


def test_the_columns_make_a_square_root_within_three_hundredths_above_a_twentieth() -> None:
    u = np.linspace(0.05, 1.0, 96)
    found = sum(c * u**power for c, power in zip(SQUARE_ROOT, (0, 1, 2, 4), strict=True))
    assert np.abs(found - np.sqrt(u)).max() < 0.03


def test_power_is_learned_from_what_runs() -> None:
    belief = watched(2_880)
    tasks = default_rng(9).uniform(0.0, 1.0, 130)
    expected = 9_000.0 + 140.0 * np.sqrt(tasks).sum()
    found = MODEL.observe(belief.x, load(tasks), P)[0, 0]
    assert found == pytest.approx(expected, rel=0.01)


def test_a_site_file_that_is_sure_of_its_idle_power_keeps_no_task_from_being_learned() -> None:
    sure = P.copy()
    sure[0, len(TABLE) + Params._fields.index("idle_share")] = 0.0
    noise, belief = default_rng(5), begun(MODEL, sure)
    for _ in range(300):
        tasks = noise.uniform(0.0, 1.0, 60 + int(noise.integers(80)))
        power = 11_000.0 + 100.0 * np.sqrt(tasks).sum()
        reading = Reading(np.array([[power]]), np.ones((1, 1)))
        step = estimate(MODEL, belief, load(tasks), reading, sure, DT)
        belief = step.belief
        assert not step.lost.any()
    tasks = noise.uniform(0.0, 1.0, 130)
    expected = 11_000.0 + 100.0 * np.sqrt(tasks).sum()
    assert MODEL.observe(belief.x, load(tasks), sure)[0, 0] == pytest.approx(expected, rel=0.02)


def test_a_quiet_week_winds_nothing_up() -> None:
    belief = watched(2_000, quiet=2_000)
    first = np.diagonal(begun(MODEL, P).covariance[0])
    assert (np.diagonal(belief.covariance[0]) <= first * 1.01).all()
    assert np.isfinite(belief.x).all()


def test_the_bias_fades_and_the_coefficients_stay_without_readings() -> None:
    x = MODEL.initial(P)
    x[0, 0] += 1_000.0
    x[0, 5] = 800.0
    later = MODEL.step(x, np.zeros((1, 4)), P, 6 * 3_600.0)
    assert later[0, 5] == pytest.approx(800.0 * np.exp(-2.0))
    assert later[0, 0] == pytest.approx(x[0, 0], rel=0.01)


def test_more_tasks_take_more_power_and_a_busy_one_more_than_an_idle_one() -> None:
    x = MODEL.initial(P)
    powers = [MODEL.observe(x, load(np.full(100, u)), P)[0, 0] for u in (0.0, 0.2, 0.5, 0.8, 1.0)]
    assert powers == sorted(powers)
    rises = np.diff(powers) / np.diff([0.0, 0.2, 0.5, 0.8, 1.0])
    assert rises[0] > rises[-1]


def test_a_site_alone_and_in_any_batch_gives_the_same_bits() -> None:
    noise, rows = default_rng(1), 9
    p = np.repeat(P, rows, axis=0)
    x = MODEL.initial(p) * noise.uniform(0.5, 2.0, (rows, 6))
    u = noise.uniform(0.0, 200.0, (rows, 4))
    whole = MODEL.step(x, u, p, 30.0), MODEL.observe(x, u, p)
    for row in range(rows):
        r = slice(row, row + 1)
        assert (MODEL.step(x[r], u[r], p[r], 30.0) == whole[0][r]).all()
        assert (MODEL.observe(x[r], u[r], p[r]) == whole[1][r]).all()
