from __future__ import annotations

import pytest

from podcore.errors import ConfigError
from podtwin.agent.mapping import Mapped, announced, parse_maps


@pytest.mark.parametrize(
    ("text", "mapped"),
    (
        ("power_w=meter-main/power:W", Mapped("power_w", "meter-main/power", "W")),
        ("T=crac-1/supply_air_temp", Mapped("T", "crac-1/supply_air_temp", None)),
        ("a=b=rack-01/it_power:kW", Mapped("a=b", "rack-01/it_power", "kW")),
        ("x=it-load/carbon:g/(kW.h)", Mapped("x", "it-load/carbon", "g/(kW.h)")),
    ),
)
def test_a_mapping_is_read_and_written(text: str, mapped: Mapped) -> None:
    assert Mapped.parse(text) == mapped
    assert str(mapped) == text


@pytest.mark.parametrize("text", ("", "power", "=a/b:W", "x=power:W", "x=A/b", "x=*/b", "x=a/*"))
def test_what_is_no_mapping_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="as in power_w=meter-main/power:W"):
        Mapped.parse(text)


def test_a_point_is_filled_once() -> None:
    with pytest.raises(ConfigError, match="fills a point that 'x' fills already"):
        parse_maps(["x=a/power:W", "y=a/power:W"])


def test_nothing_mapped_is_nothing_to_do() -> None:
    with pytest.raises(ConfigError, match="at least one column"):
        parse_maps([])


@pytest.mark.parametrize(
    ("text", "quantity", "unit"),
    (
        ("x=a/supply_air_temp", "temperature", "Cel"),
        ("x=a/supply_air_temp:K", "temperature", "K"),
        ("x=a/return_air_humidity:%", "humidity", "%"),
        ("x=a/tasks_u3", "number", "1"),
        ("x=a/core_07_utilization:1", "utilization", "1"),
        ("x=a/anything_else:W", "power", "W"),
        ("x=a/load:W", "power", "W"),  # a load in W is no chiller's percentage
        ("x=a/it_power", "power", "W"),
    ),
)
def test_a_point_says_what_it_measures_by_its_name_or_else_its_unit(
    text: str, quantity: str, unit: str
) -> None:
    point = announced(Mapped.parse(text), 30.0)
    assert (point.quantity, point.unit, point.period_s) == (quantity, unit, 30.0)


def test_a_point_that_no_class_knows_needs_a_unit() -> None:
    with pytest.raises(ConfigError, match="no class knows a point 'anything'; its unit must"):
        announced(Mapped.parse("x=a/anything"), 1.0)


def test_a_wrong_unit_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="nearest is 'kW'"):
        announced(Mapped.parse("x=a/power:kw"), 1.0)
