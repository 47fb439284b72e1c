"""Readings of Redfish resources (DMTF DSP0268): by name, with a UCUM unit.

Of the summary of a chassis the names are ours (`Power`, `Energy`, `Intake`, `Exhaust`, `CPU`,
`Humidity`); of a sensor they are the service's own. The resources of today are read first
(EnvironmentMetrics, ThermalMetrics, Sensor), then those that they have replaced (Power, Thermal).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from podtwin.agent.devices.redfish_client import NOTHING, Resource

SUMMARY: Mapping[str, str] = MappingProxyType(
    {
        "Power": "W",
        "Energy": "kW.h",
        "Humidity": "%",
        "Intake": "Cel",
        "Exhaust": "Cel",
        "Ambient": "Cel",
        "Internal": "Cel",
        "CPU": "Cel",
    }
)
# What a service writes in ReadingUnits, where it is not what UCUM writes here.
_UNITS = MappingProxyType(
    {"{rev}/min": "r/min", "RPM": "r/min", "Percent": "%", "%RH": "%", "kPa": "kPa"}
)


_LARGEST = 1e300  # JSON has integers of any length


@dataclass(frozen=True, slots=True)
class Found:
    """A reading: under which name, in which unit."""

    name: str
    value: float
    unit: str


def readings(resource: Resource) -> list[Found]:
    """All that a resource says, whichever it is."""
    return [
        *_environment(resource),
        *_thermal_metrics(resource),
        *_power(resource),
        *_thermal(resource),
    ]


def sensor_reading(resource: Resource) -> list[Found]:
    """What a resource of type Sensor says, under its Name and its Id."""
    unit = str(resource.get("ReadingUnits") or "")
    return list(_named((resource.get("Name"), resource.get("Id")), resource.get("Reading"), unit))


def _environment(resource: Resource) -> Iterator[Found]:
    for name, key in (("Power", "PowerWatts"), ("Energy", "EnergykWh")):
        yield from _named((name,), _of(resource, key).get("Reading"), SUMMARY[name])
    humidity = _of(resource, "HumidityPercent").get("Reading")
    yield from _named(("Humidity",), humidity, SUMMARY["Humidity"])
    ambient = _of(resource, "TemperatureCelsius").get("Reading")
    yield from _named(("Ambient",), ambient, SUMMARY["Ambient"])
    for fan in _each(resource, "FanSpeedsPercent"):
        yield from _named((fan.get("DeviceName"),), fan.get("SpeedRPM"), "r/min")


def _thermal_metrics(resource: Resource) -> Iterator[Found]:
    summary = _of(resource, "TemperatureSummaryCelsius")
    for name in ("Intake", "Exhaust", "Ambient", "Internal"):
        yield from _named((name,), _of(summary, name).get("Reading"), "Cel")
    sensors = list(_each(resource, "TemperatureReadingsCelsius"))
    for sensor in sensors:
        yield from _named((sensor.get("DeviceName"),), sensor.get("Reading"), "Cel")
    yield from _hottest("CPU", sensors, "Reading")


def _power(resource: Resource) -> Iterator[Found]:
    # The first control is that of the chassis; the others, where there are any, are parts.
    for control in list(_each(resource, "PowerControl"))[:1]:
        yield from _named(("Power",), control.get("PowerConsumedWatts"), "W")
    for supply in _each(resource, "PowerSupplies"):
        yield from _named((supply.get("Name"),), supply.get("PowerInputWatts"), "W")
    for voltage in _each(resource, "Voltages"):
        yield from _named((voltage.get("Name"),), voltage.get("ReadingVolts"), "V")


def _thermal(resource: Resource) -> Iterator[Found]:
    sensors = list(_each(resource, "Temperatures"))
    for name in ("Intake", "Exhaust", "CPU"):
        yield from _hottest(name, sensors, "ReadingCelsius")
    for sensor in sensors:
        yield from _named((sensor.get("Name"),), sensor.get("ReadingCelsius"), "Cel")
    for fan in _each(resource, "Fans"):
        unit = str(fan.get("ReadingUnits") or "RPM")
        yield from _named((fan.get("Name") or fan.get("FanName"),), fan.get("Reading"), unit)


def _hottest(context: str, sensors: Iterable[Resource], key: str) -> Iterator[Found]:
    values = [
        value
        for sensor in sensors
        if str(sensor.get("PhysicalContext")).upper() == context.upper()
        and (value := _number(sensor.get(key))) is not None
    ]
    yield from _named((context,), max(values, default=None), "Cel")


def _named(names: Iterable[object], told: object, unit: str) -> Iterator[Found]:
    value = _number(told)
    if value is None:
        return
    for name in dict.fromkeys(name for name in names if isinstance(name, str)):
        if name:
            yield Found(name, value, _UNITS.get(unit, unit))


def _number(value: object) -> float | None:
    """The value as a float; None for what is no number, or larger than any."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -_LARGEST < value < _LARGEST else None


def _of(resource: Resource, key: str) -> Resource:
    inner = resource.get(key)
    return inner if isinstance(inner, dict) else NOTHING


def _each(resource: Resource, key: str) -> Iterator[Resource]:
    inner = resource.get(key)
    yield from (one for one in inner if isinstance(one, dict)) if isinstance(inner, list) else ()


def link(resource: Resource, key: str) -> str | None:
    """The path of a linked resource; None where there is none, or one of another service."""
    path = _of(resource, key).get("@odata.id")
    return path if isinstance(path, str) and path.startswith("/redfish/") else None


def members(collection: Resource) -> list[str]:
    """The paths of a collection's members."""
    paths = [one.get("@odata.id") for one in _each(collection, "Members")]
    return [path for path in paths if isinstance(path, str) and path.startswith("/redfish/")]
