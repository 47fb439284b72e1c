"""Power of processors and memory from the energy counters of the CPU (RAPL). [W]

The kernel's power capping framework shows them as `/sys/class/powercap/intel-rapl:0/energy_uj`,
AMD's too; a zone `intel-rapl:0:1` lies within `intel-rapl:0`. What the counters hold is the
package and, beside it, the memory: not the board, the disks, the fans or the losses of the power
supply. It is therefore never given as `power` of the server.

Since 2020 the kernel lets root alone read them, for power betrays what is computed
(CVE-2020-8694, PLATYPUS).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from podtwin.agent.host.collector import Absent, Seen, Sight
from podtwin.agent.host.files import HostFiles, Unseen
from podtwin.agent.host.rates import SummedRate

POWERCAP = "sys/class/powercap"
# No package draws 1 kW: the largest of 2025 are sold with 500 W. At this rate the counter with
# the smallest range, 2^32 steps of 15.3 µJ or 66 kJ, would go round in 66 s, which is why a
# period may have 60 s at most.
HIGHEST_W = 1_000.0
_MICRO_OF_ONE = 1_000_000
# intel-rapl-mmio repeats the packages by another way, so only the one control type counts.
_KINDS = {"cpu_power": re.compile(r"package"), "memory_power": re.compile(r"dram$")}
_NO_COUNTERS = "on a machine of Intel or AMD: modprobe intel_rapl_msr"
_RIGHTS = "deploy/60-podtwin-rapl.rules (udev) gives the group podtwin read right on it"


class EnergyCounters:
    """The power of one kind of zone, all of its zones together."""

    def __init__(self, files: HostFiles, point: str) -> None:
        self._files = files
        self._point = point
        self._zones: list[str] = []
        self._rate = SummedRate()

    def look(self) -> Sight:
        """One point, when every zone of the kind can be read: half of a sum would be a lie."""
        self._zones = [
            name
            for name in self._files.names(POWERCAP, "intel-rapl:*")
            if _KINDS[self._point].match(self._files.optional(f"{POWERCAP}/{name}/name"))
        ]
        if not self._zones:
            return Sight(absent=(self._no_zone(),))
        try:
            self._counts()
            ranges = {
                zone: self._files.number(f"{POWERCAP}/{zone}/max_energy_range_uj")
                for zone in self._zones
            }
        except Unseen as unseen:
            denied = bool(unseen.way_out)
            absent = Absent(self._point, str(unseen), _RIGHTS if denied else "")
            return Sight(absent=(absent,))
        self._rate = SummedRate(ranges, HIGHEST_W * _MICRO_OF_ONE)
        return Sight((Seen(self._point, f"/{POWERCAP}: {', '.join(self._zones)}"),))

    def read(self, at_s: float) -> Mapping[str, float]:
        """Mean power since the read before.

        A counter that stands still has none: some hypervisors show one that never moves, and no
        processor that runs this draws nothing.
        """
        try:
            rate = self._rate(self._counts(), at_s)
        except Unseen:
            return {}
        return {self._point: rate / _MICRO_OF_ONE} if rate else {}

    def forget(self) -> None:
        """The next read has none to compare with."""
        self._rate.forget()

    def _counts(self) -> dict[str, int]:
        return {z: self._files.number(f"{POWERCAP}/{z}/energy_uj") for z in self._zones}

    def _no_zone(self) -> Absent:
        if self._files.names(POWERCAP, "intel-rapl:*"):
            word = self._point.removesuffix("_power")
            return Absent(self._point, f"/{POWERCAP} has no energy counter of the {word}")
        return Absent(self._point, f"/{POWERCAP} shows no energy counter", _NO_COUNTERS)
