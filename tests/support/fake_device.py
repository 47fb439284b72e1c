"""A device by hand: it gives what it is told to, and a clock on which it takes its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from podcore.clock import NS
from podcore.frame import BirthPoint
from podtwin.agent.devices.device import Reading

Script = Callable[[int], Reading]


class SteppedClock:
    """A clock on which only waiting and `pass_time` take time."""

    def __init__(self, now_ns: int = 1_700_000_000 * NS) -> None:
        self.wall_ns = now_ns
        self.at_s = 100.0

    def now_ns(self) -> int:
        return self.wall_ns

    def monotonic_s(self) -> float:
        return self.at_s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.pass_time(timeout_s)
        return event.is_set()

    def pass_time(self, seconds: float) -> None:
        self.at_s += seconds
        self.wall_ns += round(seconds * NS)


class FakeDevice:
    """A device with one point, `{id}/power`."""

    def __init__(self, name: str, script: Script, period_s: float = 10.0) -> None:
        self.id = name
        self.kind = "a fake"
        self.period_s = period_s
        self.points: Sequence[BirthPoint] = [BirthPoint(f"{name}/power", "power", "W", period_s)]
        self.reads = 0
        self.closed = 0
        self._script = script

    def read(self, at_s: float) -> Reading:
        self.reads += 1
        return self._script(self.reads - 1)

    def close(self) -> None:
        self.closed += 1
