"""Memory in use: what is there less what programs could still get. [By]"""

from __future__ import annotations

from collections.abc import Mapping

from podtwin.agent.host.collector import Absent, Seen, Sight
from podtwin.agent.host.files import HostFiles, Unseen

FILE = "proc/meminfo"
POINT = "memory_used"
_KIB = 1024
_FIELDS = ("MemTotal", "MemAvailable")


class Memory:
    """`MemTotal` less `MemAvailable`; caches that the kernel would give back are not in use."""

    def __init__(self, files: HostFiles) -> None:
        self._files = files

    def look(self) -> Sight:
        """One point."""
        try:
            self._used()
        except Unseen as unseen:
            return Sight(absent=(Absent.of(POINT, unseen),))
        return Sight((Seen(POINT, f"/{FILE}"),))

    def read(self, _at_s: float) -> Mapping[str, float]:
        """What is in use now."""
        try:
            return {POINT: self._used()}
        except Unseen:
            return {}

    def forget(self) -> None:
        """Nothing: it compares with nothing."""

    def _used(self) -> float:
        found: dict[str, int] = {}
        for line in self._files.text(FILE).splitlines():
            name, _, rest = line.partition(":")
            number, _, unit = rest.strip().partition(" ")
            if name in _FIELDS and unit == "kB" and number.isdecimal():
                found[name] = int(number) * _KIB
        missing = [name for name in _FIELDS if name not in found]
        if missing:
            raise Unseen(f"/{FILE}", f"has no {missing[0]}", "a kernel of 3.14 or later shows it")
        return float(found["MemTotal"] - found["MemAvailable"])
