"""What the supervisor asks of each role: start, drain, stop, and how it is."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class RoleState(enum.StrEnum):
    """Whether a role does its work."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """How a role is, in a word and a sentence; `ready` when it could take work now."""

    name: str
    state: RoleState
    detail: str = ""
    ready: bool = True


class Role(Protocol):
    """A part of the process with a thread of its own."""

    def start(self) -> None:
        """Begins the work; returns once it can fail no longer for want of a port or a file."""

    def drain(self, deadline_s: float) -> None:
        """Takes nothing new and finishes what is in hand, at most so long."""

    def stop(self) -> None:
        """Ends the thread; safe to call twice."""

    def health(self) -> Health:
        """How it is now."""
