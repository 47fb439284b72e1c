"""What each track knows, and what it makes of gaps and quiet weeks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clusters import cluster

from twin.first_guess import first_guess
from twin.model import Array
from twin.tracks import Track, predict

STEP_S, DELAY_S = 1_800.0, 3_600.0
POWER, WORK = cluster(200, STEP_S)
PARAMS, _ = first_guess(POWER, WORK)


def told(track: Track, power_w: Array = POWER, work: Array = WORK) -> Array:
    return predict(track, power_w, work, PARAMS, STEP_S, DELAY_S)


BEFORE = {track: told(track) for track in Track}


@pytest.mark.parametrize("track", Track)
@settings(max_examples=8, deadline=None)
@given(st.integers(1, 199), st.floats(0.0, 1e6) | st.just(float("nan")))
def test_power_of_later_changes_no_prediction(track: Track, at: int, value: float) -> None:
    later = POWER.copy()
    later[at:] = value
    until = at + track.ages(STEP_S, DELAY_S)[1]
    assert np.array_equal(told(track, later)[:until], BEFORE[track][:until], equal_nan=True)


@pytest.mark.parametrize("track", Track)
@settings(max_examples=8, deadline=None)
@given(st.integers(1, 199), st.floats(0.0, 10.0) | st.just(float("nan")))
def test_workload_of_later_changes_no_prediction(track: Track, at: int, factor: float) -> None:
    later = WORK.copy()
    later[at:] *= factor
    until = at + track.ages(STEP_S, DELAY_S)[0]
    assert np.array_equal(told(track, work=later)[:until], BEFORE[track][:until], equal_nan=True)


@pytest.mark.parametrize("track", Track)
def test_what_may_be_known_is_used(track: Track) -> None:
    lead, age = track.ages(STEP_S, DELAY_S)
    power, work = POWER.copy(), WORK.copy()
    power[100] *= 1.01
    work[100] *= 1.01
    assert told(track, power)[100 + age] != BEFORE[track][100 + age]
    assert told(track, work=work)[100 + lead] != BEFORE[track][100 + lead]


@pytest.mark.parametrize("track", Track)
def test_files_that_end_sooner_give_the_same_predictions_to_their_end_and_ahead(
    track: Track,
) -> None:
    cut = told(track, POWER[:150], WORK[:150])
    assert len(cut) == 150 + track.ages(STEP_S, DELAY_S)[0]
    assert np.array_equal(cut, BEFORE[track][: len(cut)], equal_nan=True)


def test_a_delay_longer_than_the_lead_is_the_age_of_power() -> None:
    assert Track.H1.ages(600.0, 7_200.0) == (6, 12)
    assert Track.H24.ages(600.0, 3_600.0) == (144, 144)
    assert Track.NOWCAST.ages(7_200.0, 3_600.0) == (0, 1)


@pytest.mark.parametrize("track", Track)
def test_gaps_are_passed_over(track: Track) -> None:
    power, work = POWER.copy(), WORK.copy()
    power[80:95], work[90:100] = np.nan, np.nan
    found = told(track, power, work)
    age = track.ages(STEP_S, DELAY_S)[1]
    assert np.isfinite(found[age:]).all()
    held = slice(age, len(POWER))
    off = np.abs(found[held] / POWER[held] - 1.0).mean()
    before = np.abs(BEFORE[track][held] / POWER[held] - 1.0).mean()
    assert off < before + 0.03


@pytest.mark.parametrize("track", Track)
def test_a_quiet_week_at_constant_load_ends_as_it_began(track: Track) -> None:
    quiet_w = np.full(336, POWER[0])
    found = predict(track, quiet_w, np.tile(WORK[0], (336, 1)), PARAMS, STEP_S, DELAY_S)
    assert found[-48:] == pytest.approx(POWER[0], rel=0.002)


def test_after_a_quiet_week_a_nowcast_is_as_good_as_before() -> None:
    power = np.concatenate([POWER, np.full(336, POWER[-1]), POWER])
    work = np.concatenate([WORK, np.tile(WORK[-1], (336, 1)), WORK])
    off = np.abs(told(Track.NOWCAST, power, work) / power - 1.0)
    assert off[-200:].mean() < 1.2 * off[20:200].mean()


def test_a_nowcast_of_what_runs_is_better_than_the_newest_reading() -> None:
    off = np.abs(BEFORE[Track.NOWCAST] / POWER - 1.0)[20:].mean()
    held = np.abs(POWER[:-2] / POWER[2:] - 1.0)[18:].mean()
    assert off < 0.3 * held


def test_power_is_never_below_nothing() -> None:
    off_w = np.where(np.arange(200) < 100, POWER, 0.0)
    assert (told(Track.NOWCAST, off_w, np.where(off_w[:, None] > 0, WORK, 0.0))[2:] >= 0.0).all()
