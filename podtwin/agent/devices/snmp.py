"""A device that speaks SNMP (v2c, or v3 with a user), read by pysnmp.

The library is made of coroutines; each device has a loop of its own, which runs while the device
is read. A device says nothing at all to a wrong community, so that no answer has several causes.
"""

from __future__ import annotations

import asyncio
import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pysnmp.error import PySnmpError
from pysnmp.proto import errind, rfc1905

from podcore.frame import BirthPoint
from podtwin.agent.devices.device import DeviceFault, Doubt, Health, Reading
from podtwin.agent.devices.points import plausible
from podtwin.agent.devices.snmp_map import NoValueError, SnmpObject
from podtwin.agent.host.collector import Absent

# Half of the library says types of itself, and they do not fit: here it is one without any.
hlapi = importlib.import_module("pysnmp.hlapi.v3arch.asyncio")

MOST_OIDS = 20  # a request; an answer of 20 numbers has some 600 bytes, half of a datagram
RETRIES = 1  # a datagram may be lost
_SILENT = "compare host, port and version; a device says nothing to a wrong community"
_WAY_OUT = "compare user, password_file and auth with the device"
_DENIED = (
    errind.UnknownUserName,
    errind.WrongDigest,
    errind.AuthenticationFailure,
    errind.AuthenticationError,
    errind.UnsupportedSecurityLevel,
    errind.UnknownSecurityName,
)
_NONE = (rfc1905.NoSuchObject, rfc1905.NoSuchInstance, rfc1905.EndOfMibView)


@dataclass(frozen=True, slots=True)
class Community:
    """SNMP v2c: a word that is sent in the clear."""

    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """SNMP v3: answers are signed; what is asked and answered can be read on the way.

    auth : a key of `AUTHENTICATIONS`.
    """

    name: str
    password: str = field(repr=False)
    auth: str = "sha256"


AUTHENTICATIONS = {
    "sha1": hlapi.USM_AUTH_HMAC96_SHA,
    "sha256": hlapi.USM_AUTH_HMAC192_SHA256,
    "sha512": hlapi.USM_AUTH_HMAC384_SHA512,
}


class _Number(Protocol):
    def prettyPrint(self) -> str:  # noqa: N802 - the library's name
        """The value as text."""


class _Engine(Protocol):
    def close_dispatcher(self) -> None:
        """Closes its sockets."""


class SnmpDevice:
    """One agent of SNMP.

    Parameters
    ----------
    timeout_s : of an answer; a request is repeated once.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        account: Community | User,
        objects: Sequence[SnmpObject],
        *,
        period_s: float,
        timeout_s: float,
    ) -> None:
        self.id = name
        version = "v3" if isinstance(account, User) else "v2c"
        self.kind = f"SNMP {version}, {host}:{port}"
        self.period_s = period_s
        self.points: Sequence[BirthPoint] = [each.point for each in objects]
        self._address = (host, port)
        self._account = _credentials(account)
        self._objects = objects
        self._timeout_s = timeout_s
        self._due_s: dict[str, float] = {}
        self._absent: dict[str, Absent] = {}
        self._loop: asyncio.Runner | None = None
        self._engine: _Engine | None = None

    def read(self, at_s: float) -> Reading:
        """The objects whose period has passed."""
        due = [each for each in self._objects if self._due_s.get(each.point.id, at_s) <= at_s]
        oids = list(dict.fromkeys(oid for each in due for oid in each.oids))
        raw: dict[str, float] = {}
        why: dict[str, str] = {}
        if self._loop is None:
            self._loop = asyncio.Runner()
        for first in range(0, len(oids), MOST_OIDS):
            asked = oids[first : first + MOST_OIDS]
            for oid, answer in zip(asked, self._loop.run(self._get(asked)), strict=True):
                _sort(oid, answer, raw, why)
        if oids and not raw:
            way_out = "compare the map with the device; may this account see its objects?"
            raise DeviceFault(Health.REFUSED, f"every object: {why[oids[0]]}", way_out)
        return self._reading(due, raw, why, at_s)

    def close(self) -> None:
        """Closes the socket; all objects are read at the next read."""
        self._due_s.clear()
        self._absent.clear()
        if self._loop is not None:
            self._loop.run(self._end())
            self._loop.close()
            self._loop = None

    async def _end(self) -> None:
        if self._engine is not None:
            self._engine.close_dispatcher()
            self._engine = None

    async def _get(self, oids: Sequence[str]) -> list[_Number]:
        if self._engine is None:
            self._engine = hlapi.SnmpEngine()
        try:
            target = await hlapi.UdpTransportTarget.create(
                self._address, timeout=self._timeout_s, retries=RETRIES
            )
            indication, status, index, pairs = await hlapi.get_cmd(
                self._engine,
                self._account,
                target,
                hlapi.ContextData(),
                *(hlapi.ObjectType(hlapi.ObjectIdentity(oid)) for oid in oids),
                lookupMib=False,
            )
        except PySnmpError as error:
            raise DeviceFault(Health.UNREACHABLE, f"{error}".strip(), "compare host") from error
        if indication:
            raise self._no_answer(indication)
        if status:
            place = oids[int(index) - 1] if 0 < int(index) <= len(oids) else "the request"
            why = f"{place}: {status.prettyPrint()}"
            raise DeviceFault(Health.REFUSED, why, "may this account see its objects?")
        if len(pairs) != len(oids):
            why = f"{len(pairs)} of {len(oids)} objects in the answer"
            raise DeviceFault(Health.GARBLED, why, "it speaks SNMP badly")
        return [value for _, value in pairs]

    def _no_answer(self, indication: object) -> DeviceFault:
        if isinstance(indication, errind.RequestTimedOut):
            why = f"no answer in {RETRIES + 1} times {self._timeout_s:g} s"
            return DeviceFault(Health.UNREACHABLE, why, _SILENT)
        if isinstance(indication, _DENIED):
            return DeviceFault(Health.REFUSED, str(indication), _WAY_OUT)
        return DeviceFault(Health.GARBLED, str(indication), "it speaks SNMP badly")

    def _reading(
        self,
        due: Sequence[SnmpObject],
        raw: Mapping[str, float],
        why: Mapping[str, str],
        at_s: float,
    ) -> Reading:
        values: dict[str, float] = {}
        doubts: list[Doubt] = []
        for each in due:
            point = each.point
            self._due_s[point.id] = at_s + point.period_s - self.period_s / 2
            self._absent.pop(point.id, None)
            try:
                value = values[point.id] = each.value(_all_of(each, raw, why))
            except NoValueError as error:
                self._absent[point.id] = Absent(point.id, str(error))
                continue
            if not plausible(point, value):
                told = f"{each.oids[0]} is {value:g} {point.unit}, beyond any {point.quantity}"
                doubts.append(Doubt(point.id, told, "compare oid and scale with the device's MIB"))
        return Reading(values, tuple(self._absent.values()), doubts)


def _credentials(account: Community | User) -> object:
    if isinstance(account, Community):
        # Many PDUs speak nothing else; what may be read of them is no secret.
        return hlapi.CommunityData(account.name, mpModel=1)
    return hlapi.UsmUserData(
        account.name, authKey=account.password, authProtocol=AUTHENTICATIONS[account.auth]
    )


def _all_of(each: SnmpObject, raw: Mapping[str, float], why: Mapping[str, str]) -> dict[str, float]:
    """The values of all objects of a point.

    Raises
    ------
    NoValueError  When one of them has none.
    """
    for oid in each.oids:
        if oid not in raw:
            raise NoValueError(f"{oid}: {why[oid]}")
    return {oid: raw[oid] for oid in each.oids}


def _sort(oid: str, answer: _Number, raw: dict[str, float], why: dict[str, str]) -> None:
    """A value as a number, or why it is none."""
    if isinstance(answer, _NONE):
        why[oid] = "the device has no such object"
        return
    text = answer.prettyPrint()
    try:
        number = float(text)  # also of those that write a number as text
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        raw[oid] = number
    else:
        why[oid] = f"{text[:40]!r} is no number"
