"""What a fault cost, in one form for all of them: published, stored, duplicate, dead, lost.

Lost is never what a counter says: it is what was published and is found neither stored nor dead
when the store is read to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_HEAD = ("fault", "published", "stored", "duplicate", "dead", "lost")


@dataclass(frozen=True, slots=True)
class Cost:
    """A fault and its ledger.

    published : messages, rows or Frames handed over. stored : of these, found in the store.
    duplicate : arrived again, and stored once. dead : refused with a reason, and kept.
    """

    fault: str
    published: int
    stored: int
    duplicate: int = 0
    dead: int = 0

    @property
    def lost(self) -> int:
        """What is found nowhere."""
        return self.published - self.stored - self.dead

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        counts = (self.published, self.stored, self.duplicate, self.dead, self.lost)
        return (self.fault, *(f"{count:,}" for count in counts))


Tell = Callable[[Cost], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How long faults last."""

    full: bool

    def seconds(self, short: float, full: float) -> float:
        """The length of this run."""
        return full if self.full else short


def table(costs: Sequence[Cost]) -> list[str]:
    """The lines of a Markdown table."""
    rule = ("---", *("---:" for _ in _HEAD[1:]))
    return [f"| {' | '.join(row)} |" for row in (_HEAD, rule, *(each.cells() for each in costs))]
