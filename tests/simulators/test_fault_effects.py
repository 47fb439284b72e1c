"""Each fault moves the points that it should, and leaves those that it should not."""

from __future__ import annotations

from functools import cache

import pytest

from podcore.clock import NS
from podtwin.pipeline.demo_sites import air_dx_template
from simulators import FAULTS, Fault, SimulatedSite
from simulators.fault_kinds import Aim

START_NS = 1_764_000_000 * NS
MINUTE_NS = 60 * NS

# Within so many minutes of the onset: points that rise, that fall, and that stay, by what stands
# at the end of their names. What a fault moves and the table does not name may do as it likes.
EFFECTS: dict[str, tuple[int, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "compressor-trip": (
        3, ("inlet_temp", "outlet_temp", "hot-aisle/air_temp", "crac-1/supply_air_temp"),
        ("compressor_power", "compressor_speed", "crac-1/mode", "meter-main/power"),
        ("ups-1/mode", "battery_charge", "outdoor_air_temp"),
    ),
    "fan-degradation": (
        25, ("fan_speed", "fan_power", "meter-main/power"), ("filter_pressure_difference",),
        ("it_power", "ups-1/input_power", "crac-1/mode", "supply_air_temp"),
    ),
    "filter-fouling": (
        25, ("filter_pressure_difference", "fan_speed", "fan_power"), (),
        ("it_power", "crac-1/mode", "supply_air_temp", "pdu-a/power"),
    ),
    "coil-fouling": (
        25, ("compressor_power", "compressor_speed"), (),
        ("it_power", "supply_air_temp", "inlet_temp", "filter_pressure_difference"),
    ),
    "refrigerant-loss": (
        25, ("compressor_power", "compressor_speed"), (),
        ("it_power", "supply_air_temp", "inlet_temp", "ups-1/input_power"),
    ),
    "containment-breach": (
        25, ("inlet_temp", "outlet_temp"), ("cold-aisle/pressure_difference",),
        ("it_power", "battery_charge", "crac-1/mode"),
    ),
    "rack-thermal-runaway": (
        25, ("rack-01/outlet_temp",), ("crac-1/fan_power",),
        ("rack-02/it_power", "rack-02/outlet_temp", "rack-03/outlet_temp", "crac-1/mode"),
    ),
    "pdu-phase-loss": (
        25, (), ("rack-01/it_power", "pdu-a/power", "ups-1/output_power", "compressor_power"),
        ("rack-02/it_power", "rack-03/it_power", "battery_charge", "ups-1/mode"),
    ),
    "ups-to-battery": (
        3, ("ups-1/mode",), ("ups-1/input_power", "battery_charge", "meter-main/power"),
        ("it_power", "ups-1/output_power", "crac-1/mode"),
    ),
    "battery-ageing": (25, (), (), ("",)),
    "grid-outage": (
        3, ("ups-1/mode", "inlet_temp"),
        ("meter-main/power", "ups-1/input_power", "fan_power", "compressor_power", "crac-1/mode"),
        ("outdoor_air_temp", "meter-main/voltage"),
    ),
}  # fmt: skip


def truth(*faults: Fault, minutes: int) -> dict[str, float]:
    site = SimulatedSite(air_dx_template(), seed=42, start_ns=START_NS, faults=faults)
    site.sample(START_NS + (1 + minutes) * MINUTE_NS)
    return {point: value() for point, value in site.truths.items()}


@cache
def healthy(minutes: int) -> dict[str, float]:
    return truth(minutes=minutes)


def moved(name: str, minutes: int) -> dict[str, float]:
    """By how much of its size each point differs from a healthy plant's."""
    ill, well = truth(Fault(name, START_NS + MINUTE_NS), minutes=minutes), healthy(minutes)
    return {point: (ill[point] - well[point]) / max(1.0, abs(well[point])) for point in well}


def test_the_table_holds_every_fault_of_a_plant() -> None:
    assert set(EFFECTS) == {name for name, kind in FAULTS.items() if kind.aim is not Aim.SENSOR}


@pytest.mark.parametrize("name", EFFECTS)
def test_a_fault_moves_what_it_should_and_only_that(name: str) -> None:
    minutes, rising, falling, still = EFFECTS[name]
    for point, change in moved(name, minutes).items():
        if point.endswith(rising):
            assert change > 0.001, point
        if point.endswith(falling):
            assert change < -0.001, point
        if point.endswith(still):
            assert abs(change) < 0.01, point


def test_an_aged_battery_empties_sooner() -> None:
    outage = Fault("grid-outage", START_NS + MINUTE_NS)
    aged = Fault("battery-ageing", START_NS, severity=0.5)
    new, old = truth(outage, minutes=3), truth(outage, aged, minutes=3)
    used, used_of_aged = 100.0 - new["ups-1/battery_charge"], 100.0 - old["ups-1/battery_charge"]
    assert used_of_aged == pytest.approx(2.0 * used, rel=0.01)


def test_without_grid_and_battery_the_racks_stop_and_come_back_with_the_grid() -> None:
    outage = Fault("grid-outage", START_NS + MINUTE_NS, START_NS + 40 * MINUTE_NS)
    assert truth(outage, minutes=30)["rack-01/it_power"] == 0.0
    back = truth(outage, minutes=75)
    assert back["rack-01/it_power"] > 1_000.0
    assert back["ups-1/battery_charge"] > 20.0
    assert back["crac-1/supply_air_temp"] == pytest.approx(
        healthy(75)["crac-1/supply_air_temp"], abs=0.5
    )


def test_a_rectifier_that_stays_out_ends_in_bypass() -> None:
    after = truth(Fault("ups-to-battery", START_NS + MINUTE_NS), minutes=30)
    assert (after["ups-1/mode"], after["ups-1/battery_charge"]) == (2.0, 0.0)
    assert after["ups-1/input_power"] == after["ups-1/output_power"]


def test_servers_shut_themselves_down_before_they_burn() -> None:
    after = truth(Fault("compressor-trip", START_NS + MINUTE_NS), minutes=40)
    assert after["rack-01/it_power"] == 0.0
    assert after["rack-01/inlet_temp"] < 50.0


@pytest.mark.parametrize(
    ("name", "point"),
    (
        ("coil-fouling", "crac-1/compressor_power"),
        ("fan-degradation", "crac-1/fan_power"),
        ("refrigerant-loss", "crac-1/compressor_power"),
        ("containment-breach", "rack-02/inlet_temp"),
    ),
)
def test_the_more_severe_the_further(name: str, point: str) -> None:
    values = [
        truth(Fault(name, START_NS, severity=severity), minutes=20)[point]
        for severity in (0.0, 0.1, 0.2)
    ]
    assert values == sorted(values)
    assert values[0] < values[-1]


@pytest.mark.parametrize("name", sorted(set(EFFECTS) - {"battery-ageing"}))
def test_energy_is_kept_in_illness_too(name: str) -> None:
    site = SimulatedSite(
        air_dx_template(),
        seed=42,
        start_ns=START_NS,
        faults=[Fault(name, START_NS + MINUTE_NS, START_NS + 25 * MINUTE_NS)],
    )
    plant = site.plant
    before_j = plant.stored_j()
    site.sample(START_NS + 60 * MINUTE_NS)
    gained_j = plant.stored_j() - before_j
    assert abs(plant.books.net_in_j() - gained_j) < 1e-8 * plant.books.electricity_j
