"""What people have done about an alert: nothing yet, acknowledged, assigned.

An acknowledgement says "I know it as it is now". It is kept with the score of that moment: an
alert whose score doubles, or whose severity rises, is no longer what was acknowledged, and
becomes new again.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from podtwin.alerts.table import follow

DOUBLED = 2.0  # times the score at the acknowledgement: no longer what was acknowledged


class Handling(enum.StrEnum):
    """Where people are with an alert."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"


class HandlingEvent(enum.StrEnum):
    """What changes it."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    RELEASE = "release"
    WORSE = "worse"


TRANSITIONS: Mapping[tuple[Handling, HandlingEvent], Handling] = MappingProxyType(
    {
        (Handling.NEW, HandlingEvent.ACKNOWLEDGE): Handling.ACKNOWLEDGED,
        (Handling.NEW, HandlingEvent.ASSIGN): Handling.ASSIGNED,
        (Handling.NEW, HandlingEvent.WORSE): Handling.NEW,
        (Handling.ACKNOWLEDGED, HandlingEvent.ACKNOWLEDGE): Handling.ACKNOWLEDGED,
        (Handling.ACKNOWLEDGED, HandlingEvent.ASSIGN): Handling.ASSIGNED,
        (Handling.ACKNOWLEDGED, HandlingEvent.RELEASE): Handling.NEW,
        (Handling.ACKNOWLEDGED, HandlingEvent.WORSE): Handling.NEW,
        (Handling.ASSIGNED, HandlingEvent.ACKNOWLEDGE): Handling.ACKNOWLEDGED,
        (Handling.ASSIGNED, HandlingEvent.ASSIGN): Handling.ASSIGNED,
        (Handling.ASSIGNED, HandlingEvent.RELEASE): Handling.NEW,
        (Handling.ASSIGNED, HandlingEvent.WORSE): Handling.NEW,
    }
)


class Handled(msgspec.Struct, frozen=True, array_like=True):
    """Where people are with an alert, since when, who, and the worst score they knew of.

    known_score : 0 while nobody has taken it.
    """

    state: Handling = Handling.NEW
    by: str = ""
    since_ns: int = 0
    known_score: float = 0.0

    def grew_worse(self, worst: float) -> bool:
        """Whether it is no longer what somebody took."""
        return self.state is not Handling.NEW and worst >= DOUBLED * self.known_score


def handle(handled: Handled, event: HandlingEvent, by: str, ts_ns: int, worst: float) -> Handled:
    """What is known after somebody did something about an alert with that worst score.

    Raises
    ------
    NoTransition  When nobody has it and it is released.
    """
    after = follow(TRANSITIONS, handled.state, event)
    if after is Handling.NEW:
        return Handled(after, "", ts_ns)
    return Handled(after, by, ts_ns, worst)
