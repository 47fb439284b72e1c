"""Register maps: which registers of a kind of Modbus device are which points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podcore.errors import ConfigError
from podtwin.agent.devices.documents import read_file
from podtwin.agent.devices.points import ValueFile, check_once, check_scale, codes_of, device_point
from podtwin.agent.devices.registers import (
    HIGHEST_ADDRESS,
    Function,
    Register,
    RegisterType,
    WordOrder,
)

MOST_REGISTERS = 500  # a map; a quarter of the points of a site


class RegisterFile(ValueFile, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One value of a device; what it leaves out of function and word order is the map's."""

    point: str
    address: Annotated[int, Meta(ge=0, le=HIGHEST_ADDRESS)]
    type: RegisterType
    function: Function | None = None
    word_order: WordOrder | None = None


class ModbusMapFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A register map."""

    schema: Literal["podtwin/modbus-map/1"]
    registers: Annotated[list[RegisterFile], Meta(min_length=1, max_length=MOST_REGISTERS)]
    function: Function = Function.HOLDING
    word_order: WordOrder = WordOrder.BIG


def load_registers(file: Path, asset: str, period_s: float) -> list[Register]:
    """The registers of a map, as points of an asset.

    Raises
    ------
    ConfigError  For the first mistake, with file and line.
    """

    def make(parsed: ModbusMapFile) -> list[Register]:
        made = [
            _register(f"registers[{number}]", each, parsed, asset, period_s)
            for number, each in enumerate(parsed.registers)
        ]
        check_once("registers", [register.point for register in made])
        return made

    return read_file(file, ModbusMapFile, make)


def _register(
    at: str, each: RegisterFile, whole: ModbusMapFile, asset: str, period_s: float
) -> Register:
    function = each.function or whole.function
    if function.of_bits is not (each.type is RegisterType.BIT):
        rule = f"a {function} is of type bit" if function.of_bits else f"a {function} is no bit"
        way_out = "type bit goes with function coil or discrete, every other with holding or input"
        raise ConfigError(f"{at}.type", each.type.value, rule, way_out)
    if each.address + each.type.length - 1 > HIGHEST_ADDRESS:
        rule = f"a {each.type} takes {each.type.length} registers, the last is {HIGHEST_ADDRESS}"
        raise ConfigError(f"{at}.address", each.address, rule)
    check_scale(at, each.scale)
    point = device_point(
        at, asset, each.point, each.unit, each.quantity, max(each.period_s or 0.0, period_s)
    )
    return Register(
        point,
        function,
        each.address,
        each.type,
        each.word_order or whole.word_order,
        each.scale,
        each.offset,
        codes_of(at, each.codes),
        each.missing,
    )
