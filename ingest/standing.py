"""What a node says of its outbox beside being online: what waits, and what it gave up."""

from __future__ import annotations

import math
from dataclasses import dataclass

REPORT_S = 10.0  # between two reports while anything is to be reported


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits and what is gone.

    backlog : messages that wait, 0 unless there are more than a window of them.
    dropped : messages that went unconfirmed from the outbox, ever.
    """

    backlog: int = 0
    dropped: int = 0


NOTHING_WAITS = Standing()


class Reports:
    """When a standing is to be told. Pure; time is an argument."""

    def __init__(self) -> None:
        self._told = Standing()
        self._told_s = -math.inf

    def told(self, standing: Standing, now_s: float) -> None:
        """It is out."""
        self._told, self._told_s = standing, now_s

    def due_s(self, standing: Standing) -> float:
        """When to tell it; never where nothing has changed."""
        return math.inf if standing == self._told else self._told_s + REPORT_S
