from __future__ import annotations

import numpy as np
import pytest
from support.clusters import cluster

from twin.first_guess import first_guess
from twin.steady import steady

POWER, WORK = cluster(900)
PARAMS, _ = first_guess(POWER, WORK)


def test_power_is_learned_from_what_runs() -> None:
    found = steady(POWER, WORK, WORK, PARAMS, 600.0, 6)
    assert np.abs(found / POWER - 1.0)[-200:].mean() < 0.005


def test_a_quiet_month_leaves_what_it_says_of_other_loads_between_prior_and_truth() -> None:
    quiet = np.tile(WORK[0], (4_320, 1))
    power = np.full(4_320, POWER[0])
    busy = np.tile(2.0 * WORK[0], (4_320, 1))
    found = steady(power, quiet, busy, PARAMS, 600.0, 6)
    prior = steady(np.full(4_320, np.nan), quiet, busy, PARAMS, 600.0, 6)
    assert np.isfinite(found).all()
    assert found[-1] == pytest.approx(prior[-1], rel=0.2)


def test_after_a_quiet_month_it_is_as_good_as_before() -> None:
    noise = np.random.default_rng(1).normal(size=4_320)
    quiet_w = POWER[400] * (1.0 + 0.003 * noise)
    power = np.concatenate([POWER[:400], quiet_w, POWER[400:]])
    work = np.concatenate([WORK[:400], np.tile(WORK[400], (4_320, 1)), WORK[400:]])
    off = np.abs(steady(power, work, work, PARAMS, 600.0, 6) / power - 1.0)
    assert off[4_720:].max() < 0.1
    assert off[-200:].mean() < 0.005


def test_without_power_it_is_the_prior() -> None:
    found = steady(np.full(10, np.nan), WORK[:10], WORK[:10], PARAMS, 600.0, 1)
    assert found[0] == pytest.approx(POWER[0], rel=0.02)


def test_what_a_site_file_is_sure_of_stays() -> None:
    sure = PARAMS.copy()
    sure[0, PARAMS.shape[1] // 2 + 1] = 0.0  # the spread of `idle_share`
    idle = np.zeros_like(WORK)
    found = steady(1.1 * POWER, WORK, idle, sure, 600.0, 6)
    assert found[-1] == pytest.approx(sure[0, 0] * sure[0, 1], rel=1e-3)
