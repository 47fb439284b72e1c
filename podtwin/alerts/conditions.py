"""Conditions: whether something is wrong, as a table, in site time.

Hysteresis: a score of 1 raises, one below `clear_below` lets go, between them nothing changes.
What is no longer seen is never taken for recovered: it becomes `no_data`, and comes back as it
was or goes on to recover. One loop applies what may happen at an instant until nothing more does,
so with `for_s = 0` a rule fires in the step that raised it.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from podcore.clock import NS
from podtwin.alerts.handling import Handled, HandlingEvent, handle
from podtwin.alerts.rules import Rule, Severity
from podtwin.alerts.table import follow

RAISED_AT = 1.0


class State(enum.StrEnum):
    """Where a condition is."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    RESOLVED = "resolved"
    NO_DATA = "no_data"


class Event(enum.StrEnum):
    """What happens to a condition."""

    RAISED = "raised"
    HELD = "held"
    FELL = "fell"
    CLEARED = "cleared"
    LOST = "lost"
    BACK = "back"
    WITHDRAWN = "withdrawn"


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.INACTIVE, Event.RAISED): State.PENDING,
        (State.PENDING, Event.HELD): State.FIRING,
        (State.PENDING, Event.FELL): State.INACTIVE,
        (State.PENDING, Event.LOST): State.INACTIVE,
        (State.FIRING, Event.FELL): State.RECOVERING,
        (State.FIRING, Event.LOST): State.NO_DATA,
        (State.RECOVERING, Event.RAISED): State.FIRING,
        (State.RECOVERING, Event.CLEARED): State.RESOLVED,
        (State.RECOVERING, Event.LOST): State.NO_DATA,
        (State.NO_DATA, Event.BACK): State.FIRING,
        (State.NO_DATA, Event.FELL): State.RECOVERING,
        (State.RESOLVED, Event.RAISED): State.PENDING,
        (State.PENDING, Event.WITHDRAWN): State.INACTIVE,
        (State.FIRING, Event.WITHDRAWN): State.RESOLVED,
        (State.RECOVERING, Event.WITHDRAWN): State.RESOLVED,
        (State.NO_DATA, Event.WITHDRAWN): State.RESOLVED,
    }
)
# In these a condition is an alert that somebody may have been told of.
OPEN = frozenset({State.FIRING, State.RECOVERING, State.NO_DATA})


class Tells(enum.StrEnum):
    """What a change tells people, as the last word of a webhook's type."""

    FIRING = "firing"
    RESOLVED = "resolved"
    NO_DATA = "no_data"
    WORSE = "worse"


# What has no entry is told to nobody: a flap within an excursion is no second alert. `back` is
# told under the alert's own id, since whoever keeps its state was told that it cannot be seen.
_TOLD: Mapping[tuple[State, Event], Tells] = MappingProxyType(
    {
        (State.PENDING, Event.HELD): Tells.FIRING,
        (State.FIRING, Event.LOST): Tells.NO_DATA,
        (State.RECOVERING, Event.LOST): Tells.NO_DATA,
        (State.NO_DATA, Event.BACK): Tells.FIRING,
        (State.RECOVERING, Event.CLEARED): Tells.RESOLVED,
        **{(state, Event.WITHDRAWN): Tells.RESOLVED for state in OPEN},
    }
)


class Signal(NamedTuple):
    """What is seen of a condition at an instant.

    score : in units of the rule's threshold; not a number counts as nothing seen.
    direction : -1 below, +1 above what is expected, 0 for neither.
    value, expected, band : measured, and what the twin says with its standard deviation, in the
        point's unit; None where there is no such thing.
    left_s : time to a limit, or since the last reading, for a rule that has one. [s]
    contributions : share of each channel (`asset/point`) in the score.
    suspected : the asset that it points at, or empty.
    """

    score: float
    direction: int = 0
    value: float | None = None
    expected: float | None = None
    band: float | None = None
    left_s: float | None = None
    contributions: Mapping[str, float] = MappingProxyType({})
    suspected: str = ""


class Condition(msgspec.Struct, frozen=True, array_like=True):
    """Where a rule stands at a point; goes into the checkpoint as it is.

    since_ns : when it came to this state. raised_ns : when this excursion began.
    started_ns : when it began to fire, which names the alert; 0 before.
    seen_ns : the last instant at which there was a signal.
    worst : the highest score of this excursion. severity : the worst so far.
    """

    state: State = State.INACTIVE
    since_ns: int = 0
    raised_ns: int = 0
    started_ns: int = 0
    seen_ns: int = 0
    worst: float = 0.0
    severity: Severity = Severity.WARNING
    handled: Handled = Handled()

    @property
    def quiet(self) -> bool:
        """Whether a condition that was never made would do as well: it need not be kept."""
        return self.state in {State.INACTIVE, State.RESOLVED}


INACTIVE = Condition()


class Change(NamedTuple):
    """One thing that happened to a condition.

    event : None when it grew worse without leaving its state.
    after : the condition just after it.
    tells : what people are told of it, None for nothing.
    """

    event: Event | None
    before: State
    after: Condition
    ts_ns: int
    tells: Tells | None

    @property
    def what(self) -> str:
        """Its word in keys and timelines: the state that was reached, or `worse`."""
        return Tells.WORSE.value if self.event is None else self.after.state.value


def advance(
    condition: Condition, rule: Rule, signal: Signal | None, ts_ns: int
) -> tuple[Condition, list[Change]]:
    """The condition at an instant, and what happened to it on the way, in order.

    A quiet condition with a score below 1, or with no signal, stays as it is, and its caller
    may leave out the call. Instants of a condition never go back.
    """
    if signal is not None and math.isnan(signal.score):
        signal = None
    if condition.quiet and (signal is None or signal.score < RAISED_AT):
        return condition, []
    if signal is not None:
        worst = max(signal.score, 0.0 if condition.quiet else condition.worst)
        condition = msgspec.structs.replace(condition, seen_ns=ts_ns, worst=worst)
    changes: list[Change] = []
    while (event := _next_event(condition, rule, signal, ts_ns)) is not None:
        after = _entered(condition, follow(TRANSITIONS, condition.state, event), rule, ts_ns)
        tells = _TOLD.get((condition.state, event))
        changes.append(Change(event, condition.state, after, ts_ns, tells))
        condition = after
    if condition.state is State.FIRING:
        return _escalated(condition, rule, ts_ns, changes)
    return condition, changes


def withdrawn(condition: Condition, ts_ns: int) -> tuple[Condition, list[Change]]:
    """The condition when its rule is switched off or its point taken away, and what that was.

    It is over, whatever it was: nothing will ever be seen of it again.
    """
    if condition.quiet:
        return condition, []
    state, event = condition.state, Event.WITHDRAWN
    after = msgspec.structs.replace(
        condition, state=follow(TRANSITIONS, state, event), since_ns=ts_ns
    )
    return after, [Change(event, state, after, ts_ns, _TOLD.get((state, event)))]


def handled(condition: Condition, event: HandlingEvent, by: str, ts_ns: int) -> Condition:
    """The condition after somebody took its alert, or let it go.

    Raises
    ------
    NoTransition  When its handling does not allow it.
    """
    after = handle(condition.handled, event, by, ts_ns, condition.worst)
    return msgspec.structs.replace(condition, handled=after)


def _next_event(
    condition: Condition, rule: Rule, signal: Signal | None, ts_ns: int
) -> Event | None:
    state = condition.state
    if signal is None:
        lost = ts_ns - condition.seen_ns >= rule.lost_for_s * NS
        return Event.LOST if lost and (state, Event.LOST) in TRANSITIONS else None
    raised, gone = signal.score >= RAISED_AT, signal.score < rule.clear_below
    lasts_ns = ts_ns - condition.since_ns
    match state:
        case State.INACTIVE | State.RESOLVED:
            return Event.RAISED if raised else None
        case State.PENDING:
            held = raised and lasts_ns >= rule.for_s * NS
            return Event.FELL if gone else Event.HELD if held else None
        case State.FIRING:
            return Event.FELL if gone else None
        case State.RECOVERING:
            cleared = gone and lasts_ns >= rule.clear_for_s * NS
            return Event.RAISED if raised else Event.CLEARED if cleared else None
        case State.NO_DATA:
            return Event.FELL if gone else Event.BACK


def _entered(condition: Condition, state: State, rule: Rule, ts_ns: int) -> Condition:
    """The condition in its next state."""
    if state is State.INACTIVE:
        return INACTIVE
    if state is State.PENDING:  # another excursion: nothing of the last one stays
        return Condition(state, ts_ns, ts_ns, 0, ts_ns, condition.worst)
    if condition.state is State.PENDING:
        severity = rule.severity_at(condition.worst)
        return msgspec.structs.replace(
            condition, state=state, since_ns=ts_ns, started_ns=ts_ns, severity=severity
        )
    return msgspec.structs.replace(condition, state=state, since_ns=ts_ns)


def _escalated(
    condition: Condition, rule: Rule, ts_ns: int, changes: list[Change]
) -> tuple[Condition, list[Change]]:
    """What fires may grow worse: by severity, or to twice what was acknowledged."""
    severity = rule.severity_at(condition.worst)
    rose = severity is Severity.CRITICAL and condition.severity is Severity.WARNING
    if not rose and not condition.handled.grew_worse(condition.worst):
        return condition, changes
    after = handled(condition, HandlingEvent.WORSE, "", ts_ns)
    after = msgspec.structs.replace(
        after, severity=Severity.CRITICAL if rose else condition.severity
    )
    return after, [*changes, Change(None, condition.state, after, ts_ns, Tells.WORSE)]
