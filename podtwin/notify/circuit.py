"""A circuit for each endpoint: what does not answer is left alone, and tried now and then.

Closed, everything goes; after five failures in a row it opens and nothing goes; after a while
one message is let through (half open), and its answer closes the circuit or opens it for longer.
Pure: the time is an argument.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

FAILURES = 5
FIRST_OPEN_S = 30.0
LONGEST_OPEN_S = 600.0  # so a receiver that is back is found within ten minutes


class Circuit(enum.StrEnum):
    """Whether messages go."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Breaker:
    """The circuit of one endpoint. Times are seconds of a clock that never goes back."""

    failures: int = 0
    open_s: float = 0.0
    until_s: float = 0.0
    probing: bool = False

    def state(self, now_s: float) -> Circuit:
        """What may go now."""
        if self.failures < FAILURES:
            return Circuit.CLOSED
        return Circuit.OPEN if self.probing or now_s < self.until_s else Circuit.HALF_OPEN

    @property
    def just_opened(self) -> bool:
        """Whether the last failure was the one that opened it."""
        return self.failures == FAILURES

    def probe(self) -> None:
        """One message goes; no other until it is answered."""
        self.probing = True

    def answered(self) -> bool:
        """The endpoint answered something; whether the circuit was open until now."""
        was_open = self.failures >= FAILURES
        self.failures, self.open_s, self.probing = 0, 0.0, False
        return was_open

    def failed(self, now_s: float, wait_s: float = 0.0) -> None:
        """No answer, or a 5xx. wait_s : what it asked for, at least.

        What was on its way when the circuit opened makes it stay open no longer.
        """
        was_probe, self.probing = self.probing, False
        self.failures += 1
        if self.failures == FAILURES or was_probe:
            self.open_s = min(max(FIRST_OPEN_S, 2.0 * self.open_s), LONGEST_OPEN_S)
            self.until_s = now_s + self.open_s
        self.until_s = max(self.until_s, now_s + wait_s)
