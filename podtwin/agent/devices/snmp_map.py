"""SNMP maps: which objects of a kind of device are which points.

An object is a number of its own, or a sensor of the ENTITY-SENSOR-MIB (RFC 3433), which says its
unit, its factor and whether it works in columns beside the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podcore.errors import ConfigError
from podcore.frame import BirthPoint
from podcore.quantity import QUANTITIES
from podtwin.agent.devices.documents import read_file
from podtwin.agent.devices.points import (
    ValueFile,
    check_once,
    check_scale,
    codes_of,
    device_point,
    made_of,
)

MOST_OBJECTS = 500  # a map; a quarter of the points of a site

# RFC 3433: columns of entPhySensorTable, and the words of EntitySensorDataType that have a unit.
ENTITY_SENSOR = "1.3.6.1.2.1.99.1.1.1"
_TYPE, _SCALE, _PRECISION, _VALUE, _STATUS = range(1, 6)
_WORKS = 1  # EntitySensorStatus ok
_ONES = 9  # EntitySensorDataScale units; each step is three powers of ten
_LAST_SCALE, _MOST_DIGITS = 17, 9  # yotta; EntitySensorPrecision is -8 to 9
_SENSOR_UNITS = MappingProxyType(
    {3: "V", 4: "V", 5: "A", 6: "W", 7: "Hz", 8: "Cel", 9: "%", 10: "r/min", 12: "1"}
)

Raw = Mapping[str, float]


class ObjectFile(ValueFile, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One value of a device: an object by `oid`, or a sensor by `entity_sensor`, its index."""

    point: str
    oid: Annotated[
        str,
        Meta(
            pattern=r"^1\.3(\.[0-9]{1,10}){2,100}$",
            description="an oid is numbers and dots from 1.3 on, with its instance at the end",
        ),
    ] = ""
    entity_sensor: Annotated[int, Meta(ge=1)] | None = None


class SnmpMapFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A map of objects."""

    schema: Literal["podtwin/snmp-map/1"]
    objects: Annotated[list[ObjectFile], Meta(min_length=1, max_length=MOST_OBJECTS)]


class NoValueError(Exception):
    """What an object says is no value of its point."""


@dataclass(frozen=True, slots=True)
class SnmpObject:
    """A point, and the objects that it is made of. sensor : the RFC's table says how."""

    point: BirthPoint
    oids: tuple[str, ...]
    sensor: bool = False
    scale: float = 1.0
    offset: float = 0.0
    codes: Mapping[int, float] = field(default_factory=dict)
    missing: int | None = None

    def value(self, raw: Raw) -> float:
        """What the objects' values say.

        Raises
        ------
        NoValueError  When that is nothing.
        """
        if self.sensor:
            return self._sensed([raw[oid] for oid in self.oids])
        number = raw[self.oids[0]]
        try:
            value = made_of(
                number,
                scale=self.scale,
                offset=self.offset,
                codes=self.codes,
                missing=self.missing,
            )
        except LookupError:
            raise NoValueError(f"{number:g} is no code of the map; add it to codes") from None
        if value is None:
            raise NoValueError("the device says that it has none")
        return value

    def _sensed(self, columns: Sequence[float]) -> float:
        kind, scale, precision, value, status = columns
        if status != _WORKS:
            raise NoValueError("the sensor says that it does not work (entPhySensorOperStatus)")
        if not (1 <= scale <= _LAST_SCALE and -_MOST_DIGITS <= precision <= _MOST_DIGITS):
            raise NoValueError(f"the sensor's scale {scale:g} or precision {precision:g} is none")
        unit = _SENSOR_UNITS.get(int(kind), "")
        conversion = QUANTITIES[self.point.quantity].conversion(unit)
        if conversion is None:
            what = f"in {unit!r}" if unit else f"of type {kind:g} (EntitySensorDataType)"
            raise NoValueError(f"the sensor is {what}, which is no {self.point.quantity}")
        return conversion(value * 10.0 ** (3 * (scale - _ONES) - precision))


def load_objects(file: Path, asset: str, period_s: float) -> list[SnmpObject]:
    """The objects of a map, as points of an asset.

    Raises
    ------
    ConfigError  For the first mistake, with file and line.
    """

    def make(parsed: SnmpMapFile) -> list[SnmpObject]:
        made = [
            _object(f"objects[{number}]", each, asset, period_s)
            for number, each in enumerate(parsed.objects)
        ]
        check_once("objects", [each.point for each in made])
        return made

    return read_file(file, SnmpMapFile, make)


def _object(at: str, each: ObjectFile, asset: str, period_s: float) -> SnmpObject:
    if bool(each.oid) is (each.entity_sensor is not None):
        rule = "an object has either oid or entity_sensor"
        raise ConfigError(at, None, rule, "add oid: 1.3.6.1...., or leave one out")
    check_scale(at, each.scale)
    period_s = max(each.period_s or 0.0, period_s)
    point = device_point(at, asset, each.point, each.unit, each.quantity, period_s)
    if each.entity_sensor is not None:
        columns = (_TYPE, _SCALE, _PRECISION, _VALUE, _STATUS)
        oids = tuple(f"{ENTITY_SENSOR}.{column}.{each.entity_sensor}" for column in columns)
        unit = QUANTITIES[point.quantity].unit
        return SnmpObject(BirthPoint(point.id, point.quantity, unit, period_s), oids, sensor=True)
    return SnmpObject(
        point,
        (each.oid,),
        scale=each.scale,
        offset=each.offset,
        codes=codes_of(at, each.codes),
        missing=each.missing,
    )
