"""Asset classes and the points that belong to each.

Words follow Brick, Redfish and NetBox. `needed` points are there unless a site file removes
them with null; the others are known names that a site file, a birth or an agent may add.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from types import MappingProxyType

from podcore.quantity import QUANTITIES


class Role(enum.StrEnum):
    """What the twin does with a point."""

    INPUT = "input"
    MEASUREMENT = "measurement"
    KPI = "kpi"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class PointSpec:
    """A point of a class: its quantity (hence unit), sample period and role."""

    name: str
    quantity: str
    period_s: float
    role: Role = Role.NONE
    needed: bool = True
    states: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The computing unit."""
        return QUANTITIES[self.quantity].unit


_U, _Y, _K, _N = Role.INPUT, Role.MEASUREMENT, Role.KPI, Role.NONE

COOLING_MODES = ("off", "mechanical", "partial", "free")
UPS_MODES = ("online", "eco", "bypass", "battery")
DEVICE_HEALTH = ("ok", "partial", "unreachable", "slow", "refused", "garbled")
EVENT_SEVERITIES = ("none", "ok", "warning", "critical")


def _specs(
    quantity: str, period_s: float, role: Role, *names: str, needed: bool = True
) -> tuple[PointSpec, ...]:
    return tuple(PointSpec(name, quantity, float(period_s), role, needed) for name in names)


def _mode(words: tuple[str, ...], period_s: float) -> PointSpec:
    return PointSpec("mode", "state", float(period_s), _U, states=words)


def _flag(name: str) -> PointSpec:
    return PointSpec(name, "state", 1.0, _N, states=("no", "yes"))


_AIR_HANDLER = (
    *_specs("temperature", 10, _Y, "supply_air_temp", "return_air_temp"),
    *_specs("temperature", 60, _U, "supply_air_temp_setpoint"),
    *_specs("humidity", 30, _Y, "return_air_humidity"),
    *_specs("percentage", 5, _U, "fan_speed"),
    *_specs("power", 5, _Y, "fan_power"),
)
_FILTER_AND_MODE = (
    *_specs("pressure_difference", 60, _N, "filter_pressure_difference"),
    _mode(COOLING_MODES, 5),
)
_WATER_PAIR = _specs("temperature", 10, _Y, "supply_water_temp", "return_water_temp")
_HEAT_STATION = (
    *_specs(
        "temperature",
        10,
        _Y,
        "source_supply_temp",
        "source_return_temp",
        "sink_supply_temp",
        "sink_return_temp",
    ),
    *_specs("power", 5, _Y, "heat_power"),
    *_specs("energy", 60, _K, "heat_energy"),
)
_ELECTRICAL = (*_specs("power", 1, _Y, "power"), *_specs("energy", 10, _K, "energy"))
_SERVER_OPTIONAL = (
    *_specs("utilization", 5, _U, "cpu_utilization", needed=False),
    *_specs("data_size", 10, _N, "memory_used", needed=False),
    *_specs("data_rate", 10, _N, "disk_read_rate", "disk_write_rate", needed=False),
    *_specs("data_rate", 10, _N, "network_receive_rate", "network_transmit_rate", needed=False),
    *_specs("temperature", 10, _N, "cpu_temp", needed=False),
    *_specs("power", 5, _N, "cpu_power", "memory_power", needed=False),
)
_CLUSTER_POINTS = (
    *_specs("power", 30, _Y, "it_power"),
    *_specs("number", 30, _U, "tasks_running", "util_sum", "util2_sum", "util4_sum"),
    *_specs("number", 30, _U, "tasks_started", "tasks_finished", needed=False),
    *_specs("number", 30, _U, *(f"tasks_u{eighth}" for eighth in range(8)), needed=False),
    *_specs("carbon_intensity", 900, _K, "carbon_intensity", needed=False),
)

# Coolant points of a rack with `cooling: liquid`.
LIQUID_RACK_POINTS = (
    *_specs("temperature", 5, _Y, "coolant_supply_temp", "coolant_return_temp"),
    *_specs("volume_flow", 5, _U, "coolant_flow"),
)

CLASSES: MappingProxyType[str, tuple[PointSpec, ...]] = MappingProxyType(
    {
        "meter": (
            *_ELECTRICAL,
            *_specs("voltage", 5, _N, "voltage"),
            *_specs("frequency", 5, _N, "frequency"),
        ),
        "weather-station": (
            *_specs("temperature", 30, _U, "outdoor_air_temp"),
            *_specs("humidity", 30, _U, "outdoor_air_humidity"),
            *_specs("irradiance", 30, _U, "solar_irradiance"),
            *_specs("pressure", 300, _U, "air_pressure"),
        ),
        "ups": (
            *_specs("power", 1, _Y, "input_power", "output_power"),
            *_specs("percentage", 10, _N, "battery_charge"),
            *_specs("temperature", 60, _N, "battery_temp"),
            _mode(UPS_MODES, 1),
        ),
        "pdu": (*_specs("power", 1, _N, "power"), *_specs("energy", 10, _K, "energy")),
        "rack": (
            *_specs("power", 1, _U, "it_power"),
            *_specs("temperature", 10, _Y, "inlet_temp", "outlet_temp"),
        ),
        "aisle": (
            *_specs("temperature", 10, _Y, "air_temp"),
            *_specs("humidity", 30, _Y, "air_humidity"),
            *_specs("pressure_difference", 10, _N, "pressure_difference"),
        ),
        "crac": (
            *_AIR_HANDLER,
            *_specs("power", 1, _Y, "compressor_power"),
            *_specs("percentage", 5, _N, "compressor_speed"),
            *_FILTER_AND_MODE,
        ),
        "crah": (
            *_AIR_HANDLER,
            *_FILTER_AND_MODE,
            *_specs("percentage", 5, _U, "valve_position"),
            *_WATER_PAIR,
            *_specs("mass_flow", 5, _U, "water_flow"),
        ),
        "chiller": (
            *_WATER_PAIR,
            *_specs("temperature", 60, _U, "supply_water_temp_setpoint"),
            *_specs("mass_flow", 5, _U, "water_flow"),
            *_specs("power", 1, _Y, "power"),
            *_specs("percentage", 10, _N, "load"),
            _mode(COOLING_MODES, 5),
        ),
        "dry-cooler": (
            *_WATER_PAIR,
            *_specs("percentage", 5, _U, "fan_speed"),
            *_specs("power", 5, _Y, "fan_power"),
            *_specs("volume", 60, _K, "water_used"),
        ),
        "pump": (
            *_specs("percentage", 5, _U, "speed"),
            *_specs("power", 5, _Y, "power"),
            *_specs("pressure_difference", 10, _N, "pressure_difference"),
        ),
        "cdu": (
            *_specs(
                "temperature",
                5,
                _Y,
                "primary_supply_temp",
                "primary_return_temp",
                "secondary_supply_temp",
                "secondary_return_temp",
            ),
            *_specs("volume_flow", 5, _U, "primary_flow", "secondary_flow"),
            *_specs("temperature", 60, _U, "secondary_supply_temp_setpoint"),
            *_specs("pressure_difference", 10, _N, "secondary_pressure_difference"),
            *_specs("percentage", 5, _U, "valve_position"),
            *_specs("power", 5, _Y, "pump_power"),
            _flag("leak"),
        ),
        "heat-exchanger": _HEAT_STATION,
        "heat-pump": (*_HEAT_STATION, *_specs("power", 1, _Y, "power")),
        "grid": _ELECTRICAL,
        "pv": _ELECTRICAL,
        "battery": (*_ELECTRICAL, *_specs("percentage", 10, _Y, "state_of_charge")),
        "generator": (*_ELECTRICAL, *_specs("percentage", 60, _N, "fuel_level")),
        "server": (*_specs("power", 5, _Y, "power"), *_SERVER_OPTIONAL),
        "cluster": _CLUSTER_POINTS,
        "leak-detector": (_flag("leak"),),
        "door": (_flag("open"),),
        "other": (),
    }
)

# Why a GPU runs slower than it could, the gravest reason counting.
THROTTLES = ("none", "setting", "power", "thermal", "hardware")

# Numbered points of a server: one spec a family.
_FAMILIES = (
    (re.compile(r"core_[0-9]{2,3}_utilization"), "utilization", ()),
    (re.compile(r"gpu_[0-9]{1,2}_power"), "power", ()),
    (re.compile(r"gpu_[0-9]{1,2}(_memory)?_temp"), "temperature", ()),
    (re.compile(r"gpu_[0-9]{1,2}(_memory)?_utilization"), "utilization", ()),
    (re.compile(r"gpu_[0-9]{1,2}(_memory)?_clock"), "clock_rate", ()),
    (re.compile(r"gpu_[0-9]{1,2}_throttle"), "state", THROTTLES),
    (re.compile(r"fan_[0-9]{1,2}_speed"), "rotational_speed", ()),
)

# Points by which an agent says how a device answers; any asset may have them.
DEVICE_POINTS = (
    PointSpec("health", "state", 10.0, needed=False, states=DEVICE_HEALTH),
    *_specs("duration", 10, _N, "read_duration", "read_age", needed=False),
    PointSpec("event_severity", "state", 10.0, needed=False, states=EVENT_SEVERITIES),
)


def point_spec(asset_class: str, name: str) -> PointSpec | None:
    """The spec of a point of a class, coolant points and numbered families included."""
    for spec in CLASSES.get(asset_class, ()):
        if spec.name == name:
            return spec
    if asset_class == "rack":
        return next((spec for spec in LIQUID_RACK_POINTS if spec.name == name), None)
    if asset_class == "server":
        for pattern, quantity, states in _FAMILIES:
            if pattern.fullmatch(name):
                return PointSpec(name, quantity, 10.0, needed=False, states=states)
    if asset_class in CLASSES:
        return next((spec for spec in DEVICE_POINTS if spec.name == name), None)
    return None
