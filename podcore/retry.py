"""Requests to try dead letters again: between who keeps them and who does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

INTAKE = "intake"  # what ingest refused
FORWARD = "forward"  # what a database refused that readings are sent on to


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """One letter to be tried again. id : of the asking, by which it is done once and not twice."""

    id: str
    letter: int
    asked_by: str
    asked_ns: int


class RetryRequests(Protocol):
    """What waits to be tried again at one stage, in the order in which it was asked for."""

    def pending(self, limit: int) -> Sequence[RetryRequest]:
        """The oldest of them."""

    def done(self, request: str) -> None:
        """Forgets one; what came of it stands beside its letter."""
