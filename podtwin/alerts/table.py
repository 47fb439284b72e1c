"""A life as a table: which state follows from a state and an event, and one function that looks.

Conditions, handling, suppression and delivery are four tables of this form. What a table does
not hold cannot happen: asking for it is our own mistake and raises, changing nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TypeVar

from podcore.errors import PodTwinError

StateT = TypeVar("StateT", bound=enum.StrEnum)
EventT = TypeVar("EventT", bound=enum.StrEnum)


class NoTransition(PodTwinError):  # noqa: N818 - says what there is none of
    """An event that a state does not know."""


def follow(table: Mapping[tuple[StateT, EventT], StateT], state: StateT, event: EventT) -> StateT:
    """The state after the event.

    Raises
    ------
    NoTransition  When the table does not hold the pair.
    """
    after = table.get((state, event))
    if after is None:
        known = sorted(each.value for held, each in table if held is state)
        rule = f"what may happen then is {', '.join(known)}" if known else "nothing follows it"
        raise NoTransition(f"{type(state).__name__} {state}: no event {event}; {rule}")
    return after
