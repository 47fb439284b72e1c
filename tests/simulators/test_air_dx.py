from __future__ import annotations

import pytest

from podtwin.pipeline.demo_sites import air_dx_template, demo_sites
from simulators.air import SPECIFIC_HEAT_J_KG_K
from simulators.air_dx import AirDxPlant
from simulators.build import build_air_dx

START_S = 1_764_000_000.0
MIDSUMMER_S = 1_750_500_000.0


def plant(seed: int = 42, start_s: float = START_S) -> AirDxPlant:
    return build_air_dx(air_dx_template(), seed, start_s)


def run(module: AirDxPlant, seconds: int) -> AirDxPlant:
    for _ in range(seconds):
        module.step(1.0)
    return module


@pytest.mark.parametrize("start_s", (START_S, MIDSUMMER_S))
def test_the_energy_balance_of_a_day_closes(start_s: float) -> None:
    module = plant(start_s=start_s)
    before_j = module.stored_j()
    for hour in range(24):
        module.crac.unit.tripped = hour == 13  # an hour without cooling is part of the day
        run(module, 3_600)
    gained_j = module.stored_j() - before_j
    assert abs(module.books.net_in_j() - gained_j) < 1e-9 * module.books.electricity_j


def test_what_the_meter_counts_is_the_power_over_time() -> None:
    module = plant()
    before_wh, total_j = module.meter_energy_wh, 0.0
    for _ in range(600):
        module.step(1.0)
        total_j += module.facility_power_w
    assert module.meter_energy_wh - before_wh == pytest.approx(total_j / 3_600.0)


def test_air_mass_is_kept() -> None:
    module = run(plant(), 600)
    into_cold = module.crac.flow_kg_s
    out_of_cold = sum(rack.cold_kg_s for rack in module.racks) + module.bypass_kg_s
    assert into_cold == pytest.approx(out_of_cold, rel=1e-12)


def test_a_steady_rack_warms_its_air_by_its_power() -> None:
    rack = plant().racks[0]
    for _ in range(40_000):
        rack.load.power_w = 6_000.0
        rack.step(22.0, 34.0, 0.5)
    rise_k = rack.rear_c - rack.inlet_c
    assert rise_k == pytest.approx(rack.power_w / (rack.flow_kg_s * SPECIFIC_HEAT_J_KG_K), rel=0.02)


def test_the_supply_air_is_held_at_its_set_point() -> None:
    module = run(plant(), 1_800)
    worst_k = 0.0
    for _ in range(7_200):
        module.step(1.0)
        worst_k = max(worst_k, abs(module.crac.supply_c - module.crac.build.supply_setpoint_c))
    assert worst_k < 0.8


@pytest.mark.parametrize("seed", range(4))
def test_modules_of_all_seeds_stay_within_what_one_sees(seed: int) -> None:
    for site in demo_sites(4, seed):
        module = run(build_air_dx(site, seed, MIDSUMMER_S), 3_600)
        power_usage = module.facility_power_w / module.it_power_w
        assert 1.05 < power_usage < 1.5
        assert 20.0 < module.cold_c < 26.0
        assert 28.0 < module.hot_c < 40.0
        assert all(rack.inlet_c < 27.5 for rack in module.racks)


def test_without_cooling_the_cold_aisle_warms_and_recovers() -> None:
    module = run(plant(), 600)
    before_c = module.cold_c
    module.crac.unit.tripped = True
    run(module, 90)
    assert module.cold_c > before_c + 5.0
    module.crac.unit.tripped = False
    run(module, 900)
    assert module.cold_c == pytest.approx(before_c, abs=1.0)


def test_half_the_step_gives_the_same_temperatures() -> None:
    coarse, fine = plant(), plant()
    for _ in range(1_800):
        coarse.step(1.0)
    for _ in range(3_600):
        fine.step(0.5)
    # Their loads ripple apart by some 0.6 %, which is 0.1 K of the rise over a rack.
    assert coarse.hot_c == pytest.approx(fine.hot_c, abs=0.3)
    assert coarse.cold_c == pytest.approx(fine.cold_c, abs=0.1)
