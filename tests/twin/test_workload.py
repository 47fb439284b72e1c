from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clusters import cluster

from twin.workload import expected, newest, usual_busy_share

_, WORK = cluster(400)


def test_without_a_lead_it_is_what_runs() -> None:
    assert (expected(WORK, 600.0, 0) == WORK).all()


def test_ahead_it_rests_on_what_ran_then() -> None:
    later = WORK.copy()
    later[201:] *= 3.0
    assert np.array_equal(
        expected(WORK, 600.0, 6)[:207], expected(later, 600.0, 6)[:207], equal_nan=True
    )


def test_as_many_tasks_go_on_and_a_day_ahead_as_many_are_busy_as_usual() -> None:
    work = WORK.copy()
    work[390:, 1:] = 0.0  # all of a sudden they wait
    ahead = expected(work, 600.0, 144)[-1]
    busy = usual_busy_share(work, 600.0)[-145] * work[-145, 0]
    assert ahead[0] == pytest.approx(work[-145, 0], rel=0.05)
    assert ahead[3] == pytest.approx(busy, rel=0.05)


@given(st.integers(1, 200), st.floats(0.0, 1.05))
def test_what_is_expected_could_run(lead: int, share: float) -> None:
    work = WORK.copy()
    work[100:, 1:] = share * work[100:, :1]
    ahead = expected(work, 600.0, lead)[lead:]
    assert (ahead >= 0.0).all()
    assert (ahead[:, 1:] <= 1.06 * ahead[:, :1]).all()


def test_a_gap_is_bridged_from_what_ran_before_it() -> None:
    holes = WORK.copy()
    holes[100:110] = np.nan
    ahead = expected(holes, 600.0, 0)
    assert np.isfinite(ahead).all()
    assert (ahead[100:110, 0] == WORK[99, 0]).all()
    assert (ahead[110:] == WORK[110:]).all()


def test_nothing_is_expected_before_anything_ran() -> None:
    assert np.isnan(expected(WORK, 600.0, 6)[:6]).all()
    assert newest(np.array([False, True, False]), 1).tolist() == [-1, -1, 1]
