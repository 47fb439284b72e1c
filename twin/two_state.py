"""`two-state/1`: return air temperature and facility power of an air-cooled module with DX units.

A placeholder for the full `air-dx` model, honest but small. One thermal mass, the servers and
the room air together; everything that the racks take up becomes heat; the coil is known by its
measured supply temperature. Good for tens of seconds ahead; no recirculation, no humidity, no
mode changes, no capacity limit.

    C dT/dt = P_it + P_fan + UA (T_out - T) - m c_p (T - T_supply)             [W]
    P_facility = P_it + UPS loss + P_fan + m c_p max(T - T_supply, 0) / COP(T_out) + bias

The first is solved exactly for inputs constant within a step, so that what is stored is what
went in less what went out, to rounding. The fan's heat is taken to enter the stream before the
supply sensor's air reaches the racks, its power by the cube of the speed.

Inputs: it_power_w [W] 0 to 1e6, supply_air_c [°C] 5 to 45, fan_speed_percent [%] 0 to 100,
outdoor_air_c [°C]. Outside of 15.6 to 45 °C the COP is that of the nearer end. Sources: UPS loss
as a quadratic with (0.010, 0.010, 0.020), modern double conversion; COP by a line through the
values of the EnergyPlus 36.8 kW DX record at 19.4 °C coil wet bulb (6.6, 5.3, 4.0, 3.0 at 15.6,
25, 35, 45 °C outdoors), which it meets within 0.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twin.channels import Channel, ChannelRole
from twin.model import Array, Spread, columns, stacked

AIR_HEAT_CAPACITY_J_KG_K = 1006.0
AIR_DENSITY_KG_M3 = 1.2  # at 20 °C and 101.3 kPa
_UPS_LOSS = (0.010, 0.010, 0.020)
_COP_AT_0_C, _COP_SLOPE_PER_K, _COP_RATED = 8.47, -0.1225, 4.05
_OUTDOOR_LOW_C, _OUTDOOR_HIGH_C = 15.6, 45.0
_LEAST_EXCHANGE_W_K = 1.0  # leakage through a stopped unit; keeps the rate above zero
_INITIAL_RETURN_C, _INITIAL_RETURN_SD_K, _INITIAL_BIAS_SD = 28.0, 8.0, 0.2


class Params(NamedTuple):
    """The columns of the parameter array, each (sites,); the names of `twin.parameters`."""

    room_volume_m3: Array
    envelope_ua_w_k: Array
    server_capacity_j_k: Array
    recirculation: Array
    air_flow_m3_s: Array
    fan_power_w: Array
    cop: Array
    ups_power_w: Array
    return_air_noise_k: Array
    return_air_walk_k_s: Array
    facility_power_noise: Array
    facility_power_walk_w_s: Array


_CHANNELS = (
    Channel("it_power_w", "it_power", "power", ChannelRole.INPUT, fallback=0.0),
    Channel("supply_air_c", "supply_air_temp", "temperature", ChannelRole.INPUT, fallback=20.0),
    Channel("fan_speed_percent", "fan_speed", "percentage", ChannelRole.INPUT, fallback=100.0),
    Channel(
        "outdoor_air_c", "outdoor_air_temp", "temperature", ChannelRole.INPUT, 15.0, max_age_s=900.0
    ),
    Channel("return_air_c", "return_air_temp", "temperature", ChannelRole.MEASUREMENT),
    Channel("facility_power_w", "facility_power", "power", ChannelRole.MEASUREMENT),
    Channel("return_air_c", "return_air", "temperature", ChannelRole.FAST_STATE),
    Channel("facility_power_bias_w", "facility_power_bias", "power", ChannelRole.SLOW_STATE),
)


class TwoState:
    """The model; it keeps nothing of its own."""

    name = "two-state/1"

    def channels(self) -> Sequence[Channel]:
        """Four inputs, two measurements, two states."""
        return _CHANNELS

    def initial(self, params: Array) -> Array:
        """Return air at 28 °C, no bias."""
        return stacked(np.full(len(params), _INITIAL_RETURN_C), np.zeros(len(params)))

    def step(self, x: Array, u: Array, params: Array, dt: Array | float) -> Array:
        """The states `dt` seconds on; the bias stays."""
        return_air_c, bias_w = columns(x)
        steady_c, rate_per_s = steady_return(u, params)
        decay = np.exp(-rate_per_s * dt)
        return stacked(steady_c + (return_air_c - steady_c) * decay, bias_w)

    def observe(self, x: Array, u: Array, params: Array) -> Array:
        """Return air temperature [°C] and facility power [W]."""
        p = Params(*columns(params))
        return_air_c, bias_w = columns(x)
        it_power_w, supply_air_c, fan_speed_percent, outdoor_air_c = columns(u)
        exchange_w_k, fan_w = air_stream(fan_speed_percent, p)
        coil_w = exchange_w_k * np.maximum(return_air_c - supply_air_c, 0.0)
        facility_w = (
            it_power_w
            + ups_loss_w(it_power_w, p.ups_power_w)
            + fan_w
            + coil_w / cop_at(outdoor_air_c, p.cop)
            + bias_w
        )
        return stacked(return_air_c, facility_w)

    def spread(self, x: Array, params: Array) -> Spread:  # noqa: ARG002 - the protocol's signature
        """Variances from the noise and walk parameters; power in shares of the UPS rating."""
        p = Params(*columns(params))
        initial_k = np.full(len(params), _INITIAL_RETURN_SD_K)
        initial_w, noise_w = (
            _INITIAL_BIAS_SD * p.ups_power_w,
            p.facility_power_noise * p.ups_power_w,
        )
        return Spread(
            _squares(initial_k, initial_w),
            _squares(p.return_air_walk_k_s, p.facility_power_walk_w_s),
            _squares(p.return_air_noise_k, noise_w),
        )


def steady_return(u: Array, params: Array) -> tuple[Array, Array]:
    """Return air temperature that the inputs lead to [°C], and the rate of getting there [1/s]."""
    p = Params(*columns(params))
    it_power_w, supply_air_c, fan_speed_percent, outdoor_air_c = columns(u)
    exchange_w_k, fan_w = air_stream(fan_speed_percent, p)
    total_w_k = exchange_w_k + p.envelope_ua_w_k
    gains_w = it_power_w + fan_w + p.envelope_ua_w_k * outdoor_air_c + exchange_w_k * supply_air_c
    return gains_w / total_w_k, total_w_k / heat_capacity_j_k(p)


def heat_capacity_j_k(p: Params) -> Array:
    """Heat capacity of servers and room air together. [J/K]"""
    return p.server_capacity_j_k + p.room_volume_m3 * AIR_DENSITY_KG_M3 * AIR_HEAT_CAPACITY_J_KG_K


def air_stream(fan_speed_percent: Array, p: Params) -> tuple[Array, Array]:
    """Heat that the cooling air carries for each kelvin [W/K], and the power of its fans [W]."""
    speed = np.clip(fan_speed_percent / 100.0, 0.0, 1.0)
    flow_w_k = p.air_flow_m3_s * speed * AIR_DENSITY_KG_M3 * AIR_HEAT_CAPACITY_J_KG_K
    return np.maximum(flow_w_k, _LEAST_EXCHANGE_W_K), p.fan_power_w * speed * speed * speed


def ups_loss_w(output_w: Array, rated_w: Array) -> Array:
    """Loss of a double-conversion UPS. [W]"""
    none, linear, square = _UPS_LOSS
    load = output_w / rated_w
    return rated_w * (none + linear * load + square * load * load)


def cop_at(outdoor_air_c: Array, rated_cop: Array) -> Array:
    """Coefficient of performance at an outdoor temperature, clipped to 15.6 to 45 °C. [1]"""
    inside = np.clip(outdoor_air_c, _OUTDOOR_LOW_C, _OUTDOOR_HIGH_C)
    return (_COP_AT_0_C + _COP_SLOPE_PER_K * inside) * (rated_cop / _COP_RATED)


def _squares(*sds: Array) -> Array:
    return stacked(*(sd * sd for sd in sds))
