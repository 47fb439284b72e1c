"""The file of devices: what is asked beside the host, how, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podcore.errors import ConfigError
from podcore.ports import Clock
from podcore.site import MAX_POINTS, Id
from podtwin.agent.devices.device import Device, health_points
from podtwin.agent.devices.documents import map_file, read_file
from podtwin.agent.devices.modbus_map import load_registers
from podtwin.agent.devices.points import Period

MOST_DEVICES = 64  # a file; a thread each, of some 70 kB
DEFAULT_PERIOD_S = 10.0

_Port = Annotated[int, Meta(ge=1, le=65_535)]
_Timeout = Annotated[float, Meta(ge=0.1, le=30)]
_Host = Annotated[str, Meta(min_length=1)]


class ModbusFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device that speaks Modbus TCP. map : a shipped one, or a file beside this one."""

    id: Id
    host: _Host
    map: str
    port: _Port = 502
    unit_id: Annotated[int, Meta(ge=0, le=255)] = 1
    asset: Id | None = None
    period_s: Period | None = None
    timeout_s: _Timeout = 2.0


class RedfishFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A management controller. points : by their names, the names of readings."""

    id: Id
    url: Annotated[
        str, Meta(pattern=r"^https?://[^/@\s]+$", description="a url is https://host, or http")
    ]
    points: Annotated[dict[str, str], Meta(min_length=1)] | None = None
    user: str | None = None
    password_file: str | None = None
    auth: Literal["session", "basic"] = "session"
    ca_file: str | None = None
    check_name: bool = True
    chassis: str | None = None
    events: bool = False
    asset: Id | None = None
    period_s: Period | None = None
    timeout_s: _Timeout = 5.0


class SnmpFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device that speaks SNMP: v2c with a community, or v3 with a user."""

    id: Id
    host: _Host
    map: str
    port: _Port = 161
    community_file: str | None = None
    user: str | None = None
    password_file: str | None = None
    auth: Literal["sha1", "sha256", "sha512"] = "sha256"
    asset: Id | None = None
    period_s: Period | None = None
    timeout_s: _Timeout = 2.0


class DevicesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Devices beside the host, by what they speak.

    host : whether the host's own points are published too.
    """

    schema: Literal["podtwin/devices/1"]
    host: bool = True
    period_s: Period = DEFAULT_PERIOD_S
    modbus: list[ModbusFile] = []
    redfish: list[RedfishFile] = []
    snmp: list[SnmpFile] = []


class LoadedDevices(msgspec.Struct, frozen=True):
    """What a file of devices asks for."""

    host: bool
    devices: list[Device]


def load_devices(file: Path, clock: Clock) -> LoadedDevices:
    """The devices of a file, none of them asked yet.

    Raises
    ------
    ConfigError  For the first mistake, with file and line.
    """

    def make(parsed: DevicesFile) -> LoadedDevices:
        _check_ids(parsed)
        devices = list(_devices(parsed, file.parent, clock))
        _check_points(devices)
        return LoadedDevices(parsed.host, devices)

    return read_file(file, DevicesFile, make)


def _devices(parsed: DevicesFile, beside: Path, clock: Clock) -> Iterator[Device]:
    # Each kind's library is loaded where a file has such a device.
    for number, modbus in enumerate(parsed.modbus):
        yield _modbus(f"modbus[{number}]", modbus, parsed, beside)
    for number, redfish in enumerate(parsed.redfish):
        from podtwin.agent.devices.redfish_file import redfish_device  # noqa: PLC0415

        period_s = redfish.period_s or parsed.period_s
        yield redfish_device(f"redfish[{number}]", redfish, period_s, beside, clock)
    for number, snmp in enumerate(parsed.snmp):
        from podtwin.agent.devices.snmp_file import snmp_device  # noqa: PLC0415

        period_s = snmp.period_s or parsed.period_s
        yield snmp_device(f"snmp[{number}]", snmp, period_s, beside)


def _modbus(at: str, device: ModbusFile, parsed: DevicesFile, beside: Path) -> Device:
    from podtwin.agent.devices.modbus import ModbusDevice  # noqa: PLC0415

    period_s = device.period_s or parsed.period_s
    file = map_file(f"{at}.map", device.map, "modbus", beside)
    return ModbusDevice(
        device.id,
        device.host,
        device.port,
        device.unit_id,
        load_registers(file, device.asset or device.id, period_s),
        period_s=period_s,
        timeout_s=device.timeout_s,
    )


def _check_ids(parsed: DevicesFile) -> None:
    listed: dict[str, Sequence[ModbusFile | RedfishFile | SnmpFile]] = {
        "modbus": parsed.modbus,
        "redfish": parsed.redfish,
        "snmp": parsed.snmp,
    }
    named = [
        (f"{kind}[{n}]", one.id)
        for kind, devices in listed.items()
        for n, one in enumerate(devices)
    ]
    if not 0 < len(named) <= MOST_DEVICES:
        rule = f"a file has 1 to {MOST_DEVICES} devices"
        way_out = (
            "list one under modbus, redfish or snmp"
            if not named
            else "run another agent for the others"
        )
        raise ConfigError("document", len(named), rule, way_out)
    seen: dict[str, str] = {}
    for at, name in named:
        first = seen.setdefault(name, at)
        if first != at:
            raise ConfigError(f"{at}.id", name, f"is already the id of {first}", "rename one")


def _check_points(devices: list[Device]) -> None:
    owners: dict[str, str] = {}
    for device in devices:
        for point in (*device.points, *health_points(device.id, device.period_s)):
            owner = owners.setdefault(point.id, device.id)
            if owner != device.id:
                rule = f"both {owner} and {device.id} fill this point"
                raise ConfigError("document", point.id, rule, "give one another asset")
    if len(owners) > MAX_POINTS:
        raise ConfigError("document", len(owners), f"a site has at most {MAX_POINTS} points")
