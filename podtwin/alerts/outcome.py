"""From a change of a condition to what is stored of it and what is told of it."""

from __future__ import annotations

from typing import NamedTuple

from podcore.alert import Alert
from podcore.ports import Notice, Transition
from podcore.site import Site
from podtwin.alerts import event
from podtwin.alerts.conditions import OPEN, Change, Condition, Signal, State, Tells
from podtwin.alerts.fingerprint import change_key, fingerprint
from podtwin.alerts.rules import Rule


class Watched(NamedTuple):
    """One rule at one point: made once for each config Frame. point : `asset/point` or empty."""

    site: Site
    rule: Rule
    point: str
    mark: str


def watch(site: Site, rule: Rule, point: str = "") -> Watched:
    """A rule at a point, or at the site as a whole."""
    return Watched(site, rule, point, fingerprint(site.id, rule.id, point))


def alert_of(
    watched: Watched, condition: Condition, signal: Signal | None, ts_ns: int
) -> Alert | None:
    """The alert that a condition is; None while it has not fired."""
    if condition.state not in OPEN and condition.state is not State.RESOLVED:
        return None
    site, rule, point, mark = watched
    return event.describe(site, rule, point, mark, condition, signal, ts_ns)


def outcome(
    watched: Watched, change: Change, signal: Signal | None, cause: int, *, recorded: bool
) -> tuple[Transition, Notice | None]:
    """What goes into the store with a change.

    recorded : the site is; its alerts are stored and nobody is told.
    """
    alert = alert_of(watched, change.after, signal, change.ts_ns)
    transition = Transition(
        key=change_key(watched.mark, change.ts_ns, change.what),
        site=watched.site.id,
        fingerprint=watched.mark,
        before=change.before.value,
        after=change.after.state.value,
        cause=cause,
        ts_ns=change.ts_ns,
        body=b"" if alert is None else alert.evidence,
        alert=alert,
    )
    if alert is None or change.tells is None or recorded:
        return transition, None
    return transition, event.notice(alert, change.tells, cause, change.ts_ns)


def at_live_turn(
    watched: Watched, condition: Condition, signal: Signal | None, cause: int, ts_ns: int
) -> Notice | None:
    """What is told, once, of an alert that still fires when a recorded site goes live."""
    alert = alert_of(watched, condition, signal, ts_ns)
    if alert is None or condition.state is not State.FIRING:
        return None
    return event.notice(alert, Tells.FIRING, cause, condition.started_ns)
