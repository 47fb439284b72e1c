"""Electrical power of servers and of their fans, from what they have to do.

A measured power always wins over these: they fill gaps and look ahead.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from twin.curves import Curve, Form
from twin.model import Array
from twin.ranges import Flags, Ranged, anywhere, within

CONCAVITY = 1.4  # Fan, Weber and Barroso, ISCA 2007: r of their fit; as recalled, sd 0.3
CONCAVITY_SD = 0.3
_CONCAVITY_BOUNDS = (1.0, 9.0)
_LEAKAGE_FROM_C = 25.0


class GpuState(enum.IntEnum):
    """What a GPU is doing; the states of its power management."""

    OFF = 0
    IDLE = 1
    BUSY = 2
    CAPPED = 3


# Draws as shares of the span from idle to cap: what each state adds to the idle power.
_SPAN_OF_STATE: Mapping[GpuState, float] = MappingProxyType(
    {GpuState.OFF: 0.0, GpuState.IDLE: 0.0, GpuState.BUSY: 1.0, GpuState.CAPPED: 1.0}
)


def cpu_power_w(
    utilisation: Array, idle_w: Array, busy_w: Array, concavity: Array | float = CONCAVITY
) -> Ranged:
    """Power of a node of CPUs: P_idle + (P_busy - P_idle) (2u - u^r). [W]

    Fan, Weber and Barroso, "Power provisioning for a warehouse-sized computer", ISCA 2007,
    doi:10.1145/1250662.1250665.

    Parameters
    ----------
    utilisation : (...)   Busy share of the cores, 0 to 1. [1]
    idle_w, busy_w : (...)   Power at 0 and at 1. [W]
    concavity : (...)   r, 1 (a straight line) to 9. [1]
    """
    u, r = within(utilisation, 0.0, 1.0), within(concavity, *_CONCAVITY_BOUNDS)
    shape = 2.0 * u.value - u.value**r.value
    return Ranged(idle_w + (busy_w - idle_w) * shape, anywhere(u.outside, r.outside))


def gpu_power_w(state: Array, activity: Array, idle_w: Array, cap_w: Array) -> Ranged:
    """Power of a GPU in one of its states: P_idle + (P_cap - P_idle) a, nothing when off. [W]

    Parameters
    ----------
    state : (...)   `GpuState`; an unknown one counts as idle and is flagged.
    activity : (...)   Share of its power span, 0 to 1, from SM activity; not plain utilisation,
        which is 1 for any running kernel. A capped GPU draws its cap. [1]
    idle_w, cap_w : (...)   Power at rest and at the power limit. [W]
    """
    a, whole = within(activity, 0.0, 1.0), np.rint(state)
    span = np.zeros(np.broadcast(whole, a.value).shape)
    for each, of_state in _SPAN_OF_STATE.items():
        span = np.where(whole == each, of_state, span)
    share = np.where(whole == GpuState.CAPPED, 1.0, span * a.value)
    power_w = np.where(whole == GpuState.OFF, 0.0, idle_w + (cap_w - idle_w) * share)
    known = np.isin(whole, [int(each) for each in GpuState])
    return Ranged(power_w, a.outside | ~known)


def leakage_factor(inlet_c: Array, per_kelvin: Array | float = 0.0035) -> Ranged:
    """What warm intake adds to a server's power: 1 + k (T - 25) above 25 °C, inlet 0 to 45. [1]

    per_kelvin : 0.002 to 0.005, as recalled from makers' sheets; sd 0.0015. [1/K]
    """
    inlet = within(inlet_c, 0.0, 45.0)
    return Ranged(1.0 + per_kelvin * np.maximum(inlet.value - _LEAKAGE_FROM_C, 0.0), inlet.outside)


def supply_chain_w(output_w: Array, fixed_w: Array | float, efficiency: Array | float) -> Array:
    """Power into a conversion stage that gives `output_w`: (P + c) / η. [W]

    RAPS (Oak Ridge National Laboratory), Frontier: c = 13 W, η = 0.98 for DC to DC; 17 W, 0.96 for
    the rectifier.
    """
    return (output_w + fixed_w) / efficiency


class Served(NamedTuple):
    """What servers draw and breathe, each (sites,).

    cpu_w, fan_w : Power of the computing parts and of the servers' fans. [W]
    flow_m3_s : Air through them. [m³/s]
    outside : Where a curve was held at a bound.
    """

    cpu_w: Array
    fan_w: Array
    flow_m3_s: Array
    outside: Flags


# Coefficients of the EnergyPlus data centre examples. Their test curve with 6.7 % a kelvin is unit
# test filler and not used.
_POWER = Curve(Form.BIQUADRATIC, (0.30, 0.65, 0.0, 0.0, 1.033058e-4, 0.0), (0.0, 1.0), (0.0, 60.0))
_FLOW = Curve(Form.BIQUADRATIC, (0.20, 0.40, 0.0, 0.0181818, 0.0, 0.0), (0.0, 1.0), (0.0, 60.0))
_FAN = Curve(Form.CUBIC, (0.05, 0.0, 0.0, 0.95), (0.0, 2.0))


@dataclass(frozen=True, slots=True)
class AirCooledServers:
    """Curves of load and inlet temperature: power, flow, and fan power of the flow's share.

    EnergyPlus 25.2, Engineering Reference, ElectricEquipment:ITE:AirCooled.
    """

    power: Curve = _POWER
    flow: Curve = _FLOW
    fan: Curve = _FAN

    def __call__(
        self, load: Array, inlet_c: Array, cpu_rated_w: Array, fan_rated_w: Array, flow_m3_s: Array
    ) -> Served:
        """Power and flow at a load (0 to 1) and inlet (0 to 60 °C).

        cpu_rated_w, fan_rated_w, flow_m3_s : (sites,)   At full load and design inlet. [W], [m³/s]
        """
        power, flow = self.power(load, inlet_c), self.flow(load, inlet_c)
        fan = self.fan(flow.value)
        return Served(
            cpu_rated_w * power.value,
            fan_rated_w * fan.value,
            flow_m3_s * flow.value,
            anywhere(power.outside, flow.outside, fan.outside),
        )
