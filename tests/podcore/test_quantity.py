from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.quantity import QUANTITIES, PointKind, Quantity, known_units, quantity_of_unit

ALL_UNITS = [(name, unit) for name, quantity in QUANTITIES.items() for unit in quantity.units]
units = st.sampled_from(ALL_UNITS)
values = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("quantity", "unit", "value", "expected"),
    (
        ("temperature", "K", 295.55, 22.4),
        ("temperature", "[degF]", 212.0, 100.0),
        ("temperature", "[degF]", -40.0, -40.0),
        ("power", "kW", 8.123, 8_123.0),
        ("power", "mW", 8_000.0, 8.0),
        ("energy", "kW.h", 1.5, 1_500.0),
        ("energy", "MJ", 3.6, 1_000.0),
        ("humidity", "1", 0.45, 45.0),
        ("pressure", "mbar", 1_013.25, 101_325.0),
        ("volume_flow", "m3/h", 6.0, 100.0),
        ("volume_flow", "L/s", 2.0, 120.0),
        ("mass_flow", "kg/h", 3_600.0, 1.0),
        ("rotational_speed", "Hz", 50.0, 3_000.0),
        ("data_size", "GiBy", 1.0, 1_073_741_824.0),
        ("data_rate", "bit/s", 8.0, 1.0),
        ("carbon_intensity", "kg/(kW.h)", 0.268, 268.0),
        ("duration", "h", 2.0, 7_200.0),
    ),
)
def test_units_convert(quantity: str, unit: str, value: float, expected: float) -> None:
    conversion = QUANTITIES[quantity].conversion(unit)
    assert conversion is not None
    assert conversion(value) == pytest.approx(expected)


@given(units, values)
def test_a_conversion_can_be_undone(unit: tuple[str, str], value: float) -> None:
    conversion = QUANTITIES[unit[0]].units[unit[1]]
    back = conversion(value) / conversion.scale - conversion.offset
    assert back == pytest.approx(value, rel=1e-12, abs=1e-9)


@given(units, values, values)
def test_more_stays_more(unit: tuple[str, str], one: float, other: float) -> None:
    conversion = QUANTITIES[unit[0]].units[unit[1]]
    low, high = sorted((one, other))
    assert conversion(low) <= conversion(high)


@given(st.sampled_from(list(QUANTITIES)), st.floats(allow_nan=False))
def test_the_computing_unit_changes_no_bit(name: str, value: float) -> None:
    quantity = QUANTITIES[name]
    assert quantity.units[quantity.unit](value) == value


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=list(QUANTITIES))
def test_every_range_is_a_range(quantity: Quantity) -> None:
    assert quantity.low < quantity.high


def test_units_are_spelt_exactly() -> None:
    assert QUANTITIES["power"].conversion("KW") is None
    assert QUANTITIES["temperature"].conversion("degC") is None


@pytest.mark.parametrize(
    ("unit", "name"),
    (
        ("Cel", "temperature"),
        ("W", "power"),
        ("W.h", "energy"),
        ("%", "percentage"),
        ("1", "number"),
        ("Hz", "frequency"),
        ("Pa", "pressure_difference"),
        ("kPa", "pressure"),
        ("g/(kW.h)", "carbon_intensity"),
    ),
)
def test_a_bare_unit_stands_for_a_quantity(unit: str, name: str) -> None:
    quantity = quantity_of_unit(unit)
    assert quantity is not None
    assert quantity.name == name


def test_every_known_unit_stands_for_a_quantity_that_accepts_it() -> None:
    for unit in known_units():
        quantity = quantity_of_unit(unit)
        assert quantity is not None
        assert quantity.conversion(unit) is not None


def test_an_unknown_unit_stands_for_none() -> None:
    assert quantity_of_unit("furlong") is None


def test_energies_and_volumes_are_counters() -> None:
    counters = {q.name for q in QUANTITIES.values() if q.kind is PointKind.COUNTER}
    assert counters == {"energy", "volume"}
