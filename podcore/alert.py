"""Alert: how one stands, as every room reads it: the store keeps it, notify and API show it."""

from __future__ import annotations

import msgspec


class Alert(msgspec.Struct, frozen=True):
    """One time that something went wrong, as it is after its newest change.

    fingerprint : what went wrong, the same each time; `id` names this one time.
    point : `asset/point`, empty when it concerns the site.
    state, severity, handling : words of `podtwin.alerts`.
    raised_ns, started_ns, ended_ns : when it was first seen, began to fire, was resolved.
    changed_ns : site time of the newest change.
    score, worst : by the rule's threshold, now and at the highest.
    text : the sentence about it. evidence : JSON of `podtwin.alerts.evidence.Evidence`.
    """

    id: str
    fingerprint: str
    site: str
    rule: str
    point: str
    severity: str
    state: str
    handling: str
    handled_by: str
    title: str
    text: str
    raised_ns: int
    started_ns: int
    ended_ns: int | None
    changed_ns: int
    score: float
    worst: float
    evidence: bytes
