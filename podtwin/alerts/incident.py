"""Incident: one page for one thing that went wrong, however many of a site's channels show it.

A compressor that trips is seen by a dozen channels within a minute. The first alert that fires
leads and is told; those that join while it is open are its symptoms, kept and shown, and told to
nobody. What makes it worse is told of the leader: a critical symptom of a leader that was none.
It is over, and told so, when all of it is resolved.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from podcore.alert import Alert
from podtwin.alerts.conditions import Tells
from podtwin.alerts.rules import Severity


class Incident(msgspec.Struct, frozen=True, array_like=True):
    """What a site's people were told of and not yet told the end of.

    lead : the alert that was told first, as it was told last; None while there is nothing.
    open : fingerprints of its alerts that are not resolved.
    """

    lead: Alert | None = None
    open: frozenset[str] = frozenset()


NONE = Incident()


class Told(NamedTuple):
    """What people are told, and of which alert."""

    alert: Alert
    tells: Tells


def follow_up(incident: Incident, alert: Alert, tells: Tells) -> tuple[Incident, Told | None]:
    """The incident after something that could be told of an alert; what of it is told."""
    if incident.lead is None:
        if tells is not Tells.FIRING:  # of an alert that began before anyone could be told
            return incident, None
        return Incident(alert, frozenset({alert.fingerprint})), Told(alert, tells)
    if tells is Tells.RESOLVED:
        return _resolved(incident, incident.lead, alert)
    joined = incident.open | {alert.fingerprint}
    if alert.id == incident.lead.id:  # the same channel once more is a symptom like others
        return Incident(_as_bad(alert, incident.lead), joined), Told(alert, tells)
    if _is_worse(alert, incident.lead):
        lead = _with_symptom(incident.lead, alert)
        return Incident(lead, joined), Told(lead, Tells.WORSE)
    return Incident(incident.lead, joined), None


def _resolved(incident: Incident, lead: Alert, alert: Alert) -> tuple[Incident, Told | None]:
    if alert.id == lead.id:
        lead = alert
    left = incident.open - {alert.fingerprint}
    if left:
        return Incident(lead, left), None
    if lead.ended_ns is None:
        ended = {"state": alert.state, "ended_ns": alert.ended_ns}
        lead = msgspec.structs.replace(lead, changed_ns=alert.changed_ns, **ended)
    return NONE, Told(lead, Tells.RESOLVED)


def _is_worse(symptom: Alert, lead: Alert) -> bool:
    critical = Severity.CRITICAL.value
    return symptom.severity == critical and lead.severity != critical


def _as_bad(alert: Alert, before: Alert) -> Alert:
    """The leader anew, at least as bad as what was told of it."""
    return (
        msgspec.structs.replace(alert, severity=before.severity)
        if _is_worse(before, alert)
        else alert
    )


def _with_symptom(lead: Alert, symptom: Alert) -> Alert:
    """The leader with what makes it worse: its sentence, severity and evidence."""
    return msgspec.structs.replace(
        lead,
        severity=symptom.severity,
        text=symptom.text,
        evidence=symptom.evidence,
        changed_ns=symptom.changed_ns,
    )
