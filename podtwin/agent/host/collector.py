"""What a collector is: it says which points it can see, and reads them.

The names of points are those of the class `server`, which knows the quantity of each. What a
collector cannot see it names once, with the reason and the way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from podtwin.agent.host.files import Unseen


@dataclass(frozen=True, slots=True)
class Seen:
    """A point that can be read, and where it comes from."""

    point: str
    source: str


@dataclass(frozen=True, slots=True)
class Absent:
    """A point that cannot be read here, why, and what would help; empty when nothing would."""

    point: str
    why: str
    way_out: str = ""

    @classmethod
    def of(cls, point: str, unseen: Unseen, way_out: str = "") -> Absent:
        """A point that fails with its file; `way_out` stands in where the file knows none."""
        return cls(point, str(unseen), unseen.way_out or way_out)


@dataclass(frozen=True, slots=True)
class Sight:
    """What can be seen of a host, and what cannot."""

    seen: tuple[Seen, ...] = ()
    absent: tuple[Absent, ...] = ()

    def __add__(self, other: Sight) -> Sight:
        return Sight(self.seen + other.seen, self.absent + other.absent)


class Collector(Protocol):
    """A source of readings of this host."""

    def look(self) -> Sight:
        """What it can see; asked once, before the first `read`."""

    def read(self, at_s: float) -> Mapping[str, float]:
        """The values of now; a point that gives none is left out, a rate at its first sample is.

        Parameters
        ----------
        at_s : monotonic time of the read. [s]
        """

    def forget(self) -> None:
        """Compares with no earlier sample: the host has slept, and counters may begin anew."""
