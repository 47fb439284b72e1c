"""Temperature of the processor and speed of the fans, where the kernel shows them. [°C, r/min]

Sensors stand under `/sys/class/hwmon`, as the kernel's "hwmon sysfs interface" has it: `name` of
the chip, `temp1_input` in 1/1000 °C with `temp1_label`, `fan1_input` in r/min. A board without
such a driver may still have a zone under `/sys/class/thermal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podtwin.agent.host.collector import Absent, Seen, Sight
from podtwin.agent.host.files import HostFiles, Unseen

HWMON, THERMAL = "sys/class/hwmon", "sys/class/thermal"
TEMPERATURE = "cpu_temp"
MOST_FANS = 99  # what the names of the points hold: fan_1_speed to fan_99_speed
_NO_DRIVER = "load the driver of the board's sensors (sensors-detect of lm-sensors finds it)"
_ON_A_BOARD = re.compile(r"(cpu|soc|pkg|package).*(thermal|temp)")  # chips and zones of ARM boards

# Which of a chip's sensors is the processor as a whole, best first. An AMD chip's Tctl is what its
# fans are steered by, on some models 10 or 20 °C above the die: taken only where Tdie is missing.
_LABELS = {
    "coretemp": ("Package id", "Physical id", "Core"),
    "k10temp": ("Tdie", "Tctl"),
    "zenpower": ("Tdie", "Tctl"),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip with sensors: its folder and the name of its driver."""

    folder: str
    name: str


def chips(files: HostFiles) -> list[Chip]:
    """All chips, in an order that is the same at each boot."""
    found = [
        Chip(f"{HWMON}/{name}", files.optional(f"{HWMON}/{name}/name"))
        for name in files.names(HWMON, "hwmon*")
    ]
    return sorted(found, key=lambda chip: (chip.name, files.device(f"{chip.folder}/device")))


class Temperature:
    """The hottest processor of the host."""

    def __init__(self, files: HostFiles) -> None:
        self._files = files
        self._inputs: list[str] = []

    def look(self) -> Sight:
        """One point, from all packages of the best kind of sensor that there is."""
        self._inputs = [*self._of_chips()] or [*self._of_zones()]
        readable = [path for path in self._inputs if self._celsius(path) is not None]
        if not readable:
            return Sight(absent=(self._absent(),))
        return Sight((Seen(TEMPERATURE, ", ".join(f"/{path}" for path in readable)),))

    def read(self, _at_s: float) -> Mapping[str, float]:
        """The highest of the sensors that answer."""
        values = [self._celsius(path) for path in self._inputs]
        known = [value for value in values if value is not None]
        return {TEMPERATURE: max(known)} if known else {}

    def forget(self) -> None:
        """Nothing: it compares with nothing."""

    def _of_chips(self) -> Iterator[str]:
        for chip in chips(self._files):
            names = self._files.names(chip.folder, "temp*_input")
            labels = {n: self._files.optional(f"{chip.folder}/{n[:-6]}_label") for n in names}
            if chip.name in _LABELS:
                chosen = next(
                    (
                        [name for name in names if labels[name].startswith(word)]
                        for word in _LABELS[chip.name]
                        if any(label.startswith(word) for label in labels.values())
                    ),
                    names,
                )
            else:
                chosen = names if _ON_A_BOARD.match(chip.name) else []
            yield from (f"{chip.folder}/{name}" for name in chosen)

    def _of_zones(self) -> Iterator[str]:
        for name in self._files.names(THERMAL, "thermal_zone*"):
            kind = self._files.optional(f"{THERMAL}/{name}/type").replace("-", "_")
            if _ON_A_BOARD.match(kind.removeprefix("x86_")):
                yield f"{THERMAL}/{name}/temp"

    def _celsius(self, path: str) -> float | None:
        try:
            return self._files.number(path) / 1_000
        except Unseen:
            return None

    def _absent(self) -> Absent:
        for path in self._inputs:
            try:
                self._files.number(path)
            except Unseen as unseen:
                return Absent.of(TEMPERATURE, unseen)
        return _none_of(self._files, TEMPERATURE, "sensor of a processor")


class Fans:
    """Each fan that a chip measures, numbered from 1."""

    def __init__(self, files: HostFiles) -> None:
        self._files = files
        self._inputs: dict[str, str] = {}

    def look(self) -> Sight:
        """A point a fan; one that stands still is seen, too.

        One that cannot be read keeps its number, so that the others keep theirs.
        """
        paths = [
            f"{chip.folder}/{name}"
            for chip in chips(self._files)
            for name in sorted(self._files.names(chip.folder, "fan*_input"), key=_number)
        ]
        numbered = {f"fan_{n}_speed": path for n, path in enumerate(paths[:MOST_FANS], 1)}
        if not numbered:
            return Sight(absent=(_none_of(self._files, "fan_N_speed", "fan"),))
        absent: list[Absent] = []
        for point, path in numbered.items():
            try:
                self._files.number(path)
            except Unseen as unseen:
                absent.append(Absent.of(point, unseen))
            else:
                self._inputs[point] = path
        seen = tuple(Seen(point, f"/{path}") for point, path in self._inputs.items())
        return Sight(seen, tuple(absent))

    def read(self, _at_s: float) -> Mapping[str, float]:
        """The speeds that the chips give now."""
        found: dict[str, float] = {}
        for point, path in self._inputs.items():
            try:
                found[point] = float(self._files.number(path))
            except Unseen:
                continue
        return found

    def forget(self) -> None:
        """Nothing: it compares with nothing."""


def _number(name: str) -> int:
    return int(re.sub(r"\D", "", name) or 0)


def _none_of(files: HostFiles, point: str, what: str) -> Absent:
    if not files.exists(HWMON):
        return Absent(point, f"/{HWMON} does not exist: the kernel shows no sensors", _NO_DRIVER)
    return Absent(point, f"/{HWMON} holds no {what}", _NO_DRIVER)
