"""What waits to be sent to an endpoint, and what came of it: between the store and who sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages go.

    secret : `whsec_` and base64; signs, never shown again.
    reason : why it is disabled, or empty.
    """

    id: str
    url: str
    secret: str
    enabled: bool
    created_ns: int
    name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one endpoint.

    id : the same at each attempt. state : a word of `podtwin.alerts.delivery`.
    attempts : made since it was queued or redelivered. first_ns : of the first of them.
    """

    id: str
    endpoint: str
    alert: str
    kind: str
    body: bytes
    state: str
    attempts: int
    first_ns: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was sent once and what came back.

    status : of the answer, None when there was none. answer : its first bytes.
    reason : what it was taken for. state : of the message after it.
    """

    message: str
    started_ns: int
    took_ms: float
    url: str
    address: str
    request_headers: Mapping[str, str]
    status: int | None
    answer: bytes
    reason: str
    state: str


class Outbox(Protocol):
    """Messages by endpoint, each alert's in order, and the log of all attempts."""

    def endpoints(self) -> list[Endpoint]:
        """All of them, enabled or not, oldest first."""

    def due(self, endpoint: str, now_ns: int, limit: int, *, probe: bool = False) -> list[Outgoing]:
        """Messages to be tried now, oldest first, of each alert only its first unsettled one.

        probe : also those that wait for a later time, unless the receiver asked them to.
        """

    def take(self, message: str, now_ns: int) -> bool:
        """Marks a message as being sent; False when it is no longer to be sent."""

    def conclude(self, attempt: Attempt, due_ns: int) -> None:
        """Logs an attempt and settles its message. due_ns : of the next one, if there is one."""

    def give_up(self, message: str, reason: str, now_ns: int) -> None:
        """Settles a message that is not tried at all."""

    def hasten(self, endpoint: str, now_ns: int) -> None:
        """What waits to be retried may go now, unless the receiver asked it to wait."""

    def disable(self, endpoint: str, reason: str, now_ns: int) -> None:
        """Sends nothing more there; what is queued stays."""

    def recover(self, now_ns: int) -> int:
        """Messages whose sender ended before the answer are to be tried again; how many."""

    def prune(self, before_ns: int) -> int:
        """Deletes what was settled before; how many messages."""
