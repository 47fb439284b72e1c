"""A rack of servers in the air: two heat stores of its own, and a flow that its fans choose."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulators.air import SPECIFIC_HEAT_J_KG_K
from simulators.workload import RackLoad

_LEAKAGE_PER_K = 0.003  # more power a kelvin of inlet above 25 °C: leakage and server fans
_WARM_INLET_C = 25.0
_SLOWEST_FAN = 0.35
_FAN_PER_LOAD = 0.62
_FAN_PER_K = 0.02  # above the warm inlet
_STILL = 0.03  # of full flow, by buoyancy alone
_MOST_RECIRCULATED = 0.9
_SHUTS_DOWN_C, _STARTS_BELOW_C = 47.0, 30.0  # inlet; makers' critical limits are 42 to 47


@dataclass(frozen=True, slots=True)
class RackBuild:
    """What was installed.

    recirculation : share of the inlet air that comes back from the hot aisle.
    server_j_k, rear_air_j_k : heat stored a kelvin in the servers and in the air behind them.
    exchange_w_k : conductance from servers to air at full flow.
    full_flow_kg_s : what the server fans move at most.
    """

    recirculation: float
    server_j_k: float
    rear_air_j_k: float
    exchange_w_k: float
    full_flow_kg_s: float


class Rack:
    """State and flows of one rack; `step` moves heat, and says which air it took and gave.

    Set from outside: `powered`, `fans_lost` (share of their flow), and `breach` (share of inlet
    air from the hot aisle beside the rack's own).
    """

    __slots__ = (
        "air_out_w",
        "breach",
        "build",
        "cold_kg_s",
        "fans_lost",
        "flow_kg_s",
        "hot_kg_s",
        "inlet_c",
        "load",
        "power_w",
        "powered",
        "rear_c",
        "server_c",
        "shut_down",
    )

    def __init__(self, build: RackBuild, load: RackLoad, inlet_c: float) -> None:
        self.build = build
        self.load = load
        self.inlet_c = inlet_c
        self.powered, self.fans_lost, self.breach = True, 0.0, 0.0
        self.shut_down = False
        self.power_w = load.power_w
        self.flow_kg_s = self._wanted_flow_kg_s()
        self.hot_kg_s = build.recirculation * self.flow_kg_s
        self.cold_kg_s = self.flow_kg_s - self.hot_kg_s
        carried_w_k = self.flow_kg_s * SPECIFIC_HEAT_J_KG_K
        self.rear_c = inlet_c + self.power_w / carried_w_k
        self.air_out_w = carried_w_k * self.rear_c
        self.server_c = inlet_c + self.power_w / (self._effectiveness() * carried_w_k)

    def step(self, cold_c: float, hot_c: float, step_s: float) -> None:
        """Goes on by one step between the two aisles.

        Leaves `cold_kg_s` and `hot_kg_s` drawn from the aisles, and `air_out_w`, the heat carried
        into the hot aisle above 0 °C, all at the temperatures before the step.
        """
        build = self.build
        share = min(_MOST_RECIRCULATED, build.recirculation + self.breach)
        inlet_c = self.inlet_c = cold_c + share * (hot_c - cold_c)
        warmth = 1.0 + _LEAKAGE_PER_K * max(0.0, inlet_c - _WARM_INLET_C)
        self.shut_down = inlet_c > (_STARTS_BELOW_C if self.shut_down else _SHUTS_DOWN_C)
        asked_w = self.load.step(step_s) * warmth
        self.power_w = asked_w if self._runs() else 0.0
        self.flow_kg_s += (self._wanted_flow_kg_s() - self.flow_kg_s) * min(1.0, step_s / 10.0)
        carried_w_k = self.flow_kg_s * SPECIFIC_HEAT_J_KG_K
        exchanged_w = self._effectiveness() * carried_w_k * (self.server_c - inlet_c)
        self.hot_kg_s = share * self.flow_kg_s
        self.cold_kg_s = self.flow_kg_s - self.hot_kg_s
        self.air_out_w = carried_w_k * self.rear_c
        self.server_c += (self.power_w - exchanged_w) * step_s / build.server_j_k
        rear_gain_w = carried_w_k * inlet_c + exchanged_w - self.air_out_w
        self.rear_c += rear_gain_w * step_s / build.rear_air_j_k

    def stored_j(self) -> float:
        """Heat held above 0 °C. [J]"""
        return self.build.server_j_k * self.server_c + self.build.rear_air_j_k * self.rear_c

    def _effectiveness(self) -> float:
        # Conductance grows with flow to the 0.6 (forced convection over boards), so the
        # effectiveness falls as the fans speed up.
        ratio = self.flow_kg_s / self.build.full_flow_kg_s
        units = self.build.exchange_w_k * ratio**0.6 / (self.flow_kg_s * SPECIFIC_HEAT_J_KG_K)
        return 1.0 - math.exp(-units)

    def _runs(self) -> bool:
        return self.powered and not self.shut_down

    def _wanted_flow_kg_s(self) -> float:
        if not self._runs():
            return _STILL * self.build.full_flow_kg_s
        speed = _SLOWEST_FAN + _FAN_PER_LOAD * self.load.utilisation
        speed += _FAN_PER_K * max(0.0, self.inlet_c - _WARM_INLET_C)
        return self.build.full_flow_kg_s * min(1.0, speed) * (1.0 - self.fans_lost)
