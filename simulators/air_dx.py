"""The plant of an `air-dx` module: contained aisles, unequal racks, one CRAC, a UPS.

Finer than the twin and different from it: each rack has its own servers, rear air and share of
recirculated air; the shell is two stores (what stands inside, and the steel that the sun heats);
flows follow the fans. Explicit steps of a second or less (the fastest store, the air behind a
rack, settles in about 4 s).

Heat moves only over named interfaces, each worked out once and booked on both its sides, so
that a day's balance closes to rounding. What leaves or enters the container is summed in `books`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simulators.air import (
    DENSITY_KG_M3,
    LATENT_HEAT_J_KG,
    SPECIFIC_HEAT_J_KG_K,
    relative_humidity_percent,
)
from simulators.climate import Climate, Weather
from simulators.cooling import Crac
from simulators.electrical import Pdu, Ups, UpsBattery
from simulators.ills import HEALTHY, Ills
from simulators.rack import Rack

_C_P = SPECIFIC_HEAT_J_KG_K
_WEATHER_EVERY = 10  # steps
_LOAD_EVERY = 5
_PHASES = 3
_OPENED = 20.0  # how much more leaks past the racks, a share of breach
_COMMISSIONED_S = 1_735_689_600.0  # 2025-01-01: the counters stand as if it had run since


@dataclass(frozen=True, slots=True)
class Module:
    """The container itself.

    inside_j_k, steel_j_k : heat stored in frames and floor, and in the steel outside.
    cold_w_k, hot_w_k : conductance from each aisle's air to what stands inside.
    envelope_w_k, outside_w_k : through the insulation, and from the steel to the wind.
    sun_m2 : absorptance times the sunlit area.
    infiltration_kg_s : outdoor air that comes in, and as much hot-aisle air that leaves.
    """

    volume_m3: float
    inside_j_k: float
    steel_j_k: float
    cold_w_k: float
    hot_w_k: float
    envelope_w_k: float
    outside_w_k: float
    sun_m2: float
    infiltration_kg_s: float


@dataclass(slots=True)
class Books:
    """What crossed the container's outside since the start. [J]"""

    electricity_j: float = 0.0
    sun_j: float = 0.0
    infiltration_j: float = 0.0
    walls_out_j: float = 0.0
    condenser_out_j: float = 0.0

    def net_in_j(self) -> float:
        """All that came in, less all that left."""
        gained = self.electricity_j + self.sun_j + self.infiltration_j
        return gained - self.walls_out_j - self.condenser_out_j


class AirDxPlant:
    """The module's state; `step` goes on, attributes tell the truth that sensors see."""

    def __init__(
        self,
        module: Module,
        racks: Sequence[Rack],
        crac: Crac,
        ups: Ups,
        pdu: Pdu,
        climate: Climate,
        start_s: float,
    ) -> None:
        self.module, self.racks, self.crac = module, racks, crac
        self.ups, self.pdu, self.climate = ups, pdu, climate
        self.battery = UpsBattery(ups.rating_w)
        self.ills: Ills = HEALTHY
        self.ups_mode = "online"  # a word of UPS_MODES
        self.supplied = True  # whether the UPS has anything to give
        self.time_s = start_s
        self.steps = 0
        self.books = Books()
        self.weather: Weather = climate.at(start_s)
        self.cold_c = crac.supply_c
        self.hot_c = crac.supply_c + crac.build.air_rise_k
        self.inside_c = 0.5 * (self.cold_c + self.hot_c)
        self.steel_c = self.weather.temperature_c
        self.humidity_ratio = self.weather.humidity_ratio
        self.bypass_kg_s = crac.flow_kg_s - sum(rack.cold_kg_s for rack in racks)
        self._cold_j_k = 0.4 * module.volume_m3 * DENSITY_KG_M3 * _C_P
        self._hot_j_k = 0.6 * module.volume_m3 * DENSITY_KG_M3 * _C_P
        self._air_kg = module.volume_m3 * DENSITY_KG_M3
        self._look_outside()
        crac.unit.settle()
        self._electrics(1.0)
        running_h = max(0.0, start_s - _COMMISSIONED_S) / 3600.0
        self.meter_energy_wh = running_h * self.facility_power_w
        self.pdu_energy_wh = running_h * self.pdu_power_w

    def step(self, step_s: float) -> None:
        """Goes on by `step_s` (at most 1 s)."""
        if self.ills is not HEALTHY:
            self._fall_ill()
        if self.steps % _LOAD_EVERY == 0:
            for rack in self.racks:
                rack.load.aim(self.time_s)
        if self.steps % _WEATHER_EVERY == 0:
            self._look_outside()
        for rack in self.racks:
            rack.step(self.cold_c, self.hot_c, step_s)
        self.crac.step(self.hot_c, self.humidity_ratio, self.weather.pressure_pa, step_s)
        self._electrics(step_s)
        self._room(step_s)
        self._count_energy(step_s)
        self.steps += 1
        self.time_s += step_s

    def stored_j(self) -> float:
        """Heat held by everything inside, above 0 °C and dry air. [J]"""
        sensible = self._cold_j_k * self.cold_c + self._hot_j_k * self.hot_c
        sensible += self.module.inside_j_k * self.inside_c + self.module.steel_j_k * self.steel_c
        latent = self._air_kg * self.humidity_ratio * LATENT_HEAT_J_KG
        things = self.crac.stored_j() + self.battery.stored_j()
        return sensible + latent + things + sum(r.stored_j() for r in self.racks)

    @property
    def pressure_difference_pa(self) -> float:
        """Cold minus hot aisle, from the air that leaks past the racks. [Pa]"""
        # Leakage flow goes with pressure to the 0.6; 0.2 kg/s at 5 Pa.
        opening = 0.2 * (1.0 + _OPENED * self.ills.breach)
        size = 5.0 * math.pow(abs(self.bypass_kg_s) / opening, 1.0 / 0.6)
        return size if self.bypass_kg_s >= 0.0 else -size

    def humidity_percent(self, temperature_c: float) -> float:
        """Relative humidity of the module's air at a temperature. [%]"""
        return relative_humidity_percent(
            temperature_c, self.humidity_ratio, self.weather.pressure_pa
        )

    def _look_outside(self) -> None:
        self.weather = self.climate.at(self.time_s)
        self.crac.unit.set_conditions(
            self.hot_c, self.crac.coil_c, self.weather.temperature_c, self.weather.pressure_pa
        )

    def _fall_ill(self) -> None:
        """Hands what ails the plant to its parts; back in health it does so once more."""
        ills, crac = self.ills, self.crac
        crac.powered = not ills.grid_out
        crac.unit.tripped = ills.tripped or ills.grid_out
        crac.unit.charge_lost = ills.charge_lost
        crac.fan_lost, crac.filter_added, crac.coil_lost = (
            ills.fan_lost, ills.filter_added, ills.coil_lost,
        )  # fmt: skip
        self.battery.lost = ills.battery_lost
        for place, rack in enumerate(self.racks):
            rack.breach = ills.breach
            rack.fans_lost = ills.racks_fans_lost.get(place, 0.0)
            rack.powered = self.supplied and not (ills.phase_lost and place % _PHASES == 0)

    def _electrics(self, step_s: float) -> None:
        self.it_power_w = sum(rack.power_w for rack in self.racks)
        self.pdu_power_w = self.it_power_w + self.pdu.loss_w(self.it_power_w)
        self._supply(step_s)
        cooling_w = self.crac.fan_power_w + self.crac.unit.power_w
        self.facility_power_w = 0.0 if self.ills.grid_out else self.ups_input_w + cooling_w

    def _supply(self, step_s: float) -> None:
        """The UPS's mode, what it draws, and what its battery gives or gains."""
        ills, battery = self.ills, self.battery
        self.from_battery_w = 0.0
        lossy_w = self.pdu_power_w + self.ups.loss_w(self.pdu_power_w)
        if not (ills.grid_out or ills.rectifier_out):
            charging_w = battery.recharge_w()
            self.ups_mode, self.ups_input_w = "online", lossy_w + charging_w
            if charging_w:
                self.from_battery_w = -battery.take(charging_w, step_s)
        elif battery.charge > 0.0:
            self.ups_mode, self.ups_input_w = "battery", 0.0
            self.from_battery_w = battery.give(lossy_w, step_s)
        elif ills.grid_out:  # empty
            self.ups_input_w = 0.0
        else:
            self.ups_mode, self.ups_input_w = "bypass", self.pdu_power_w
        self.supplied = not ills.grid_out or battery.charge > 0.0

    def _room(self, step_s: float) -> None:
        # All flows at the temperatures before the step, then all stores at once.
        module, racks, crac = self.module, self.racks, self.crac
        cold_c, hot_c = self.cold_c, self.hot_c
        drawn_cold = sum(rack.cold_kg_s for rack in racks)
        drawn_hot = sum(rack.hot_kg_s for rack in racks)
        bypass = self.bypass_kg_s = crac.flow_kg_s - drawn_cold
        leaked_w = _C_P * bypass * (cold_c if bypass >= 0.0 else hot_c)
        cold_wall_w = module.cold_w_k * (cold_c - self.inside_c)
        hot_wall_w = module.hot_w_k * (hot_c - self.inside_c)
        through_w = module.envelope_w_k * (self.inside_c - self.steel_c)
        fresh_w = module.infiltration_kg_s * _C_P * (self.weather.temperature_c - hot_c)
        losses_w = self.ups_input_w + self.from_battery_w - self.it_power_w
        supplied_w = _C_P * crac.flow_kg_s * crac.supply_c
        returned_w = _C_P * crac.flow_kg_s * hot_c
        cold_gain_w = supplied_w - _C_P * drawn_cold * cold_c - leaked_w - cold_wall_w
        hot_gain_w = sum(rack.air_out_w for rack in racks) - _C_P * drawn_hot * hot_c + leaked_w
        hot_gain_w += fresh_w + losses_w - returned_w - hot_wall_w
        self.cold_c += cold_gain_w * step_s / self._cold_j_k
        self.hot_c += hot_gain_w * step_s / self._hot_j_k
        inside_gain_w = cold_wall_w + hot_wall_w - through_w
        self.inside_c += inside_gain_w * step_s / module.inside_j_k
        self._shell_and_moisture(through_w, fresh_w, step_s)

    def _shell_and_moisture(self, through_w: float, fresh_w: float, step_s: float) -> None:
        module, weather, books, crac = self.module, self.weather, self.books, self.crac
        out_w = module.outside_w_k * (self.steel_c - weather.temperature_c)
        sun_w = module.sun_m2 * weather.irradiance_w_m2
        self.steel_c += (through_w + sun_w - out_w) * step_s / module.steel_j_k
        fresh_kg_s = module.infiltration_kg_s * (weather.humidity_ratio - self.humidity_ratio)
        self.humidity_ratio += (fresh_kg_s - crac.condensed_kg_s) * step_s / self._air_kg
        books.sun_j += sun_w * step_s
        books.walls_out_j += out_w * step_s
        books.infiltration_j += (fresh_w + fresh_kg_s * LATENT_HEAT_J_KG) * step_s
        books.condenser_out_j += (crac.unit.capacity_w + crac.unit.power_w) * step_s

    def _count_energy(self, step_s: float) -> None:
        energy_j = self.facility_power_w * step_s
        self.books.electricity_j += energy_j
        self.meter_energy_wh += energy_j / 3600.0
        self.pdu_energy_wh += self.pdu_power_w * step_s / 3600.0
