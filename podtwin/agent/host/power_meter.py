"""Power of the whole server, where its board measures it. [W]

An ACPI power meter (hwmon `power_meter`, `power1_average` in µW) measures the intake of the
server, unless the board says of it that it is something else: some have one for each socket, and
say so in `power1_oem_info`. Sums of component meters are never given as power of the server.
"""

from __future__ import annotations

from collections.abc import Mapping

from podtwin.agent.host.collector import Absent, Seen, Sight
from podtwin.agent.host.files import HostFiles, Unseen
from podtwin.agent.host.sensors import chips

POINT = "power"
_MICRO_OF_ONE = 1_000_000
_DRIVER = "power_meter"
_WAY_OUT = "a power distribution unit or the board's management controller may measure it"


class PowerMeter:
    """The one meter of the board."""

    def __init__(self, files: HostFiles) -> None:
        self._files = files
        self._path: str | None = None

    def look(self) -> Sight:
        """One point, when exactly one meter is there and is of the whole."""
        meters = [chip.folder for chip in chips(self._files) if chip.name == _DRIVER]
        absent = self._doubt(meters)
        if absent is not None:
            return Sight(absent=(absent,))
        self._path = f"{meters[0]}/power1_average"
        try:
            self._files.number(self._path)
        except Unseen as unseen:
            return Sight(absent=(Absent.of(POINT, unseen, _WAY_OUT),))
        return Sight((Seen(POINT, f"/{self._path}"),))

    def read(self, _at_s: float) -> Mapping[str, float]:
        """The meter's own mean, over its own interval."""
        if self._path is None:
            return {}
        try:
            return {POINT: self._files.number(self._path) / _MICRO_OF_ONE}
        except Unseen:
            return {}

    def forget(self) -> None:
        """Nothing: it compares with nothing."""

    def _doubt(self, meters: list[str]) -> Absent | None:
        if not meters:
            return Absent(POINT, "no meter of the whole server is shown to the kernel", _WAY_OUT)
        said = [self._files.optional(f"{folder}/power1_oem_info") for folder in meters]
        if len(meters) > 1 or any("socket" in text.lower() for text in said):
            what = ", ".join(filter(None, said)) or f"{len(meters)} meters"
            why = f"the board has meters of parts ({what}), and none of the whole"
            return Absent(POINT, why, _WAY_OUT)
        return None
