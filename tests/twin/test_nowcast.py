from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from podcore.site import SiteType
from twin.nowcast import nowcast
from twin.parameters import PARAMETERS
from twin.power_only import SQUARE_ROOT

TABLE = PARAMETERS[SiteType.POWER_ONLY]
P = np.array([[*(p.mean for p in TABLE), *(p.sd for p in TABLE)]])
NOISE = default_rng(4)
WORK = np.abs(NOISE.normal(size=(200, 4))) * [100.0, 60.0, 50.0, 40.0]
POWER = 9_000.0 + WORK @ [20.0, 200.0, -50.0, -20.0]


def test_a_prediction_knows_no_power_younger_than_its_delay_and_no_later_workload() -> None:
    predicted, _ = nowcast(POWER, WORK, WORK, P, 30.0, 20)
    later, work = POWER.copy(), WORK.copy()
    later[131:] = 1e6
    work[151:] = 1e6
    other, _ = nowcast(later, work, work, P, 30.0, 20)
    assert (other[:151] == predicted[:151]).all()
    assert (other[151:] != predicted[151:]).all()


def test_before_any_power_is_known_it_is_the_priors() -> None:
    predicted, sd = nowcast(POWER, WORK, WORK, P, 30.0, 20)
    tasks_w = 150.0 * (WORK[0] @ SQUARE_ROOT)
    assert predicted[0] == pytest.approx(0.22 * 50_000.0 + tasks_w, rel=1e-3)
    assert sd[0] > 2.0 * sd[-1]


def test_readings_that_are_missing_are_passed_over() -> None:
    holes = POWER.copy()
    holes[50:60] = np.nan
    predicted, sd = nowcast(holes, WORK, WORK, P, 30.0, 20)
    assert np.isfinite(predicted).all()
    assert np.isfinite(sd).all()


def test_a_step_without_workload_teaches_nothing() -> None:
    holes = WORK.copy()
    holes[50:60] = np.nan
    masked = np.where(np.isnan(holes[:, 0]), np.nan, POWER)
    assert (
        nowcast(POWER, holes, WORK, P, 30.0, 20)[0] == nowcast(masked, WORK, WORK, P, 30.0, 20)[0]
    ).all()


def test_of_long_work_it_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    nowcast(POWER, WORK, WORK, P, 30.0, 20, lambda done, total: told.append((done, total)))
    assert told[0] == (0, 200)
