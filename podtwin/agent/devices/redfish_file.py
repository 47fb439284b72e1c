"""What a file says of a management controller, made into a device."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from podcore.errors import ConfigError
from podcore.frame import BirthPoint
from podcore.ports import Clock
from podcore.quantity import QUANTITIES
from podtwin.agent.devices.file import RedfishFile
from podtwin.agent.devices.points import device_point
from podtwin.agent.devices.redfish import RedfishDevice
from podtwin.agent.devices.redfish_client import Account, RedfishClient
from podtwin.agent.devices.redfish_events import EventStream
from podtwin.agent.devices.redfish_readings import SUMMARY
from podtwin.agent.devices.secret import read_secret

DEFAULT_POINTS: Mapping[str, str] = MappingProxyType({"power": "Power", "inlet_temp": "Intake"})
# What a sensor of the service's own measures is said by the end of the point's name.
_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "_temp": "temperature",
        "_power": "power",
        "_energy": "energy",
        "_humidity": "humidity",
        "_speed": "rotational_speed",
        "_voltage": "voltage",
        "_current": "current",
    }
)


def redfish_device(
    at: str, told: RedfishFile, period_s: float, beside: Path, clock: Clock
) -> RedfishDevice:
    """The device, not asked yet.

    Raises
    ------
    ConfigError  For the first mistake, with its place.
    """
    account, trust = _account(at, told, beside), _trust(at, told, beside)

    def connect() -> RedfishClient:
        return RedfishClient(told.url, account, trust, told.timeout_s, clock)

    asset = told.asset or told.id
    wanted: dict[str, BirthPoint] = {}
    for point, reading in (told.points or DEFAULT_POINTS).items():
        place = f"{at}.points.{point}"
        if reading in wanted:
            raise ConfigError(place, reading, "is another point already", "leave one out")
        wanted[reading] = _point(place, asset, point, reading, period_s)
    return RedfishDevice(
        told.id,
        told.url,
        connect(),
        wanted,
        period_s=period_s,
        chassis=told.chassis,
        events=EventStream(told.id, connect, period_s) if told.events else None,
    )


def _point(at: str, asset: str, point: str, reading: str, period_s: float) -> BirthPoint:
    unit = SUMMARY.get(reading)
    quantity = next((q for end, q in _ENDINGS.items() if f"_{point}".endswith(end)), None)
    if unit is None and quantity is None:
        rule = f"nothing says what {point!r} measures"
        way_out = f"let its name end with one of {', '.join(_ENDINGS)}"
        raise ConfigError(at, reading, rule, way_out)
    made = device_point(at, asset, point, unit, quantity if unit is None else None, period_s)
    return BirthPoint(made.id, made.quantity, QUANTITIES[made.quantity].unit, period_s)


def _account(at: str, told: RedfishFile, beside: Path) -> Account | None:
    if told.user is None and told.password_file is None:
        return None
    if told.user is None or told.password_file is None:
        absent = "user" if told.user is None else "password_file"
        raise ConfigError(at, None, f"the key {absent!r} is missing", "an account has both")
    password = read_secret(f"{at}.password_file", beside, told.password_file)
    return Account(told.user, password, session=told.auth == "session")


def _trust(at: str, told: RedfishFile, beside: Path) -> ssl.SSLContext | None:
    if not told.url.startswith("https://"):
        if told.user is not None:
            way_out = "write https://, with ca_file where the certificate is the board's own"
            raise ConfigError(f"{at}.url", told.url, "a password is sent over TLS alone", way_out)
        return None
    if not told.check_name and told.ca_file is None:
        rule = "a name may differ only where ca_file says whose certificate it is"
        raise ConfigError(
            f"{at}.check_name", told.check_name, rule, "name the certificate with ca_file"
        )
    try:
        trust = ssl.create_default_context(
            cafile=None if told.ca_file is None else beside / told.ca_file
        )
    except OSError as error:
        rule = f"is no file of certificates: {error.strerror or error}"
        raise ConfigError(f"{at}.ca_file", told.ca_file, rule, "it is PEM") from None
    trust.check_hostname = told.check_name
    return trust
