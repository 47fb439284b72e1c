from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.alerts import LEVEL, Run

from podtwin.alerts.conditions import (
    INACTIVE,
    OPEN,
    TRANSITIONS,
    Condition,
    Signal,
    State,
    Tells,
    advance,
    withdrawn,
)
from podtwin.alerts.handling import Handling, HandlingEvent
from podtwin.alerts.rules import Rule, Severity

ESCALATING = msgspec.structs.replace(LEVEL, critical_at=5.0)
AT_ONCE = msgspec.structs.replace(LEVEL, for_s=0.0, clear_for_s=0.0)


def firing(rule: Rule = LEVEL) -> Run:
    run = Run(rule)
    run.see(2.0, for_s=rule.for_s)
    assert run.is_in(State.FIRING)
    return run


def test_it_fires_once_it_has_held_and_resolves_once_it_has_cleared() -> None:
    run = Run(LEVEL)
    run.see(1.5, for_s=5)
    assert run.is_in(State.PENDING)
    run.see(1.5, for_s=5)
    assert run.is_in(State.FIRING)
    run.see(0.1, for_s=55)
    assert run.is_in(State.RECOVERING)
    run.see(0.1, for_s=10)
    assert run.is_in(State.RESOLVED)
    assert run.told == [Tells.FIRING, Tells.RESOLVED]


def test_what_falls_before_it_has_held_tells_nobody() -> None:
    run = Run(LEVEL)
    run.see(1.5, for_s=5)
    run.see(0.2)
    assert (run.condition, run.told) == (INACTIVE, [])


@pytest.mark.parametrize("score", (0.7, 0.99))
def test_between_its_two_thresholds_nothing_changes(score: float) -> None:
    for run in (Run(LEVEL), firing()):
        before = run.condition.state
        run.see(score, for_s=600)
        assert run.is_in(before)


def test_a_spike_that_stays_below_one_afterwards_never_fires() -> None:
    run = Run(LEVEL)
    run.see(1.1)
    run.see(0.8, for_s=600)
    assert run.is_in(State.PENDING)
    assert run.told == []


def test_a_flap_while_it_recovers_is_the_same_alert_and_told_once() -> None:
    run = firing()
    started_ns = run.condition.started_ns
    for _ in range(5):
        run.see(0.1, for_s=30)
        run.see(1.2, for_s=30)
    assert (run.condition.started_ns, run.told) == (started_ns, [Tells.FIRING])


def test_without_hold_times_everything_happens_in_one_step() -> None:
    run = Run(AT_ONCE)
    run.see(1.0)
    assert [change.after.state for change in run.changes] == [State.PENDING, State.FIRING]
    run.see(0.0)
    assert [change.after.state for change in run.changes[2:]] == [State.RECOVERING, State.RESOLVED]


def test_what_is_no_longer_seen_has_not_recovered() -> None:
    run = firing()
    run.lose(for_s=50)
    assert run.is_in(State.FIRING)  # a missing step is no lost sensor
    run.lose(for_s=600)
    assert run.is_in(State.NO_DATA)
    assert run.told == [Tells.FIRING, Tells.NO_DATA]


def test_what_comes_back_bad_fires_on_as_the_same_alert() -> None:
    run = firing()
    started_ns = run.condition.started_ns
    run.lose(for_s=120)
    run.see(1.5)
    assert run.is_in(State.FIRING)
    assert run.condition.started_ns == started_ns
    assert run.told == [Tells.FIRING, Tells.NO_DATA, Tells.FIRING]


def test_what_comes_back_well_recovers_before_it_is_resolved() -> None:
    run = firing()
    run.lose(for_s=120)
    run.see(0.1, for_s=5)
    assert run.is_in(State.RECOVERING)
    run.see(0.1, for_s=65)
    assert run.is_in(State.RESOLVED)


def test_what_was_pending_when_it_was_lost_is_forgotten() -> None:
    run = Run(LEVEL)
    run.see(1.5)
    run.lose(for_s=120)
    assert (run.condition, run.told) == (INACTIVE, [])


def test_no_number_counts_as_nothing_seen() -> None:
    run = firing()
    run.see(math.nan, for_s=120)
    assert run.is_in(State.NO_DATA)


def test_a_second_excursion_is_another_alert() -> None:
    run = firing()
    first_ns = run.condition.started_ns
    run.see(0.0, for_s=70)
    run.see(3.0, for_s=10)
    assert run.is_in(State.FIRING)
    assert run.condition.started_ns > first_ns
    assert run.condition.worst == 3.0


def test_the_worst_score_is_kept() -> None:
    run = firing()
    run.see(4.0)
    run.see(1.2, for_s=30)
    assert run.condition.worst == 4.0


def test_a_rise_to_critical_is_told_once() -> None:
    run = firing(ESCALATING)
    run.see(6.0, for_s=30)
    run.see(2.0, for_s=30)
    run.see(7.0)
    assert run.told == [Tells.FIRING, Tells.WORSE]
    assert run.condition.severity is Severity.CRITICAL


def test_what_fires_critical_at_once_is_not_told_twice() -> None:
    run = Run(ESCALATING)
    run.see(6.0, for_s=30)
    assert (run.condition.severity, run.told) == (Severity.CRITICAL, [Tells.FIRING])


def test_what_was_acknowledged_and_doubles_breaks_through() -> None:
    run = firing()
    run.handle(HandlingEvent.ACKNOWLEDGE, by="kl")
    run.see(3.9, for_s=30)
    assert run.told == [Tells.FIRING]
    assert run.is_handled(Handling.ACKNOWLEDGED)
    run.see(4.0, for_s=30)
    assert run.told == [Tells.FIRING, Tells.WORSE]
    assert run.is_handled(Handling.NEW)


def test_what_nobody_has_taken_may_double_without_another_word() -> None:
    run = firing()
    run.see(40.0, for_s=30)
    assert run.told == [Tells.FIRING]


def test_an_acknowledgement_does_not_outlive_its_alert() -> None:
    run = firing()
    run.handle(HandlingEvent.ACKNOWLEDGE, by="kl")
    run.see(0.0, for_s=70)
    run.see(2.0, for_s=10)
    assert run.is_handled(Handling.NEW)


scores = st.one_of(st.none(), st.floats(0.0, 10.0), st.just(math.nan))


@given(st.lists(scores, max_size=60), st.sampled_from((LEVEL, ESCALATING, AT_ONCE)))
def test_any_history_keeps_to_the_table(history: list[float | None], rule: Rule) -> None:
    run = Run(rule)
    for score in history:
        run.lose() if score is None else run.see(score)
    for change in run.changes:
        if change.event is not None:
            assert TRANSITIONS[change.before, change.event] is change.after.state
    assert all(change.before in OPEN for change in run.changes if change.event is None)


@given(st.lists(scores, max_size=60))
def test_each_alert_is_told_as_firing_before_it_is_told_as_resolved(
    history: list[float | None],
) -> None:
    run = Run(AT_ONCE)
    for score in history:
        run.lose() if score is None else run.see(score)
    is_open = False
    for told in run.told:
        assert is_open or told is Tells.FIRING
        is_open = told is not Tells.RESOLVED


@given(st.lists(scores, max_size=40))
def test_a_restart_from_its_checkpoint_changes_nothing(history: list[float | None]) -> None:
    plain, restarted = Run(AT_ONCE), Run(AT_ONCE)
    for score in history:
        for run in (plain, restarted):
            run.lose() if score is None else run.see(score)
        packed = msgspec.msgpack.encode(restarted.condition)
        restarted.condition = msgspec.msgpack.decode(packed, type=Condition)
    assert plain.changes == restarted.changes


def test_a_quiet_condition_that_stays_quiet_is_the_very_same() -> None:
    assert advance(INACTIVE, LEVEL, Signal(0.99), 5) == (INACTIVE, [])
    assert advance(INACTIVE, LEVEL, None, 5)[0] is INACTIVE


@pytest.mark.parametrize("state", (State.FIRING, State.RECOVERING, State.NO_DATA))
def test_what_is_watched_no_more_is_resolved_and_told(state: State) -> None:
    before = msgspec.structs.replace(firing().condition, state=state)
    after, (change,) = withdrawn(before, before.since_ns + 5)
    assert (after.state, after.started_ns) == (State.RESOLVED, before.started_ns)
    assert change.tells is Tells.RESOLVED


def test_what_was_pending_and_is_watched_no_more_tells_nobody() -> None:
    after, (change,) = withdrawn(Condition(State.PENDING), 5)
    assert (after.quiet, change.tells) == (True, None)
    assert withdrawn(INACTIVE, 5) == (INACTIVE, [])
