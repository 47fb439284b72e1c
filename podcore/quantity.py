"""The closed list of quantities: computing unit, accepted units, plausible range, kind.

Unit codes follow UCUM (Schadow and McDonald, The Unified Code for Units of Measure,
ucum.org). A reading is converted once, in ingest, and stored in the computing unit; a
plausible range flags a value (`out_of_range`), it never drops one.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class PointKind(enum.StrEnum):
    """How a point's value changes with time."""

    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Conversion:
    """An accepted unit: computing value = scale * (value + offset)."""

    scale: float = 1.0
    offset: float = 0.0

    def __call__(self, value: float) -> float:
        """The value in the computing unit."""
        return self.scale * (value + self.offset)


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a point measures.

    low, high : bounds of what is physically plausible in a modular data center, in `unit`.
    """

    name: str
    unit: str
    units: MappingProxyType[str, Conversion]
    low: float
    high: float
    kind: PointKind = PointKind.GAUGE

    def conversion(self, unit: str) -> Conversion | None:
        """How to come from `unit` to the computing unit; None when it is not accepted."""
        return self.units.get(unit)


_SAME = Conversion()


def _quantity(
    name: str,
    unit: str,
    low: float,
    high: float,
    scales: Mapping[str, Conversion | float] = MappingProxyType({}),
    kind: PointKind = PointKind.GAUGE,
) -> Quantity:
    units = {unit: _SAME}
    for code, conversion in scales.items():
        units[code] = conversion if isinstance(conversion, Conversion) else Conversion(conversion)
    return Quantity(name, unit, MappingProxyType(units), low, high, kind)


_KELVIN = Conversion(1.0, -273.15)
_FAHRENHEIT = Conversion(5.0 / 9.0, -32.0)
_ENERGIES = {"kW.h": 1e3, "MW.h": 1e6, "J": 1 / 3600, "kJ": 1e3 / 3600, "MJ": 1e6 / 3600}
_PRESSURES = {"hPa": 1e2, "kPa": 1e3, "bar": 1e5, "mbar": 1e2}
_VOLUME_FLOWS = {"m3/h": 1e3 / 60, "L/s": 60.0, "m3/s": 6e4}
_DATA_SIZES = {"KiBy": 2.0**10, "MiBy": 2.0**20, "GiBy": 2.0**30}
_DATA_RATES = {"kBy/s": 1e3, "MBy/s": 1e6, "bit/s": 0.125}
_CARBON_INTENSITIES = {"kg/(kW.h)": 1e3, "g/kW.h": 1.0}
_LARGE = 1e15  # a bound for counters and counts: exact in float64 and never reached

QUANTITIES: MappingProxyType[str, Quantity] = MappingProxyType(
    {
        quantity.name: quantity
        for quantity in (
            _quantity("temperature", "Cel", -80.0, 200.0, {"K": _KELVIN, "[degF]": _FAHRENHEIT}),
            _quantity("temperature_difference", "K", -200.0, 200.0),
            _quantity("humidity", "%", 0.0, 100.0, {"1": 100.0}),
            _quantity("power", "W", -1e8, 1e8, {"kW": 1e3, "MW": 1e6, "mW": 1e-3}),
            _quantity("energy", "W.h", 0.0, _LARGE, _ENERGIES, PointKind.COUNTER),
            _quantity("voltage", "V", -1e5, 1e5, {"kV": 1e3, "mV": 1e-3}),
            _quantity("current", "A", -1e5, 1e5, {"mA": 1e-3}),
            _quantity("frequency", "Hz", 0.0, 1e4, {"kHz": 1e3}),
            _quantity("clock_rate", "MHz", 0.0, 1e6, {"Hz": 1e-6, "GHz": 1e3}),
            _quantity("irradiance", "W/m2", -20.0, 1500.0, {"kW/m2": 1e3}),
            _quantity("pressure", "Pa", 0.0, 1e8, _PRESSURES),
            _quantity("pressure_difference", "Pa", -1e7, 1e7, _PRESSURES),
            _quantity("percentage", "%", -1.0, 101.0, {"1": 100.0}),
            _quantity("utilization", "%", 0.0, 100.0, {"1": 100.0}),
            _quantity("volume_flow", "L/min", -1e6, 1e6, _VOLUME_FLOWS),
            _quantity("mass_flow", "kg/s", -1e5, 1e5, {"kg/h": 1 / 3600, "g/s": 1e-3}),
            _quantity("volume", "L", 0.0, _LARGE, {"m3": 1e3}, PointKind.COUNTER),
            _quantity("rotational_speed", "r/min", 0.0, 1e6, {"Hz": 60.0}),
            _quantity("data_size", "By", 0.0, 1e18, _DATA_SIZES),
            _quantity("data_rate", "By/s", 0.0, 1e15, _DATA_RATES),
            _quantity("carbon_intensity", "g/(kW.h)", 0.0, 3000.0, _CARBON_INTENSITIES),
            _quantity("duration", "s", -_LARGE, _LARGE, {"ms": 1e-3, "min": 60.0, "h": 3600.0}),
            _quantity("number", "1", -_LARGE, _LARGE),
            _quantity("state", "1", 0.0, 65535.0, kind=PointKind.STATE),
        )
    }
)

# What a bare unit is taken to mean when nothing else says it (`podtwin publish --map x=a/b:W`).
# Listed because % and Pa and Hz and 1 serve several quantities.
_BY_UNIT: MappingProxyType[str, str] = MappingProxyType(
    {"%": "percentage", "1": "number", "Hz": "frequency", "Pa": "pressure_difference"}
)


def quantity_of_unit(unit: str) -> Quantity | None:
    """The quantity that a bare unit stands for, or None when no quantity accepts it."""
    named = _BY_UNIT.get(unit)
    if named is not None:
        return QUANTITIES[named]
    return next((q for q in QUANTITIES.values() if unit in q.units), None)


def known_units() -> set[str]:
    """Every unit code that some quantity accepts."""
    return {unit for quantity in QUANTITIES.values() for unit in quantity.units}
