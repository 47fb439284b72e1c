"""A device that speaks Modbus TCP, read by pymodbus.

Its blocking client is used: each device has a thread, and a device that hangs holds up itself.
A connection that gave no answer, or one that is none, is closed, since a late answer would be
taken for that of the next request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import MappingProxyType

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from podcore.frame import BirthPoint
from podtwin.agent.devices.device import DeviceFault, Doubt, Health, Reading
from podtwin.agent.devices.points import plausible
from podtwin.agent.devices.registers import (
    Block,
    Function,
    Register,
    RegisterType,
    alone,
    grouped,
    raw_value,
    value_of,
)
from podtwin.agent.host.collector import Absent

# The library logs each failed try; the agent says once what is wrong and once that it is over.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

# Modbus Application Protocol V1.1b3, section 7: exception codes, and what helps.
_WRONG_FUNCTION, _WRONG_ADDRESS, _WRONG_VALUE = 1, 2, 3
_EXCEPTIONS = MappingProxyType(
    {
        _WRONG_FUNCTION: ("illegal function", "try another function: holding, input"),
        _WRONG_ADDRESS: ("illegal data address", "compare address, function and type"),
        _WRONG_VALUE: ("illegal data value", "compare address and type with the device's manual"),
        4: ("device failure", "the device itself is at fault"),
        5: ("acknowledge, still working", "a longer period_s gives it time"),
        6: ("busy", "a longer period_s gives it time"),
        8: ("memory parity error", "the device itself is at fault"),
        10: ("gateway path unavailable", "compare unit_id with the gateway's"),
        11: ("gateway target does not answer", "the device behind the gateway is away"),
    }
)


class _AnsweredNo(Exception):  # noqa: N818 - an answer
    """An exception response to one request."""

    def __init__(self, code: int) -> None:
        word, self.way_out = _EXCEPTIONS.get(code, ("unknown", ""))
        super().__init__(f"the device answers with exception {code}, {word}")
        self.code = code


class ModbusDevice:
    """One unit behind an address.

    Parameters
    ----------
    timeout_s : of connecting, and of each answer.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        unit_id: int,
        registers: Sequence[Register],
        *,
        period_s: float,
        timeout_s: float,
    ) -> None:
        self.id = name
        self.kind = f"Modbus TCP, {host}:{port} unit {unit_id}"
        self.period_s = period_s
        self.points: Sequence[BirthPoint] = [register.point for register in registers]
        self._unit_id = unit_id
        self._registers = registers
        self._lonely: set[str] = set()  # whose block was refused, so that each is asked alone
        self._absent: dict[str, Absent] = {}  # as the last read of each says
        self._due_s: dict[str, float] = {}
        self._heard = 0
        self._client = ModbusTcpClient(
            host, port=port, timeout=timeout_s, retries=0, trace_packet=self._trace
        )
        self._hang_up: Callable[[], None] = self._client.close  # which says no types of itself

    def read(self, at_s: float) -> Reading:
        """The registers whose period has passed."""
        due = [r for r in self._registers if self._due_s.get(r.point.id, at_s) <= at_s]
        gathered = _Gathered()
        for block in self._blocks(due):
            self._serve(block, gathered)
        if due and len(gathered.refused) == len(self._registers):
            first = gathered.absent[0]
            raise DeviceFault(Health.REFUSED, f"every register: {first.why}", first.way_out)
        for register in due:
            self._due_s[register.point.id] = at_s + register.point.period_s - self.period_s / 2
            self._absent.pop(register.point.id, None)
        self._absent |= {absent.point: absent for absent in gathered.absent}
        return Reading(gathered.values, tuple(self._absent.values()), gathered.doubts)

    def close(self) -> None:
        """Closes the connection; all registers are read at the next read."""
        self._hang_up()
        self._due_s.clear()
        self._absent.clear()

    def _blocks(self, due: Sequence[Register]) -> list[Block]:
        together = grouped(r for r in due if r.point.id not in self._lonely)
        return together + [alone(r) for r in due if r.point.id in self._lonely]

    def _serve(self, block: Block, gathered: _Gathered) -> None:
        try:
            cells = self._cells(block)
        except _AnsweredNo as no:
            if len(block.registers) == 1:
                gathered.refuse(block.registers[0], no)
                return
            # One of them is none, or nothing stands in a gap: which, each alone tells.
            self._lonely.update(register.point.id for register in block.registers)
            for register in block.registers:
                self._serve(alone(register), gathered)
            return
        for register in block.registers:
            gathered.take(register, block.cells_of(register, cells))

    def _cells(self, block: Block) -> Sequence[int]:
        self._heard = 0
        try:
            answer = self._ask(block)
        except ConnectionException as error:
            self.close()
            raise DeviceFault(
                Health.UNREACHABLE,
                f"no connection to {self.kind}",
                "compare address and port; another program may hold its only connection",
            ) from error
        except (ModbusException, OSError, ValueError) as error:
            self.close()
            raise self._no_answer(error) from error
        if answer.isError():
            raise _AnsweredNo(getattr(answer, "exception_code", 0))
        cells = answer.bits if block.function.of_bits else answer.registers
        if len(cells) < block.count:
            self.close()
            why = f"{len(cells)} of {block.count} registers in the answer"
            raise DeviceFault(Health.GARBLED, why, "it speaks no Modbus TCP, or badly")
        return cells

    def _ask(self, block: Block) -> ModbusPDU:
        read = {
            Function.COIL: self._client.read_coils,
            Function.DISCRETE: self._client.read_discrete_inputs,
            Function.HOLDING: self._client.read_holding_registers,
            Function.INPUT: self._client.read_input_registers,
        }[block.function]
        return read(block.address, count=block.count, device_id=self._unit_id)

    def _no_answer(self, error: Exception) -> DeviceFault:
        if self._heard:
            why = f"{self._heard} bytes that are no answer: {error}"
            return DeviceFault(Health.GARBLED, why, "it speaks no Modbus TCP, or another unit_id")
        if isinstance(error, OSError):
            return DeviceFault(Health.UNREACHABLE, f"the connection broke: {error}")
        waited_s = self._client.comm_params.timeout_connect
        return DeviceFault(
            Health.SLOW, f"no answer in {waited_s:g} s", "compare unit_id, or raise timeout_s"
        )

    def _trace(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001 - the library's call
        self._heard = self._heard if sending else len(data)
        return data


class _Gathered:
    """What one read has given so far."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.absent: list[Absent] = []
        self.doubts: list[Doubt] = []
        self.refused: list[Register] = []

    def take(self, register: Register, cells: Sequence[int]) -> None:
        """A register's value, or why there is none."""
        try:
            value = value_of(register, cells)
        except LookupError:
            raw = raw_value(register, cells, register.word_order)
            why, way_out = f"{register} is {raw:g}, which is no code of the map", "add it to codes"
            self.absent.append(Absent(register.point.id, why, way_out))
            return
        if value is None:
            why = f"the device says that it has none ({register})"
            self.absent.append(Absent(register.point.id, why))
            return
        self.values[register.point.id] = value
        if not plausible(register.point, value):
            self.doubts.append(_doubt(register, cells, value))

    def refuse(self, register: Register, no: _AnsweredNo) -> None:
        """A register that the device does not give."""
        self.refused.append(register)
        self.absent.append(Absent(register.point.id, f"{register}: {no}", no.way_out))


def _doubt(register: Register, cells: Sequence[int], value: float) -> Doubt:
    way_out = "compare type, word_order and scale with the device's manual"
    if register.type.length > 1 and register.type is not RegisterType.BIT:
        raw = raw_value(register, cells, register.word_order.other)
        swapped = register.scale * raw + register.offset
        if plausible(register.point, swapped):
            way_out = f"word_order: {register.word_order.other} would make it {swapped:g}"
    unit, quantity = register.point.unit, register.point.quantity
    why = f"{register} is {value:g} {unit}, beyond any {quantity}"
    return Doubt(register.point.id, why, way_out)
