"""CPU utilisation, of all cores together and of each. [%]

From the times of `/proc/stat` in proc(5): a core is busy when it is neither idle nor waiting for
a disk. Time that a hypervisor gave to others (steal) counts as busy, as in psutil and top: the
core had work and did not get on. Guests are counted in user time already.
"""

from __future__ import annotations

from collections.abc import Mapping

from podtwin.agent.host.collector import Absent, Seen, Sight
from podtwin.agent.host.files import HostFiles, Unseen

FILE = "proc/stat"
MOST_CORES = 1_000  # what the names of the points hold: core_00 to core_999
_TOTAL = "cpu_utilization"
_FIELDS = 8  # user, nice, system, idle, iowait, irq, softirq, steal
_IDLE = (3, 4)

Times = tuple[int, ...]


class Processor:
    """Utilisation between two reads; of no use before the second."""

    def __init__(self, files: HostFiles) -> None:
        self._files = files
        self._last: dict[str, Times] = {}

    def look(self) -> Sight:
        """The whole, and each core that is on now."""
        try:
            lines = self._lines()
        except Unseen as unseen:
            return Sight(absent=(Absent.of(_TOTAL, unseen),))
        seen = tuple(Seen(point, f"/{FILE}") for point in lines)
        if _TOTAL not in lines:
            why = f"/{FILE} has no line of all cores"
            return Sight(seen, (Absent(_TOTAL, why),))
        return Sight(seen)

    def read(self, _at_s: float) -> Mapping[str, float]:
        """Utilisation since the read before."""
        try:
            now = self._lines()
        except Unseen:
            return {}
        last, self._last = self._last, now
        used = {point: busy_percent(last[point], now[point]) for point in now if point in last}
        return {point: value for point, value in used.items() if value is not None}

    def forget(self) -> None:
        """The next read has none to compare with."""
        self._last = {}

    def _lines(self) -> dict[str, Times]:
        found: dict[str, Times] = {}
        for line in self._files.text(FILE).splitlines():
            word, *numbers = line.split()
            point = _point(word)
            if point is not None and len(numbers) >= _FIELDS and "".join(numbers).isdecimal():
                found[point] = tuple(map(int, numbers[:_FIELDS]))
        return found


def busy_percent(before: Times, after: Times) -> float | None:
    """Share of busy time between two lines; None when no time has passed. [%]

    The kernel's own text says that idle and iowait may go back by a little; such a step is no
    time at all.
    """
    gained = [max(b - a, 0) for a, b in zip(before, after, strict=True)]
    total = sum(gained)
    if total == 0:
        return None
    # Whole numbers up to the one division, which then cannot give more than 100.
    return 100 * (total - sum(gained[index] for index in _IDLE)) / total


def _point(word: str) -> str | None:
    if word == "cpu":
        return _TOTAL
    number = word.removeprefix("cpu")
    if not word.startswith("cpu") or not number.isdecimal() or int(number) >= MOST_CORES:
        return None
    return f"core_{int(number):02d}_utilization"
