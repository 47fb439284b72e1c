"""The message that leaves: `alert.firing`, `alert.worse`, `alert.no_data`, `alert.resolved`.

The body follows Standard Webhooks 1.0: `type`, `timestamp`, `data`. Its id and signature are
headers, made where it is sent. A body has at most 20 KB: the shares of channels are left out
first, smallest first; what is larger then is refused by `refusal`.
"""

from __future__ import annotations

import enum

import msgspec

from podcore.alert import Alert
from podcore.clock import rfc3339
from podcore.ports import Notice
from podcore.site import Site
from podtwin.alerts import evidence as proof
from podtwin.alerts.conditions import Condition, Signal, State, Tells
from podtwin.alerts.evidence import Evidence
from podtwin.alerts.fingerprint import alert_id, change_key
from podtwin.alerts.rules import Rule

MAX_BODY_BYTES = 20_000
TEST_TYPE = "podtwin.test"
_NS = 1e9


class Refusal(enum.StrEnum):
    """Why a message is not sent at all."""

    PAYLOAD_TOO_LARGE = "payload_too_large"


class _Data(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    fingerprint: str
    site: str
    rule: str
    severity: str
    state: str
    handling: str
    title: str
    text: str
    started_at: str
    evidence: Evidence
    point: str = ""
    ended_at: str | None = None


class _Message(msgspec.Struct, frozen=True):
    type: str
    timestamp: str
    data: _Data


_encoder = msgspec.json.Encoder()


def describe(
    site: Site, rule: Rule, point: str, mark: str, condition: Condition, signal: Signal | None,
    ts_ns: int,
) -> Alert:  # fmt: skip
    """The alert of a condition that fires or has fired, with evidence of that instant."""
    found = proof.gather(site, point, condition, signal, ts_ns)
    lasts_s = (ts_ns - condition.raised_ns) / _NS
    over = condition.state in {State.RECOVERING, State.RESOLVED}
    say = proof.end_sentence if over else proof.sentence
    return Alert(
        id=alert_id(mark, condition.started_ns),
        fingerprint=mark,
        site=site.id,
        rule=rule.id,
        point=point,
        severity=condition.severity.value,
        state=condition.state.value,
        handling=condition.handled.state.value,
        handled_by=condition.handled.by,
        title=rule.title,
        text=say(site, rule, point, found, lasts_s),
        raised_ns=condition.raised_ns,
        started_ns=condition.started_ns,
        ended_ns=ts_ns if condition.state is State.RESOLVED else None,
        changed_ns=ts_ns,
        score=found.score,
        worst=found.worst,
        evidence=proof.encode(found),
    )


def notice(alert: Alert, tells: Tells, cause: int, ts_ns: int) -> Notice:
    """What is put into the outbox with the change that caused it.

    Its key is that of the change. So an alert that began while its site was recorded, and is
    told at the live turn with `ts_ns` = `started_ns`, is told once however often that is rerun.
    """
    kind = f"alert.{tells.value}"
    key = change_key(alert.fingerprint, ts_ns, tells.value)
    return Notice(
        key, alert.site, alert.fingerprint, alert.id, kind, ts_ns, cause, body(alert, kind)
    )


def body(alert: Alert, kind: str) -> bytes:
    """The message's JSON, without the smallest contributions where it would be too large."""
    found = proof.DECODER.decode(alert.evidence)
    shares = list(found.contributions.items())
    while True:
        evidence = msgspec.structs.replace(found, contributions=dict(shares))
        encoded = _encoder.encode(_message(alert, kind, evidence))
        if len(encoded) <= MAX_BODY_BYTES or not shares:
            return encoded
        shares = shares[: len(shares) // 2]


def trial_body(now_ns: int) -> bytes:
    """A message that says only that messages arrive."""
    data = {"text": "A test of this endpoint. No alert stands behind it."}
    return _encoder.encode({"type": TEST_TYPE, "timestamp": rfc3339(now_ns), "data": data})


def refusal(encoded: bytes) -> Refusal | None:
    """Why a body is not sent, or None."""
    return Refusal.PAYLOAD_TOO_LARGE if len(encoded) > MAX_BODY_BYTES else None


def _message(alert: Alert, kind: str, evidence: Evidence) -> _Message:
    data = _Data(
        id=alert.id,
        fingerprint=alert.fingerprint,
        site=alert.site,
        rule=alert.rule,
        severity=alert.severity,
        state=alert.state,
        handling=alert.handling,
        title=alert.title,
        text=alert.text,
        started_at=rfc3339(alert.started_ns),
        evidence=evidence,
        point=alert.point,
        ended_at=None if alert.ended_ns is None else rfc3339(alert.ended_ns),
    )
    return _Message(kind, rfc3339(alert.changed_ns), data)
