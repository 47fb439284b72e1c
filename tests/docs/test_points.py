"""The page about points holds the tables of the code, to the last unit."""

from __future__ import annotations

import re

import pytest
from support.documents import rows, section, text_of

from podcore.classes import CLASSES, DEVICE_POINTS, LIQUID_RACK_POINTS, PointSpec, Role, point_spec
from podcore.quantity import QUANTITIES, Quantity, known_units, quantity_of_unit

PAGE = "docs/points.md"


def quantity_row(quantity: Quantity) -> tuple[str, ...]:
    also = ", ".join(unit for unit in quantity.units if unit != quantity.unit)
    bounds = (
        f"{bound:g}".replace("e+0", "e").replace("e+", "e")
        for bound in (quantity.low, quantity.high)
    )
    return (quantity.name, quantity.unit, also or "-", *bounds, quantity.kind.value)


def point_row(spec: PointSpec, present: str) -> tuple[str, ...]:
    return (
        spec.name,
        spec.quantity,
        spec.unit,
        f"{spec.period_s:g}",
        "-" if spec.role is Role.NONE else spec.role.value,
        ", ".join(f"{code} {word}" for code, word in enumerate(spec.states)) or "-",
        present,
    )


def class_rows(asset_class: str) -> list[tuple[str, ...]]:
    found = [point_row(s, "yes" if s.needed else "may be added") for s in CLASSES[asset_class]]
    if asset_class == "rack":
        found += [point_row(spec, "with cooling: liquid") for spec in LIQUID_RACK_POINTS]
    return found


def test_every_quantity_stands_there_with_its_units_and_range() -> None:
    shown = rows(section(PAGE, "## Quantities"))
    assert shown == [quantity_row(quantity) for quantity in QUANTITIES.values()]


def test_every_class_has_its_heading() -> None:
    assert re.findall(r"^### (.+)$", text_of(PAGE), re.MULTILINE) == list(CLASSES)


@pytest.mark.parametrize("asset_class", tuple(CLASSES))
def test_a_class_stands_there_with_its_points(asset_class: str) -> None:
    shown = [row for row in rows(section(PAGE, f"### {asset_class}")) if len(row) > 2]
    assert shown == class_rows(asset_class)


def test_what_any_asset_may_have_stands_there() -> None:
    shown = rows(section(PAGE, "## Points of any asset"))
    assert shown == [point_row(spec, "may be added") for spec in DEVICE_POINTS]


def test_the_families_of_a_server_are_known() -> None:
    families = [row for row in rows(section(PAGE, "### server")) if len(row) == 2]
    assert families
    for name, quantity in families:
        spec = point_spec("server", name.replace("NN", "07").replace("_N_", "_3_"))
        assert spec is not None
        assert spec.quantity == quantity


def test_what_a_bare_unit_stands_for_is_said_where_it_could_be_several_things() -> None:
    for unit in known_units():
        several = [q.name for q in QUANTITIES.values() if q.unit == unit]
        quantity = quantity_of_unit(unit)
        assert quantity is not None
        if len(several) > 1:
            assert re.search(rf"`{unit}` for\s+`{quantity.name}`", text_of(PAGE)), unit
