"""Rates from counters: what a counter gained in a while, where that can be known.

A counter may go back because it wrapped, because its device began anew, or because the host has
slept. Only where the kernel says at which number it wraps is the way round it taken; everywhere
else, and for anything that no device does, one sample has no value. None is never zero.
"""

from __future__ import annotations

from collections.abc import Mapping


class CounterRate:
    """The rate of one counter. [1/s]

    Parameters
    ----------
    wraps_at : the number after which it begins at 0 again; None where nobody says.
    highest : no device is faster. What seems to be has begun anew, or has wrapped more than once.
    """

    def __init__(self, wraps_at: int | None = None, highest: float | None = None) -> None:
        self._wraps_at = wraps_at
        self._highest = highest
        self._last: tuple[int, float] | None = None

    def __call__(self, count: int, at_s: float) -> float | None:
        """The rate since the call before; None at the first, and where it cannot be known."""
        last = self._last
        if last is not None and at_s <= last[1]:
            return None
        self._last = (count, at_s)
        if last is None:
            return None
        return self._rate(count - last[0], at_s - last[1])

    def _rate(self, gained: int, elapsed_s: float) -> float | None:
        if self._wraps_at is not None:
            if self._highest is not None and elapsed_s * self._highest >= self._wraps_at:
                return None  # it may have gone round more than once
            gained += self._wraps_at if gained < 0 else 0
        if gained < 0:
            return None
        rate = gained / elapsed_s
        return None if self._highest is not None and rate > self._highest else rate


class SummedRate:
    """The rate of several counters together, as all disks of a host.

    A sum of which a part is not known is not known: it has no value while a device is new or
    begins anew. A device that is gone counts no longer.
    """

    def __init__(
        self, wraps_at: Mapping[str, int] | None = None, highest: float | None = None
    ) -> None:
        self._wraps_at = wraps_at or {}
        self._highest = highest
        self._rates: dict[str, CounterRate] = {}

    def __call__(self, counts: Mapping[str, int], at_s: float) -> float | None:
        """The sum since the call before, by device; None where a part is not known."""
        self._rates = {
            name: self._rates.get(name) or CounterRate(self._wraps_at.get(name), self._highest)
            for name in counts
        }
        parts = [self._rates[name](count, at_s) for name, count in counts.items()]
        known = [part for part in parts if part is not None]
        return sum(known) if known and len(known) == len(parts) else None

    def forget(self) -> None:
        """Begins anew."""
        self._rates.clear()
