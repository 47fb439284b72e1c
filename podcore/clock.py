"""The one place that asks the time.

Results never depend on it: it paces polls and retries, stamps what arrives, and gives the
ages of an answer. Everything else takes a `podcore.ports.Clock` as an argument.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

NS = 1_000_000_000


class SystemClock:
    """The clock of the machine."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        return time.monotonic()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Waits for the event at most so long; whether it was set."""
        return event.wait(timeout_s)


def rfc3339(ns: int) -> str:
    """The instant as `2026-11-24T14:03:20.5Z`, with as many decimals as it has."""
    seconds, fraction = divmod(ns, NS)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    decimals = f".{fraction:09d}".rstrip("0").rstrip(".")
    return f"{text}{decimals}Z"
