"""Whether an alert may call people: a table of its own, since a silenced alert goes on firing."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class Suppression(enum.StrEnum):
    """Why an alert calls nobody, or none."""

    NONE = "none"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    MAINTENANCE = "maintenance"
    SHELVED = "shelved"


class SuppressionEvent(enum.StrEnum):
    """What changes it."""

    SILENCE = "silence"
    INHIBIT = "inhibit"
    MAINTAIN = "maintain"
    SHELVE = "shelve"
    LIFT = "lift"


_LEADS_TO: Mapping[SuppressionEvent, Suppression] = MappingProxyType(
    {
        SuppressionEvent.SILENCE: Suppression.SILENCED,
        SuppressionEvent.INHIBIT: Suppression.INHIBITED,
        SuppressionEvent.MAINTAIN: Suppression.MAINTENANCE,
        SuppressionEvent.SHELVE: Suppression.SHELVED,
    }
)
# What a person decided is not taken over by what was computed (inhibited); maintenance, which
# says that the site is being worked on, takes over from all.
TRANSITIONS: Mapping[tuple[Suppression, SuppressionEvent], Suppression] = MappingProxyType(
    {
        **{(Suppression.NONE, event): state for event, state in _LEADS_TO.items()},
        **{
            (state, SuppressionEvent.LIFT): Suppression.NONE
            for state in Suppression
            if state is not Suppression.NONE
        },
        **{
            (state, SuppressionEvent.MAINTAIN): Suppression.MAINTENANCE
            for state in (Suppression.SILENCED, Suppression.INHIBITED, Suppression.SHELVED)
        },
        (Suppression.INHIBITED, SuppressionEvent.SILENCE): Suppression.SILENCED,
        (Suppression.INHIBITED, SuppressionEvent.SHELVE): Suppression.SHELVED,
    }
)


def calls(suppression: Suppression) -> bool:
    """Whether an alert in that state is told to anybody."""
    return suppression is Suppression.NONE
