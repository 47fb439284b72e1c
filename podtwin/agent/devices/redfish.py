"""A board's management controller, asked over Redfish.

What it links to is looked up at the first read of a connection; after that a read asks only for
the resources that give a wanted reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from podcore.frame import BirthPoint
from podcore.quantity import QUANTITIES
from podtwin.agent.devices.device import DeviceFault, Health, Reading
from podtwin.agent.devices.redfish_client import RedfishClient, Resource
from podtwin.agent.devices.redfish_events import EventStream
from podtwin.agent.devices.redfish_readings import (
    Found,
    link,
    members,
    readings,
    sensor_reading,
)
from podtwin.agent.host.collector import Absent

ROOT = "/redfish/v1/"
MOST_SENSORS = 100  # looked at once for their names; a service has some dozens
_LINKS = ("EnvironmentMetrics", "Power", "Thermal")  # of a chassis, today's first


@dataclass(frozen=True, slots=True)
class _Places:
    """What a service has: resources of the chassis, and where each wanted sensor is."""

    resources: list[str]
    sensors: list[str] = field(default_factory=list)


class RedfishDevice:
    """One chassis of a service.

    Parameters
    ----------
    wanted : points by the names of their readings, as `redfish_readings` gives them.
    chassis : its Id; the first one that has readings when left out.
    events : a stream of events to listen to, or None.
    """

    def __init__(
        self,
        name: str,
        url: str,
        client: RedfishClient,
        wanted: Mapping[str, BirthPoint],
        *,
        period_s: float,
        chassis: str | None = None,
        events: EventStream | None = None,
    ) -> None:
        self.id = name
        self.kind = f"Redfish, {url}"
        self.period_s = period_s
        self.points: Sequence[BirthPoint] = [*wanted.values(), *(events.points if events else ())]
        self._client = client
        self._wanted = wanted
        self._chassis = chassis
        self._events = events
        self._places: _Places | None = None

    def read(self, _at_s: float) -> Reading:
        """What the chassis says now, and the worst event since the read before."""
        if self._places is None:
            self._places = self._look()
        found: dict[str, Found] = {}
        for path in self._places.resources:
            for one in readings(self._client.get(path) or {}):
                found.setdefault(one.name, one)
        for path in self._places.sensors:
            for one in sensor_reading(self._client.get(path) or {}):
                found.setdefault(one.name, one)
        values, absent = self._sort(found)
        if self._events is not None:
            values |= self._events.take(self._client)
        offers = sorted(set(found) - set(self._wanted))
        return Reading(values, absent, offers=[f"{name} [{found[name].unit}]" for name in offers])

    def close(self) -> None:
        """Logs out; the service is looked at anew at the next read."""
        if self._events is not None:
            self._events.close()
        self._client.close()
        self._places = None

    def _sort(self, found: Mapping[str, Found]) -> tuple[dict[str, float], list[Absent]]:
        values: dict[str, float] = {}
        absent: list[Absent] = []
        for name, point in self._wanted.items():
            one = found.get(name)
            if one is None:
                way_out = "podtwin agent --check shows what else is there"
                absent.append(Absent(point.id, f"the chassis gives no reading {name!r}", way_out))
                continue
            conversion = QUANTITIES[point.quantity].conversion(one.unit)
            if conversion is None:
                why = f"{name!r} is in {one.unit!r}, which is no {point.quantity}"
                absent.append(Absent(point.id, why, "give the point another name"))
            else:
                values[point.id] = conversion(one.value)
        return values, absent

    def _look(self) -> _Places:
        root = self._required(ROOT)
        collection = self._required(link(root, "Chassis") or f"{ROOT}Chassis")
        paths = members(collection)
        if self._chassis is not None:
            paths = [path for path in paths if path.rstrip("/").endswith(f"/{self._chassis}")]
        for path in paths:
            chassis = self._client.get(path) or {}
            resources, names = self._resources(chassis)
            if resources or link(chassis, "Sensors"):
                return _Places(resources, self._sensors(chassis, set(self._wanted) - names))
        what = f"no chassis {self._chassis!r}" if self._chassis else "no chassis with readings"
        known = ", ".join(path.rstrip("/").rpartition("/")[2] for path in members(collection))
        raise DeviceFault(Health.REFUSED, f"the service has {what}", f"it has {known or 'none'}")

    def _resources(self, chassis: Resource) -> tuple[list[str], set[str]]:
        """Those that give a reading which none before gives, and the names of all readings."""
        linked = [path for key in _LINKS if (path := link(chassis, key)) is not None]
        thermal = link(chassis, "ThermalSubsystem")
        if thermal is not None:
            metrics = link(self._client.get(thermal) or {}, "ThermalMetrics")
            if metrics is not None:
                linked.insert(1 if link(chassis, "EnvironmentMetrics") else 0, metrics)
        useful: list[str] = []
        known: set[str] = set()
        for path in linked:
            names = {one.name for one in readings(self._client.get(path) or {})}
            if names - known:
                useful.append(path)
            known |= names
        return useful, known

    def _sensors(self, chassis: Resource, missing: set[str]) -> list[str]:
        """Where those wanted readings are that no resource of the chassis gives."""
        place = link(chassis, "Sensors")
        if not missing or place is None:
            return []
        found: list[str] = []
        for path in members(self._client.get(place) or {})[:MOST_SENSORS]:
            names = {one.name for one in sensor_reading(self._client.get(path) or {})}
            if names & missing:
                found.append(path)
                missing -= names
            if not missing:
                break
        return found

    def _required(self, path: str) -> Resource:
        found = self._client.get(path)
        if found is None:
            raise DeviceFault(Health.REFUSED, f"{path} is not there", "it is no Redfish service")
        return found
