"""A CRAC: fan, coil metal, DX unit, and the controllers that drive them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulators.air import LATENT_HEAT_J_KG, SPECIFIC_HEAT_J_KG_K, humidity_ratio
from simulators.control import Pi
from simulators.dx import Compressor, DxUnit

_FAN_EXPONENT = 2.7  # measured on variable-speed fans 2.3 to 2.9; the affinity law says 3
_SLOWEST_FAN = 0.3
_STILL = 0.02  # of full flow, by buoyancy alone
_FILTER_SHARE = 0.35  # a clean filter's part of what the fan works against
_FAN_LAG_S = 8.0
_CONTROL_LAG_S = 12.0  # the controller's own probe
_START_ABOVE_K = 1.0


@dataclass(frozen=True, slots=True)
class CracBuild:
    """What was installed, and what it is set to.

    coil_j_k : heat stored a kelvin in coil metal and refrigerant.
    coil_w_k : conductance from air to coil metal at full flow.
    air_rise_k : return minus supply that the fan is controlled to.
    filter_pa : pressure across the filter at full flow.
    """

    compressor: Compressor
    full_flow_kg_s: float
    full_fan_power_w: float
    coil_j_k: float
    coil_w_k: float
    supply_setpoint_c: float
    air_rise_k: float
    filter_pa: float


class Crac:
    """State of the unit; `step` takes return air and leaves supply air and powers.

    Set from outside: `powered`, and what is lost or added by faults (shares; see `ills`).
    """

    def __init__(self, build: CracBuild, load_w: float) -> None:
        self.build = build
        ratio = load_w / (SPECIFIC_HEAT_J_KG_K * build.air_rise_k * build.full_flow_kg_s)
        self.powered = True
        self.fan_lost, self.filter_added, self.coil_lost = 0.0, 0.0, 0.0
        self.fan_speed = min(1.0, max(_SLOWEST_FAN, ratio))
        self._wanted_fan = self.fan_speed
        self.flow_kg_s = self._flow_kg_s()
        self.fan_power_w = self._fan_power_w()
        self.supply_c = build.supply_setpoint_c
        self.coil_c = self.supply_c - 1.0
        self.condensed_kg_s = 0.0
        speed = min(1.0, max(build.compressor.slowest, 0.75 * load_w / self._rated_w()))
        self.unit = DxUnit(build.compressor, speed)
        self._probe_c = self.supply_c
        self._cool = Pi(0.025, 70.0, -0.1, 1.0, start=speed)
        self._blow = Pi(0.02, 120.0, _SLOWEST_FAN, 1.0, start=self.fan_speed)

    def _rated_w(self) -> float:
        return self.build.compressor.rated_capacity_w

    @property
    def filter_pa(self) -> float:
        """Pressure difference across the filter. [Pa]"""
        share = self.flow_kg_s / self.build.full_flow_kg_s
        return self.build.filter_pa * (1.0 + self.filter_added) * math.pow(share, 1.8)

    def stored_j(self) -> float:
        """Heat held above 0 °C. [J]"""
        return self.build.coil_j_k * self.coil_c

    def step(self, return_c: float, ratio: float, pressure_pa: float, step_s: float) -> None:
        """Goes on by one step with return air of that temperature and humidity ratio."""
        self._control(return_c, step_s)
        carried_w_k = self.flow_kg_s * SPECIFIC_HEAT_J_KG_K
        share = self._effectiveness(carried_w_k)
        taken_w = share * carried_w_k * (return_c - self.coil_c)
        self.fan_power_w = self._fan_power_w()
        self.supply_c = return_c + (self.fan_power_w - taken_w) / carried_w_k
        self.condensed_kg_s = self._condensed_kg_s(share, ratio, pressure_pa)
        gained_w = taken_w + self.condensed_kg_s * LATENT_HEAT_J_KG - self.unit.capacity_w
        self.coil_c += gained_w * step_s / self.build.coil_j_k

    def _control(self, return_c: float, step_s: float) -> None:
        self._probe_c += (self.supply_c - self._probe_c) * step_s / _CONTROL_LAG_S
        error_k = self._probe_c - self.build.supply_setpoint_c
        if self.unit.running and self.powered:
            self.unit.step(max(0.0, self._cool.step(error_k, step_s)), step_s)
            rise_k = return_c - self._probe_c
            self._wanted_fan = self._blow.step(rise_k - self.build.air_rise_k, step_s)
        else:
            # Without cooling there is no rise to control: the fan goes on as it was.
            starts = self.powered and error_k > _START_ABOVE_K
            self.unit.step(1.0 if starts else 0.0, step_s)
            self._cool.restart(self.build.compressor.slowest)
        wanted = self._wanted_fan if self.powered else _STILL
        self.fan_speed += (wanted - self.fan_speed) * min(1.0, step_s / _FAN_LAG_S)
        self.flow_kg_s = self._flow_kg_s()

    def _flow_kg_s(self) -> float:
        # Against more resistance the same speed moves less, as the root of the pressures.
        resistance = math.sqrt(1.0 + _FILTER_SHARE * self.filter_added)
        share = self.fan_speed * (1.0 - self.fan_lost) / resistance
        return share * self.build.full_flow_kg_s

    def _fan_power_w(self) -> float:
        if not self.powered:
            return 0.0
        return self.build.full_fan_power_w * math.pow(self.fan_speed, _FAN_EXPONENT)

    def _effectiveness(self, carried_w_k: float) -> float:
        share = self.flow_kg_s / self.build.full_flow_kg_s
        clean_w_k = self.build.coil_w_k * share**0.7
        return 1.0 - math.exp(-(1.0 - self.coil_lost) * clean_w_k / carried_w_k)

    def _condensed_kg_s(self, share: float, ratio: float, pressure_pa: float) -> float:
        # Vapour goes to the metal with the same effectiveness as heat (Lewis number 1).
        saturated = humidity_ratio(self.coil_c, 100.0, pressure_pa)
        if ratio <= saturated:
            return 0.0
        return share * self.flow_kg_s * (ratio - saturated)
