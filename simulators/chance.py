"""Seeded chance: every stream has a name, so that one fault or sensor never shifts another's."""

from __future__ import annotations

import math
from random import Random


def stream(seed: int, *names: object) -> Random:
    """A generator of its own for what the names say, the same in every process."""
    return Random("/".join(str(part) for part in (seed, *names)))  # noqa: S311 - a plant, not a key


class Wander:
    """A slow random-looking function of time alone, mean 0, standard deviation `sd`.

    A sum of sinusoids with seeded phases and periods spread evenly in logarithm between the
    two given. It has no state, so a plant may start at any time and find the same weather.
    """

    __slots__ = ("_amplitude", "_waves")

    def __init__(
        self, chance: Random, sd: float, shortest_s: float, longest_s: float, waves: int = 5
    ) -> None:
        ratio = longest_s / shortest_s
        self._amplitude = sd * math.sqrt(2.0 / waves)
        self._waves = tuple(
            (
                2.0 * math.pi / (shortest_s * ratio ** ((wave + chance.random()) / waves)),
                2.0 * math.pi * chance.random(),
            )
            for wave in range(waves)
        )

    def at(self, time_s: float) -> float:
        """The value at a time in seconds since 1970."""
        total = 0.0
        for pulsation, phase in self._waves:
            total += math.sin(pulsation * time_s + phase)
        return self._amplitude * total
