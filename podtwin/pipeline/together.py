"""Roles that are drained at once: none waits for another to begin."""

from __future__ import annotations

from collections.abc import Iterable

from podcore.ports import Clock
from podcore.role import Role


class Together:
    """Several roles under one deadline."""

    def __init__(self, roles: Iterable[Role], clock: Clock) -> None:
        self._roles = list(roles)
        self._clock = clock

    def drain(self, deadline_s: float) -> None:
        """Tells all, then waits for all, at most so long in all."""
        until_s = self._clock.monotonic_s() + deadline_s
        for role in self._roles:
            role.drain(0.0)
        for role in self._roles:
            role.drain(max(0.0, until_s - self._clock.monotonic_s()))
