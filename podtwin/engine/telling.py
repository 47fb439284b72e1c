"""What a change of a condition leaves behind: its transition, and perhaps a notice to people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from podcore.alert import Alert
from podcore.ports import Notice, Transition
from podcore.site import Site
from podtwin.alerts.conditions import Change, Condition, Signal, Tells
from podtwin.alerts.event import describe, notice
from podtwin.alerts.fingerprint import change_key
from podtwin.alerts.incident import Incident, follow_up
from podtwin.alerts.rules import Rule


class Moment(NamedTuple):
    """When something is seen: site time, the Frame that caused it, whether it is of the past."""

    ts_ns: int
    cause: int
    recorded: bool = False


class Subject(NamedTuple):
    """What a condition is about. point : empty for the site as a whole."""

    site: Site
    rule: Rule
    point: str
    mark: str

    def described(self, condition: Condition, signal: Signal | None, ts_ns: int) -> Alert:
        """Its alert as it is then."""
        return describe(self.site, self.rule, self.point, self.mark, condition, signal, ts_ns)


@dataclass(slots=True)
class Verdict:
    """What came of a step, a tick or a command."""

    transitions: list[Transition] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def leave(
    verdict: Verdict, subject: Subject, change: Change, signal: Signal | None, moment: Moment
) -> Alert | None:
    """Writes down a change; its alert when people could be told of it now."""
    alert = None
    if change.after.started_ns > 0:
        alert = subject.described(change.after, signal, change.ts_ns)
    verdict.transitions.append(
        Transition(
            key=change_key(subject.mark, change.ts_ns, change.what),
            site=subject.site.id,
            fingerprint=subject.mark,
            before=change.before.value,
            after=change.what,
            cause=moment.cause,
            ts_ns=change.ts_ns,
            body=b"" if alert is None else alert.evidence,
            alert=alert,
        )
    )
    return alert if change.tells is not None and not moment.recorded else None


def tell(
    verdict: Verdict, incident: Incident, alert: Alert, tells: Tells, cause: int, ts_ns: int
) -> Incident:
    """Tells what an incident leaves to be told; the incident after it."""
    after, told = follow_up(incident, alert, tells)
    if told is not None:
        verdict.notices.append(notice(told.alert, told.tells, cause, ts_ns))
    return after
