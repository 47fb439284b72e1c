"""All collectors of a host as one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from podtwin.agent.host.collector import Collector, Sight
from podtwin.agent.host.energy import EnergyCounters
from podtwin.agent.host.files import HostFiles
from podtwin.agent.host.memory import Memory
from podtwin.agent.host.nvidia import NvidiaGpus
from podtwin.agent.host.power_meter import PowerMeter
from podtwin.agent.host.processor import Processor
from podtwin.agent.host.sensors import Fans, Temperature
from podtwin.agent.host.traffic import disks, networks


class Host:
    """What a host says of itself: looked at once, then read at a pace."""

    def __init__(self, collectors: Sequence[Collector]) -> None:
        self._collectors = collectors
        self._seen: frozenset[str] = frozenset()

    def look(self) -> Sight:
        """What can be seen, and what cannot; asked before the first `read`."""
        sight = sum((collector.look() for collector in self._collectors), start=Sight())
        self._seen = frozenset(seen.point for seen in sight.seen)
        return sight

    def read(self, at_s: float) -> dict[str, float]:
        """The values of now, of points that `look` has seen.

        What has come since (a core that was switched on) is in no birth, so nobody would know it.
        """
        found: dict[str, float] = {}
        for collector in self._collectors:
            found.update(collector.read(at_s))
        return {p: v for p, v in found.items() if p in self._seen and math.isfinite(v)}

    def forget(self) -> None:
        """Compares with no earlier sample."""
        for collector in self._collectors:
            collector.forget()


def this_host(files: HostFiles) -> Host:
    """Every collector that there is."""
    return Host(
        (
            Processor(files),
            Temperature(files),
            EnergyCounters(files, "cpu_power"),
            Memory(files),
            EnergyCounters(files, "memory_power"),
            disks(files),
            networks(files),
            PowerMeter(files),
            Fans(files),
            NvidiaGpus(),
        )
    )
