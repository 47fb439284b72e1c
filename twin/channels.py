"""Channels: the columns of a model's arrays, with name, unit and role.

A channel's `name` is how code calls it (`return_air_c`, unit last); its `point` is the word of
the site file (`return_air_temp`), by which `twin.bind` names it and under which it is shown.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from podcore.quantity import QUANTITIES


class ChannelRole(enum.StrEnum):
    """Which array a channel is a column of."""

    INPUT = "input"
    MEASUREMENT = "measurement"
    FAST_STATE = "fast_state"
    SLOW_STATE = "slow_state"


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of u, y or x.

    fallback : what an input is taken to be before it was ever read, in the computing unit.
    max_age_s : how long an input is held; three periods of its point when those are longer.
    needed : whether an input on its fallback makes the whole step a guess.
    is_log : a positive state that is estimated as its logarithm; shown as itself.
    is_shown : whether a slow state is a point of the asset `twin`.
    nudge : by how much a state is moved to see what depends on it.
    learning_s : a state takes this long to follow what all measurements say, however sure they
        are; 0 at once. Errors of a model's shape last for minutes: a filter that took each step
        for new evidence would be sure of a slow state within seconds, and wrong.
    """

    name: str
    point: str
    quantity: str
    role: ChannelRole
    fallback: float = 0.0
    max_age_s: float = 60.0
    needed: bool = True
    is_log: bool = False
    nudge: float = 1e-3
    learning_s: float = 0.0
    is_shown: bool = True

    @property
    def unit(self) -> str:
        """The computing unit of the quantity."""
        return QUANTITIES[self.quantity].unit
