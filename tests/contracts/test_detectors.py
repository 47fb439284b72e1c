"""What holds of every detector, whatever it looks for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.seen import EXCURSIONS, healthy, rows_of, scores, step_of, steps_of

from analytics.detector import FIT_MARGIN, HOLD_S, WARM_UP_S, Detector, Gated, Seen
from analytics.drift import Drift
from analytics.level import Level
from analytics.standard import standard_detectors
from analytics.stuck import Stuck
from analytics.variance import Variance

DETECTORS = standard_detectors()
NAMES = tuple(DETECTORS)
STEPS = 2_400  # 200 min of 5 s
EXCURSION = slice(1_800, 2_040)  # 20 min, after 150 min
EVERY = pytest.mark.parametrize("name", NAMES)

anything = st.floats(allow_nan=True, allow_infinity=True)
rows_of_anything = st.lists(
    st.tuples(anything, anything, anything, anything, anything, st.booleans()),
    min_size=1,
    max_size=12,
)


def known_one(name: str) -> tuple[Detector, Seen]:
    return DETECTORS[name], EXCURSIONS[name](healthy(STEPS), EXCURSION)


def test_there_is_a_detector_of_each_kind() -> None:
    assert set(NAMES) == {"level", "stuck", "variance", "drift"}


@EVERY
@settings(deadline=None, max_examples=40)
@given(history=rows_of_anything)
def test_nothing_that_comes_makes_a_number_that_is_none(
    name: str, history: list[tuple[float, float, float, float, float, bool]]
) -> None:
    detector = DETECTORS[name]
    state = detector.initial(1)
    for *numbers, trusted in history:
        residual, sd, measured, resolution, dt_s = (np.array([number]) for number in numbers)
        seen = Seen(residual, sd, measured, resolution, dt_s, np.array([trusted]))
        with np.errstate(over="ignore"):
            state, score = detector.update(state, seen)
        assert np.isfinite(state).all()
        assert np.isfinite(score.value).all()
        assert np.isfinite(score.baseline).all()
        assert score.direction[0] in {-1.0, 0.0, 1.0}


@EVERY
def test_healthy_rows_never_alarm(name: str) -> None:
    values, _, _ = scores(DETECTORS[name], healthy(5_760, rows=12))
    assert values.max() < 1.0


@EVERY
def test_one_excursion_is_one_alarm_and_ends(name: str) -> None:
    detector, seen = known_one(name)
    values, _, _ = scores(detector, seen)
    for row in values.T:
        assert row[: EXCURSION.start].max() < 1.0
        over = np.flatnonzero(row >= 1.0)
        assert EXCURSION.start <= over[0] < EXCURSION.stop
        gone = over[0] + np.flatnonzero(row[over[0] :] < 0.7)[0]
        assert gone >= EXCURSION.stop, "it fell below 0.7 within the excursion"
        assert row[gone:].max() < 1.0, "it came back after the end"


@EVERY
def test_an_excursion_raises_no_second_alarm_when_every_other_reading_is_missing(name: str) -> None:
    detector, seen = known_one(name)
    if name != "drift":
        seen.measured[::2], seen.residual[::2] = np.nan, np.nan
    values, _, _ = scores(detector, seen)
    for row in values.T:
        over = np.flatnonzero(row >= 1.0)
        assert over.size
        assert row[over[0] : EXCURSION.stop].min() >= 0.7


@EVERY
def test_rows_do_not_see_their_neighbours_in_a_single_bit(name: str) -> None:
    detector, seen = known_one(name)
    together, _, state = scores(detector, seen)
    for row in range(3):
        alone, _, own = scores(detector, rows_of(seen, slice(row, row + 1)))
        assert alone[:, 0].tobytes() == together[:, row].tobytes()
        assert own[0].tobytes() == state[row].tobytes()


@EVERY
def test_the_same_history_gives_the_same_scores_and_the_given_state_is_left_alone(
    name: str,
) -> None:
    detector, seen = known_one(name)
    _, _, state = scores(detector, seen)
    kept = state.copy()
    first, score = detector.update(state, step_of(seen, -1))
    second, again = detector.update(state, step_of(seen, -1))
    assert state.tobytes() == kept.tobytes()
    assert first.tobytes() == second.tobytes()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(score, again, strict=True))


@EVERY
def test_a_restart_from_the_state_as_lists_goes_on_bit_by_bit(name: str) -> None:
    detector, seen = known_one(name)
    state = detector.initial(3)
    for step in range(STEPS):
        if step == EXCURSION.start + 120:
            stored = np.array(state.tolist())
            assert stored.shape == (3, detector.width)
            again = stored
        state, score = detector.update(state, step_of(seen, step))
        if step >= EXCURSION.start + 120:
            again, same = detector.update(again, step_of(seen, step))
            assert same.value.tobytes() == score.value.tobytes()


@EVERY
def test_nothing_is_known_before_ten_trusted_minutes(name: str) -> None:
    _, known, _ = scores(DETECTORS[name], healthy(200))
    first = int(np.flatnonzero(known.all(axis=1))[0])
    assert (first + 1) * 5.0 == WARM_UP_S
    assert known[first:].all()


@EVERY
def test_an_untrusted_row_says_nothing_and_remembers(name: str) -> None:
    detector, seen = known_one(name)
    _, _, state = scores(detector, steps_of(seen, slice(1_700)))
    shown = step_of(seen, 1_700)._replace(trusted=np.array([False, True, True]))
    after, score = detector.update(state, shown)
    assert score.value[0] == 0.0
    assert list(score.known) == [False, True, True]
    own = slice(2, None)  # all but the gate's two clocks
    assert (after[0, own] == state[0, own]).all()


@EVERY
def test_one_untrusted_step_blinds_for_a_minute_and_a_gap_for_ten(name: str) -> None:
    detector = DETECTORS[name]
    seen = healthy(400)
    seen.trusted[200] = False
    _, known, _ = scores(detector, seen)
    assert not known[200:209].any()
    assert known[211:].all()
    seen.trusted[200] = True
    seen.dt_s[200] = 7_200.0
    _, known, _ = scores(detector, seen)
    assert not known[200 : 200 + int(WARM_UP_S / 5.0) - 1].any()
    assert known[-1].all()


@EVERY
def test_what_is_not_read_for_long_is_not_known_and_no_alarm(name: str) -> None:
    detector, seen = known_one(name)
    lost = EXCURSION.stop - 20
    seen.measured[lost:], seen.residual[lost:] = np.nan, np.nan
    values, known, _ = scores(detector, seen)
    last = lost + int(HOLD_S / 5.0)
    assert known[lost:last].all()
    assert not known[last:].any()
    assert (values[last:] == 0.0).all()


@EVERY
@pytest.mark.parametrize("jump_s", (0.0, -3_600.0, 600.0, 1e12, np.nan))
def test_a_step_of_the_clock_is_no_alarm(name: str, jump_s: float) -> None:
    seen = healthy(STEPS)
    seen.dt_s[1_800] = jump_s
    values, _, state = scores(DETECTORS[name], seen)
    assert values.max() < 1.0
    assert np.isfinite(state).all()


@EVERY
def test_a_twin_half_or_twice_as_sure_as_it_should_be_alarms_no_more(name: str) -> None:
    for factor in (0.5, 2.0):
        seen = healthy(2_880, rows=12)
        if name != "drift":
            seen = seen._replace(sd=factor * seen.sd)
        values, _, _ = scores(DETECTORS[name], seen)
        assert values.max() < 1.0


@pytest.mark.parametrize("chart", (Level(), Stuck(), Variance(), Drift()))
def test_fitting_puts_the_healthy_maximum_a_margin_below_the_alarm(
    chart: Level | Stuck | Variance | Drift,
) -> None:
    seen = healthy(STEPS)
    fitted = Gated(chart).fit(seen)
    values, _, _ = scores(fitted, seen)
    assert values.max() == pytest.approx(1.0 / FIT_MARGIN, rel=0.05)
