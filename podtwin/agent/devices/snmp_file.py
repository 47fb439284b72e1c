"""What a file says of a device that speaks SNMP, made into a device."""

from __future__ import annotations

from pathlib import Path

from podcore.errors import ConfigError
from podtwin.agent.devices.documents import map_file
from podtwin.agent.devices.file import SnmpFile
from podtwin.agent.devices.secret import read_secret
from podtwin.agent.devices.snmp import Community, SnmpDevice, User
from podtwin.agent.devices.snmp_map import load_objects

SHORTEST_PASSWORD = 8  # RFC 3414, section 11.2


def snmp_device(at: str, told: SnmpFile, period_s: float, beside: Path) -> SnmpDevice:
    """The device, not asked yet.

    Raises
    ------
    ConfigError  For the first mistake, with its place.
    """
    file = map_file(f"{at}.map", told.map, "snmp", beside)
    return SnmpDevice(
        told.id,
        told.host,
        told.port,
        _account(at, told, beside),
        load_objects(file, told.asset or told.id, period_s),
        period_s=period_s,
        timeout_s=told.timeout_s,
    )


def _account(at: str, told: SnmpFile, beside: Path) -> Community | User:
    if told.user is None and told.password_file is None and told.community_file is not None:
        return Community(read_secret(f"{at}.community_file", beside, told.community_file))
    if told.user is None or told.password_file is None or told.community_file is not None:
        rule = "SNMP v2c has community_file; v3 has user and password_file"
        raise ConfigError(at, None, rule, "name the one or the other")
    password = read_secret(f"{at}.password_file", beside, told.password_file)
    if len(password) < SHORTEST_PASSWORD:
        rule = f"a password of SNMP v3 has at least {SHORTEST_PASSWORD} characters"
        raise ConfigError(f"{at}.password_file", told.password_file, rule)
    return User(told.user, password, told.auth)
