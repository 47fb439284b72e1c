"""An agent of SNMP for tests: pysnmp's own responder, with objects by hand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import Self

# Half of the library says types of itself, and they do not fit: here it is one without any.
udp = import_module("pysnmp.carrier.asyncio.dgram.udp")
config = import_module("pysnmp.entity.config")
engine = import_module("pysnmp.entity.engine")
cmdrsp = import_module("pysnmp.entity.rfc3413.cmdrsp")
context = import_module("pysnmp.entity.rfc3413.context")
v2c = import_module("pysnmp.proto.api.v2c")

COMMUNITY, USER, PASSWORD = "reads", "monitor", "long enough"


class _Objects:
    """What is there, by its number; of a controller of the library the part that is asked."""

    def __init__(self, objects: Mapping[str, int | str]) -> None:
        self._objects = objects

    def read_variables(self, *pairs: tuple[object, object], **_: object) -> list[object]:
        """The values of a request."""
        return [(oid, self._value(str(oid))) for oid, _ in pairs]

    def _value(self, oid: str) -> object:
        value = self._objects.get(oid)
        if value is None:
            return v2c.NoSuchInstance()
        return v2c.Integer32(value) if isinstance(value, int) else v2c.OctetString(value)


class SnmpAgent:
    """The agent; it answers one community, and one user of v3."""

    def __init__(self, objects: Mapping[str, int | str]) -> None:
        self.port = 0
        self._objects = objects
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(60)

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        snmp = engine.SnmpEngine()
        transport = udp.UdpAsyncioTransport(loop=self._loop).open_server_mode(("127.0.0.1", 0))
        config.add_transport(snmp, udp.DOMAIN_NAME, transport)
        await transport._lport  # noqa: SLF001 - until it listens
        self.port = transport.transport.get_extra_info("sockname")[1]
        config.add_v1_system(snmp, "area", COMMUNITY)
        config.add_v3_user(snmp, USER, config.USM_AUTH_HMAC192_SHA256, PASSWORD)
        everything = (1, 3, 6)
        config.add_vacm_user(snmp, 2, "area", "noAuthNoPriv", everything)
        config.add_vacm_user(snmp, 3, USER, "authNoPriv", everything)
        served = context.SnmpContext(snmp)
        served.unregister_context_name(v2c.OctetString(""))
        served.register_context_name(v2c.OctetString(""), _Objects(self._objects))
        cmdrsp.GetCommandResponder(snmp, served)
        self._ready.set()
        await self._ended.wait()
        snmp.close_dispatcher()
