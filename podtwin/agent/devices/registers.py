"""Modbus registers: what their bits say, and how many requests they take.

A register is 16 bits, high byte first (Modbus Application Protocol V1.1b3, section 4.2). How a
value of two or four of them is laid out the standard does not say: `word_order` big has the high
word first. One request reads up to 125 registers or 2,000 bits (sections 6.1 to 6.4).
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from podcore.frame import BirthPoint
from podtwin.agent.devices.points import made_of

HIGHEST_ADDRESS = 0xFFFF
MOST_REGISTERS = 100  # a request; 125 are allowed, and some devices stop at 100
MOST_GAP = 8  # registers read and thrown away, which cost less than another request


class Function(enum.StrEnum):
    """Which of a device's four tables is read."""

    COIL = "coil"
    DISCRETE = "discrete"
    HOLDING = "holding"
    INPUT = "input"

    @property
    def of_bits(self) -> bool:
        """Whether its cells are single bits."""
        return self in {Function.COIL, Function.DISCRETE}


class RegisterType(enum.StrEnum):
    """How the bits of a value are meant."""

    BIT = "bit"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def length(self) -> int:
        """Registers, or bits, that it takes."""
        return 1 if self is RegisterType.BIT else struct.calcsize(_FORMATS[self]) // 2


class WordOrder(enum.StrEnum):
    """Which of a value's registers comes first."""

    BIG = "big"
    LITTLE = "little"

    @property
    def other(self) -> WordOrder:
        """The one that a device may have in its place."""
        return WordOrder.LITTLE if self is WordOrder.BIG else WordOrder.BIG


_FORMATS: Mapping[RegisterType, str] = MappingProxyType(
    {
        RegisterType.INT16: ">h",
        RegisterType.UINT16: ">H",
        RegisterType.INT32: ">i",
        RegisterType.UINT32: ">I",
        RegisterType.INT64: ">q",
        RegisterType.UINT64: ">Q",
        RegisterType.FLOAT32: ">f",
        RegisterType.FLOAT64: ">d",
    }
)


@dataclass(frozen=True, slots=True)
class Register:
    """Where a point stands in a device, and how it is made of what stands there.

    The value is `scale * raw + offset` in the unit of the point, or what `codes` has for the raw
    value. missing : the raw value by which the device says that it knows none.
    """

    point: BirthPoint
    function: Function
    address: int
    type: RegisterType
    word_order: WordOrder = WordOrder.BIG
    scale: float = 1.0
    offset: float = 0.0
    codes: Mapping[int, float] = field(default_factory=dict)
    missing: int | None = None

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.type.length

    def __str__(self) -> str:
        return f"{self.function} {self.address} as {self.type}"


@dataclass(frozen=True, slots=True)
class Block:
    """One request, and the registers that it serves."""

    function: Function
    address: int
    count: int
    registers: tuple[Register, ...]

    def cells_of(self, register: Register, cells: Sequence[int]) -> Sequence[int]:
        """The part of an answer that is one register's."""
        at = register.address - self.address
        return cells[at : at + register.type.length]


def raw_value(register: Register, cells: Sequence[int], order: WordOrder) -> float:
    """What the cells say before scale and codes; NaN for a float that is none."""
    if register.type is RegisterType.BIT:
        return float(bool(cells[0]))
    words = cells if order is WordOrder.BIG else tuple(reversed(cells))
    data = struct.pack(f">{len(words)}H", *words)
    (value,) = struct.unpack(_FORMATS[register.type], data)
    return float(value)


def value_of(register: Register, cells: Sequence[int]) -> float | None:
    """The point's value in its unit; None where the device says that it has none.

    Raises
    ------
    LookupError  When the device gives a code that is not among `codes`.
    """
    return made_of(
        raw_value(register, cells, register.word_order),
        scale=register.scale,
        offset=register.offset,
        codes=register.codes,
        missing=register.missing,
    )


def grouped(registers: Iterable[Register]) -> list[Block]:
    """As few requests as serve all of them, over small gaps."""
    blocks: list[Block] = []
    for register in sorted(registers, key=lambda r: (r.function, r.address)):
        last = blocks[-1] if blocks else None
        if last is not None and _joins(last, register):
            count = max(last.address + last.count, register.end) - last.address
            whole = (*last.registers, register)
            blocks[-1] = Block(last.function, last.address, count, whole)
        else:
            blocks.append(alone(register))
    return blocks


def alone(register: Register) -> Block:
    """A request of its own."""
    return Block(register.function, register.address, register.type.length, (register,))


def _joins(block: Block, register: Register) -> bool:
    if block.function is not register.function:
        return False
    near = register.address <= block.address + block.count + MOST_GAP
    return near and register.end - block.address <= MOST_REGISTERS
