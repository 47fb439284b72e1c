from __future__ import annotations

import pytest

from podcore.classes import CLASSES, PointSpec, Role, point_spec
from podcore.names import is_id, is_point
from podcore.quantity import QUANTITIES

SPECS = [(name, spec) for name, specs in CLASSES.items() for spec in specs]


@pytest.mark.parametrize(("name", "spec"), SPECS, ids=[f"{n}/{s.name}" for n, s in SPECS])
def test_every_point_of_a_class_has_a_name_a_quantity_and_a_period(
    name: str, spec: PointSpec
) -> None:
    found = point_spec(name, spec.name)
    assert found == spec
    assert found is not None
    assert is_id(name)
    assert is_point(found.name)
    assert found.quantity in QUANTITIES
    assert found.unit == QUANTITIES[found.quantity].unit
    assert found.period_s >= 1.0
    assert (found.quantity == "state") == bool(found.states)


@pytest.mark.parametrize("asset_class", CLASSES)
def test_no_class_names_a_point_twice(asset_class: str) -> None:
    found = [spec.name for spec in CLASSES[asset_class]]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("asset_class", "point", "quantity", "period_s", "role"),
    (
        ("meter", "power", "power", 1, Role.MEASUREMENT),
        ("meter", "energy", "energy", 10, Role.KPI),
        ("weather-station", "air_pressure", "pressure", 300, Role.INPUT),
        ("rack", "it_power", "power", 1, Role.INPUT),
        ("rack", "coolant_flow", "volume_flow", 5, Role.INPUT),
        ("crac", "compressor_power", "power", 1, Role.MEASUREMENT),
        ("crah", "water_flow", "mass_flow", 5, Role.INPUT),
        ("cdu", "leak", "state", 1, Role.NONE),
        ("battery", "state_of_charge", "percentage", 10, Role.MEASUREMENT),
        ("server", "core_07_utilization", "utilization", 10, Role.NONE),
        ("server", "gpu_3_temp", "temperature", 10, Role.NONE),
        ("server", "gpu_0_utilization", "utilization", 10, Role.NONE),
        ("server", "cpu_power", "power", 5, Role.NONE),
        ("cluster", "util4_sum", "number", 30, Role.INPUT),
    ),
)
def test_the_table_of_points(
    asset_class: str, point: str, quantity: str, period_s: float, role: Role
) -> None:
    spec = point_spec(asset_class, point)
    assert spec is not None
    assert (spec.quantity, spec.period_s, spec.role) == (quantity, period_s, role)


@pytest.mark.parametrize(
    ("asset_class", "point"),
    (("rack", "power"), ("crah", "compressor_power"), ("server", "core_7_x"), ("nothing", "power")),
)
def test_what_a_class_does_not_know(asset_class: str, point: str) -> None:
    assert point_spec(asset_class, point) is None
