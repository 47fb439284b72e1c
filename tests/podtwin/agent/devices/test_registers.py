from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.frame import BirthPoint
from podtwin.agent.devices.registers import (
    MOST_REGISTERS,
    Function,
    Register,
    RegisterType,
    WordOrder,
    grouped,
    value_of,
)

FORMATS = {
    RegisterType.INT16: "h",
    RegisterType.UINT16: "H",
    RegisterType.INT32: "i",
    RegisterType.UINT32: "I",
    RegisterType.INT64: "q",
    RegisterType.UINT64: "Q",
    RegisterType.FLOAT32: "f",
    RegisterType.FLOAT64: "d",
}


def register(
    kind: RegisterType,
    address: int = 0,
    *,
    function: Function = Function.HOLDING,
    word_order: WordOrder = WordOrder.BIG,
    scale: float = 1.0,
    offset: float = 0.0,
    missing: int | None = None,
) -> Register:
    point = BirthPoint(f"a/p{address}", "power", "W")
    return Register(point, function, address, kind, word_order, scale, offset, {}, missing)


def cells_of(kind: RegisterType, value: float, order: WordOrder) -> list[int]:
    data = struct.pack(">" + FORMATS[kind], value)
    words = list(struct.unpack(f">{len(data) // 2}H", data))
    return words if order is WordOrder.BIG else words[::-1]


@given(data=st.data(), kind=st.sampled_from(list(FORMATS)), order=st.sampled_from(WordOrder))
def test_a_value_comes_back_from_its_registers_in_either_order(
    data: st.DataObject, kind: RegisterType, order: WordOrder
) -> None:
    bits = kind.length * 16
    if kind is RegisterType.FLOAT32:
        value = data.draw(st.floats(allow_nan=False, allow_infinity=False, width=32))
    elif kind is RegisterType.FLOAT64:
        value = data.draw(st.floats(allow_nan=False, allow_infinity=False))
    elif kind.startswith("u"):
        value = data.draw(st.integers(0, 2**bits - 1))
    else:
        value = data.draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    got = value_of(register(kind, word_order=order), cells_of(kind, value, order))
    assert got == float(value)


def test_scale_and_offset_make_the_unit_of_the_point() -> None:
    assert value_of(register(RegisterType.INT16, scale=0.1, offset=-40.0), [900]) == 50.0


@pytest.mark.parametrize(
    ("kind", "value", "missing"),
    (
        (RegisterType.INT16, -32_768, -32_768),
        (RegisterType.UINT16, 0xFFFF, 0xFFFF),
        (RegisterType.FLOAT32, math.nan, None),
        (RegisterType.FLOAT64, math.inf, None),
    ),
)
def test_what_a_device_gives_for_nothing_is_no_value(
    kind: RegisterType, value: float, missing: int | None
) -> None:
    cells = cells_of(kind, value, WordOrder.BIG)
    assert value_of(register(kind, missing=missing), cells) is None


def test_a_code_stands_for_a_state_and_another_is_none() -> None:
    mode = Register(
        BirthPoint("a/mode", "state", "1"), Function.HOLDING, 0, RegisterType.UINT16, codes={7: 1.0}
    )
    assert value_of(mode, [7]) == 1.0
    with pytest.raises(LookupError):
        value_of(mode, [8])


def test_a_bit_is_0_or_1() -> None:
    assert value_of(register(RegisterType.BIT, function=Function.COIL), [True]) == 1.0


@given(
    st.lists(
        st.builds(
            register,
            st.sampled_from(list(FORMATS)),
            st.integers(0, 400),
            function=st.sampled_from((Function.HOLDING, Function.INPUT)),
        ),
        max_size=40,
    )
)
def test_every_register_lies_whole_in_one_request_of_its_table(registers: list[Register]) -> None:
    blocks = grouped(registers)
    served = [(block, each) for block in blocks for each in block.registers]
    assert sorted(map(str, (each for _, each in served))) == sorted(map(str, registers))
    for block, each in served:
        assert block.count <= MOST_REGISTERS
        assert block.function is each.function
        assert block.address <= each.address
        assert each.end <= block.address + block.count
        cells = list(range(block.address, block.address + block.count))
        assert list(block.cells_of(each, cells)) == list(range(each.address, each.end))


def test_neighbours_share_a_request_and_those_far_apart_do_not() -> None:
    at = [register(RegisterType.UINT16, address) for address in (0, 1, 9, 40)]
    assert [(block.address, block.count) for block in grouped(at)] == [(0, 10), (40, 1)]
