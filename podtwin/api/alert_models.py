"""The JSON shapes of alerts, endpoints and deliveries, each with how it is made.

Times of alerts and of what happened to them are site time; those of commands, endpoints and
deliveries are the clock's.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field

from podcore.alert import Alert
from podcore.clock import rfc3339
from podcore.outbox import Attempt, Endpoint
from podtwin.alerts.delivery import Delivery
from podtwin.alerts.evidence import DECODER
from podtwin.api.models import Shape
from podtwin.api.summary import text_of
from podtwin.store.alert_rows import TimelineEntry
from podtwin.store.deliveries import Message

_SHOWN_ANSWER = 2_000  # characters of what a receiver answered: enough to see what it meant


class EvidenceShape(Shape):
    """What was seen, against what; in `unit`. `link` is a path of the page."""

    at: str
    unit: str
    value: float | None
    expected: float | None
    band: float | None = Field(description="standard deviation of what was expected")
    residual: float | None
    direction: int = Field(description="-1 below, 1 above what is expected")
    left_s: float | None = Field(description="time to the limit that `expected` then is")
    contributions: dict[str, float] = Field(description="share of each channel, largest first")
    suspected: str = Field(description="an asset, or empty")
    link: str


class AlertShape(Shape):
    """One time that something went wrong, as it is after its newest change."""

    id: str
    fingerprint: str
    site: str
    rule: str
    point: str = Field(description="asset/point; empty when it concerns the site")
    severity: Literal["warning", "critical"]
    state: Literal["firing", "recovering", "no_data", "resolved"]
    handling: Literal["new", "acknowledged", "assigned"]
    handled_by: str
    title: str
    text: str
    raised_at: str
    started_at: str
    ended_at: str | None
    changed_at: str
    score: float
    worst: float
    evidence: EvidenceShape


class AlertsShape(Shape):
    """A page of alerts."""

    alerts: list[AlertShape]
    next: str | None = Field(description="cursor of the next page; null at the end")


class TimelineEntryShape(Shape):
    """One thing that happened: a state reached, `worse`, `told`, or what a person did."""

    at: str
    what: str
    detail: str
    by: str


class TimelineShape(Shape):
    """All that happened to an alert, by time."""

    alert: str
    entries: list[TimelineEntryShape]


class AttemptShape(Shape):
    """What was sent once and what came back."""

    started_at: str
    took_ms: float
    address: str
    status: int | None
    reason: str
    state: str
    answer: str


class DeliveryShape(Shape):
    """One message to one endpoint."""

    id: str
    endpoint: str
    alert: str
    site: str
    type: str
    at: str | None
    state: Delivery
    attempts: int = Field(description="since it was queued or redelivered")
    due_at: str | None = Field(description="of the next attempt, while it is retried")
    changed_at: str | None
    reason: str


class DeliveryDetailShape(DeliveryShape):
    """A message with all its attempts."""

    tries: list[AttemptShape]


class DeliveryRawShape(DeliveryDetailShape):
    """A message as it is sent."""

    body: str
    request_headers: dict[str, str] = Field(description="of the newest attempt")


class DeliveriesShape(Shape):
    """A page of messages, newest first."""

    deliveries: list[DeliveryShape]
    next: str | None = Field(description="cursor of the next page; null at the end")


class AlertDeliveriesShape(Shape):
    """All messages about an alert, newest first."""

    alert: str
    deliveries: list[DeliveryDetailShape]


class EndpointShape(Shape):
    """Where messages go. What the URL holds of accounts and queries is left out."""

    id: str
    name: str
    url: str
    enabled: bool
    reason: str = Field(description="why it is disabled, or empty")
    created_at: str | None
    messages: dict[str, int] = Field(description="how many there are, by state")


class EndpointsShape(Shape):
    """All endpoints, oldest first."""

    endpoints: list[EndpointShape]


class AcceptedShape(Shape):
    """What was written down and will be done: the id of a command or of a message."""

    id: str


class AckShape(BaseModel):
    """What one says with an acknowledgement."""

    model_config = ConfigDict(extra="forbid")

    comment: str = Field(default="", max_length=1_000)


def alert_shape(alert: Alert) -> AlertShape:
    """An alert with its evidence."""
    found = DECODER.decode(alert.evidence)
    return AlertShape.model_validate(
        {
            "id": alert.id,
            "fingerprint": alert.fingerprint,
            "site": alert.site,
            "rule": alert.rule,
            "point": alert.point,
            "severity": alert.severity,
            "state": alert.state,
            "handling": alert.handling,
            "handled_by": alert.handled_by,
            "title": alert.title,
            "text": alert.text,
            "raised_at": rfc3339(alert.raised_ns),
            "started_at": rfc3339(alert.started_ns),
            "ended_at": text_of(alert.ended_ns),
            "changed_at": rfc3339(alert.changed_ns),
            "score": alert.score,
            "worst": alert.worst,
            "evidence": EvidenceShape(
                at=found.at,
                unit=found.unit,
                value=found.value,
                expected=found.expected,
                band=found.band,
                residual=found.residual,
                direction=found.direction,
                left_s=found.left_s,
                contributions=found.contributions,
                suspected=found.suspected,
                link=found.link,
            ),
        }
    )


def timeline_shape(alert: Alert, entries: list[TimelineEntry]) -> TimelineShape:
    """What happened to an alert."""
    shown = [
        TimelineEntryShape(at=rfc3339(each.ts_ns), what=each.what, detail=each.detail, by=each.by)
        for each in entries
    ]
    return TimelineShape(alert=alert.id, entries=shown)


def delivery_shape(message: Message) -> DeliveryShape:
    """A message without its attempts."""
    waits = message.state == Delivery.RETRYING
    return DeliveryShape(
        id=message.id,
        endpoint=message.endpoint,
        alert=message.alert,
        site=message.site,
        type=message.kind,
        at=text_of(message.ts_ns),
        state=Delivery(message.state),
        attempts=message.attempts,
        due_at=text_of(message.due_ns) if waits else None,
        changed_at=text_of(message.changed_ns),
        reason=message.reason,
    )


def delivery_detail_shape(message: Message, attempts: list[Attempt]) -> DeliveryDetailShape:
    """A message with its attempts."""
    tries = [_attempt_shape(attempt) for attempt in attempts]
    return DeliveryDetailShape(**dict(delivery_shape(message)), tries=tries)


def delivery_raw_shape(message: Message, attempts: list[Attempt]) -> DeliveryRawShape:
    """A message as it is sent. The signature among its headers is no secret: it proves one body."""
    return DeliveryRawShape(
        **dict(delivery_detail_shape(message, attempts)),
        body=message.body.decode("utf-8", "replace"),
        request_headers=dict(attempts[-1].request_headers) if attempts else {},
    )


def endpoint_shape(endpoint: Endpoint, messages: dict[str, int]) -> EndpointShape:
    """An endpoint without its secret."""
    return EndpointShape(
        id=endpoint.id,
        name=endpoint.name,
        url=shown_url(endpoint.url),
        enabled=endpoint.enabled,
        reason=endpoint.reason,
        created_at=text_of(endpoint.created_ns),
        messages=messages,
    )


def shown_url(url: str) -> str:
    """A URL without account and query, which may hold what only the receiver should know."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))


def _attempt_shape(attempt: Attempt) -> AttemptShape:
    return AttemptShape(
        started_at=rfc3339(attempt.started_ns),
        took_ms=round(attempt.took_ms, 3),
        address=attempt.address,
        status=attempt.status,
        reason=attempt.reason,
        state=attempt.state,
        answer=attempt.answer.decode("utf-8", "replace")[:_SHOWN_ANSWER],
    )
