"""Modbus devices for tests: pymodbus' own server, and peers that speak anything but Modbus."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Self

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

Cells = Mapping[int, Sequence[int]]
_NO_CELLS = (SimData(9_999, values=[False] * 16, datatype=DataType.BITS),)


def words(kind: str, value: float) -> list[int]:
    """The registers of a value by a format of `struct`, high word first."""
    data = struct.pack(f">{kind}", value)
    return list(struct.unpack(f">{len(data) // 2}H", data))


class ModbusServer:
    """A device with holding and input registers, some of which it may refuse.

    Parameters
    ----------
    busy : a request for such an address, or through it, is answered with exception 6.
    """

    def __init__(
        self, holding: Cells | None = None, inputs: Cells | None = None, busy: int | None = None
    ) -> None:
        self.requests: list[tuple[int, int, int]] = []  # function, address, count
        self.port = 0
        self._blocks = (list(_NO_CELLS), list(_NO_CELLS), _blocks(holding), _blocks(inputs))
        self._busy = busy
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(30)

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = ModbusTcpServer(
            SimDevice(id=1, simdata=self._blocks),
            address=("127.0.0.1", self.port),
            trace_pdu=self._trace,
        )
        await server.serve_forever(background=True)
        assert isinstance(server.transport, asyncio.Server)
        self.port = server.transport.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        shut_down: Callable[[], Awaitable[None]] = server.shutdown  # which says no types of itself
        await shut_down()

    def _trace(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        if not sending:
            self.requests.append((pdu.function_code, pdu.address, pdu.count))
            return pdu
        _, address, count = self.requests[-1]
        if self._busy is not None and address <= self._busy < address + count:
            refused = ExceptionResponse(pdu.function_code, ExcCodes.DEVICE_BUSY)
            refused.transaction_id, refused.dev_id = pdu.transaction_id, pdu.dev_id
            return refused
        return pdu


def _blocks(cells: Cells | None) -> list[SimData]:
    found = [
        SimData(address, values=list(values), datatype=DataType.REGISTERS)
        for address, values in (cells or {}).items()
    ]
    return found or [SimData(9_999, values=[0], datatype=DataType.REGISTERS)]


Answer = Callable[[bytes, socket.socket], None]


@contextlib.contextmanager
def peer(answer: Answer) -> Iterator[int]:
    """The port of a TCP server that does with each request what it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = server.accept()
                    threading.Thread(target=talk, args=(connection,), daemon=True).start()

        def talk(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                while request := connection.recv(1024):
                    answer(request, connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            with contextlib.suppress(OSError):  # wakes accept
                socket.create_connection(server.getsockname(), timeout=5).close()
            thread.join(10)
