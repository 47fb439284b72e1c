"""What a device beside the host is: its points are known from its file, and it is read at a pace.

A device answers in one of six ways, which are the states of its point `health`. One that does not
answer raises `DeviceFault`, which says why and what would help; a point that an answering device
does not have is an `Absent` of the reading.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from podcore.classes import DEVICE_HEALTH
from podcore.frame import BirthPoint
from podtwin.agent.host.collector import Absent


class Health(enum.StrEnum):
    """How a device answered; the words of the point `health`."""

    OK = "ok"
    PARTIAL = "partial"  # some of its points gave no value
    UNREACHABLE = "unreachable"  # no connection, or one that broke
    SLOW = "slow"  # connected, and no whole answer in time
    REFUSED = "refused"  # it answered, and said no to all that was asked
    GARBLED = "garbled"  # it answered what is no answer

    @property
    def code(self) -> float:
        """The value of the point."""
        return float(DEVICE_HEALTH.index(self.value))


class DeviceFault(Exception):  # noqa: N818 - no mistake of anybody: a device that does not answer
    """A device that gave nothing this time."""

    def __init__(self, health: Health, why: str, way_out: str = "") -> None:
        super().__init__(why)
        self.health = health
        self.why = why
        self.way_out = way_out


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value that is sent, and that can hardly be true: what it is, and what may be wrong."""

    point: str
    why: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device gave. values : by the full local id `asset/point`, in the announced units.

    absent : points that were asked for and gave none. offers : what else the device has, in words
    for who writes its file.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    absent: Sequence[Absent] = ()
    doubts: Sequence[Doubt] = ()
    offers: Sequence[str] = ()

    @property
    def health(self) -> Health:
        """Whether all came that was asked for."""
        return Health.PARTIAL if self.absent else Health.OK


class Device(Protocol):
    """One device. It is used by one thread, and may block that for as long as its time-outs say."""

    @property
    def id(self) -> str:
        """Its name in the file."""

    @property
    def kind(self) -> str:
        """What it speaks, and where, for people."""

    @property
    def period_s(self) -> float:
        """Between two reads."""

    @property
    def points(self) -> Sequence[BirthPoint]:
        """All that it may give."""

    def read(self, at_s: float) -> Reading:
        """What it says now; connects where it has to.

        Parameters
        ----------
        at_s : monotonic time, by which points with a longer period are skipped. [s]

        Raises
        ------
        DeviceFault  When it gave nothing at all.
        """

    def close(self) -> None:
        """Lets the connection go; the next `read` makes another."""


def health_points(device: str, period_s: float) -> list[BirthPoint]:
    """The points by which a device itself is watched, under its own name."""
    return [
        BirthPoint(f"{device}/health", "state", "1", period_s),
        BirthPoint(f"{device}/read_duration", "duration", "s", period_s),
        BirthPoint(f"{device}/read_age", "duration", "s", period_s),
    ]
