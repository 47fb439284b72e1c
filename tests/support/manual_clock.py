"""A clock that stands until it is told to go on."""

from __future__ import annotations

import threading

from support.frames import MIDNIGHT_NS, NS


class ManualClock:
    """`Clock` for tests; each look at `monotonic_s` costs `each_s`."""

    def __init__(self, now_ns: int = MIDNIGHT_NS, each_s: float = 0.0) -> None:
        self._now_ns = now_ns
        self._monotonic_s = 0.0
        self._each_s = each_s

    def now_ns(self) -> int:
        return self._now_ns

    def monotonic_s(self) -> float:
        self._monotonic_s += self._each_s
        return self._monotonic_s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Waits for the event alone, for a bounded real time, so that no test hangs."""
        return event.wait(min(timeout_s, 5.0))

    def advance(self, seconds: float) -> None:
        self._now_ns += round(seconds * NS)
        self._monotonic_s += seconds
