"""The main thread: waits for a signal, a duration or a dead role, then stops in order.

A first SIGTERM or SIGINT drains; a second one ends at once, like a kill -9, which is a tested
case. A role that has died ends the process with exit 70 and its name: no half-alive pipeline.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import structlog

from podcore.ports import Clock
from podtwin.pipeline.assembly import Pipeline

LOOK_EVERY_S = 0.1
AT_ONCE = 130  # exit code of a second signal, as a shell gives for an interrupt

logger = structlog.get_logger("podtwin")


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a run ended; `failure` names the role that died."""

    reason: str
    failure: str | None = None


class Supervisor:
    """Watches a started pipeline until it has to end."""

    def __init__(self, pipeline: Pipeline, clock: Clock) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._told = threading.Event()
        self._reason = "told"

    def tell(self, reason: str) -> None:
        """Ends the wait."""
        self._reason = reason
        self._told.set()

    def wait(self, until: Callable[[], bool] = lambda: False) -> Ended:
        """Returns when told, when `until` says so, or when a role has died."""
        while not self._clock.wait(self._told, LOOK_EVERY_S):
            failed = self._pipeline.failed()
            if failed is not None:
                logger.error("role_died", role=failed.name, why=failed.detail)
                return Ended("failed", f"{failed.name}: {failed.detail}")
            if until():
                return Ended("duration")
        return Ended(self._reason)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end the wait; a second one ends the process."""

        def handle(number: int, _frame: FrameType | None) -> None:
            if self._told.is_set():
                os._exit(AT_ONCE)
            self.tell(signal.Signals(number).name)

        before = {
            number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
