"""`air-dx`: an air-cooled module with cold and hot aisle, servers, shell, and a DX unit.

    C_c dTc/dt = m_c c_p (T_supply - Tc) - U_c (Tc - T_shell)
    C_h dTh/dt = m_d c_p (Tc - Th) + Q_server - U_h (Th - T_shell) + Q_losses + U_i (T_out - Th)
    C_s dTs/dt = P_it - Q_server,                    Q_server = ε_s m_s c_p (Ts - T_inlet)
    C_w dTw/dt = U_c (Tc - Tw) + U_h (Th - Tw) - UA (Tw - T_solair)
    C_k dTk/dt = ε m_c c_p (T_return - Tk) + Q_latent - Q_refrigerant
    M   dw/dt  = m_i (w_out - w) - condensate

with the flows of `twin.air_balance`. The unit's own controller is not rebuilt: it is taken to
bring the supply air to its set point within `control_lag_s`, as far as the capacity allows, and
what heat that takes gives the compressor's power. Its fan speed is an input. `off` takes nothing.

Backward Euler in steps of 5 s at most, the linear network solved in closed form; the states then
change by the interface heats at its solution, each worked out once, so that what is stored is
what went in less what went out, to rounding. Stable at any step. Good for a module of 10 kW to
1 MW whose racks are much alike; no water, no economiser (`partial` and `free` cool as
`mechanical`), one lump a class. Sources are with the components and in `twin.parameters`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.air_balance import mixed_c
from twin.air_dx_network import stepped
from twin.air_dx_terms import (
    LEAST_STREAM_W_K,
    States,
    compressor_w,
    conditions,
    inputs,
    parameters,
    server_conductance_w_k,
    supply_air_c,
)
from twin.channels import Channel, ChannelRole
from twin.electrical import ups_input_w
from twin.fluids import DRY_AIR_J_KG_K, STANDARD_PRESSURE_PA, relative_humidity_percent
from twin.model import Array, Spread, columns, squares, stacked
from twin.servers import exchange_w_k

_INITIAL_SUPPLY_C, _INITIAL_RISE_K, _INITIAL_HUMIDITY_RATIO = 21.0, 10.0, 0.008
_LEARNING_S = 600.0  # loads, weather and controls leave errors that last about so long


def _state(name: str, point: str, quantity: str, nudge: float = 1e-3) -> Channel:
    return Channel(name, point, quantity, ChannelRole.FAST_STATE, nudge=nudge)


def _factor(name: str) -> Channel:
    role = ChannelRole.SLOW_STATE
    return Channel(f"log_{name}", name, "number", role, is_log=True, learning_s=_LEARNING_S)


def _input(
    name: str, point: str, quantity: str, fallback: float, max_age_s: float, *, needed: bool = True
) -> Channel:
    return Channel(name, point, quantity, ChannelRole.INPUT, fallback, max_age_s, needed)


def _measured(name: str, point: str, quantity: str) -> Channel:
    return Channel(name, point, quantity, ChannelRole.MEASUREMENT)


_CHANNELS = (
    _input("it_power_w", "it_power", "power", 0.0, 60.0),
    _input("setpoint_c", "supply_air_temp_setpoint", "temperature", 21.0, 3600.0),
    _input("fan_speed_percent", "fan_speed", "percentage", 100.0, 60.0),
    _input("mode", "mode", "state", 1.0, 60.0, needed=False),
    _input("outdoor_c", "outdoor_air_temp", "temperature", 15.0, 900.0),
    _input("outdoor_humidity", "outdoor_air_humidity", "humidity", 70.0, 3600.0, needed=False),
    _input("irradiance_w_m2", "solar_irradiance", "irradiance", 0.0, 900.0, needed=False),
    _input("pressure_pa", "air_pressure", "pressure", STANDARD_PRESSURE_PA, 7200.0, needed=False),
    _input("ups_mode", "ups_mode", "state", 0.0, 60.0, needed=False),
    _measured("supply_c", "supply_air_temp", "temperature"),
    _measured("return_c", "return_air_temp", "temperature"),
    _measured("cold_c", "cold_aisle_temp", "temperature"),
    _measured("hot_c", "hot_aisle_temp", "temperature"),
    _measured("inlet_c", "inlet_temp", "temperature"),
    _measured("outlet_c", "outlet_temp", "temperature"),
    _measured("cold_humidity_percent", "cold_aisle_humidity", "humidity"),
    _measured("return_humidity_percent", "return_air_humidity", "humidity"),
    _measured("compressor_w", "compressor_power", "power"),
    _measured("fan_w", "fan_power", "power"),
    _measured("ups_input_w", "ups_input_power", "power"),
    _measured("ups_output_w", "ups_output_power", "power"),
    _measured("facility_w", "facility_power", "power"),
    _state("cold_c", "cold_aisle", "temperature"),
    _state("hot_c", "hot_aisle", "temperature"),
    _state("server_c", "server", "temperature"),
    _state("shell_c", "shell", "temperature"),
    _state("coil_c", "coil", "temperature"),
    _state("humidity_ratio", "humidity_ratio", "number", nudge=1e-6),
    _factor("recirculation"),
    _factor("coil_fouling"),
    _factor("cop_k"),
    _factor("ups_k"),
    _factor("server_flow_k"),
    Channel(
        "it_power_bias_w", "it_power_bias", "power", ChannelRole.SLOW_STATE,
        nudge=1.0, learning_s=_LEARNING_S,
    ),
    Channel(
        "supply_bias_k", "supply_temp_bias", "temperature_difference", ChannelRole.SLOW_STATE,
        learning_s=_LEARNING_S,
    ),
)  # fmt: skip


class AirDx:
    """The model; it keeps nothing of its own."""

    name = "air-dx/1"

    def channels(self) -> Sequence[Channel]:
        """Nine inputs, thirteen measurements, six fast and seven slow states."""
        return _CHANNELS

    def initial(self, params: Array) -> Array:
        """A running module at a mild supply temperature, every factor 1, every bias 0."""
        p = parameters(params)
        cold = np.full(len(params), _INITIAL_SUPPLY_C)
        hot, nothing = cold + _INITIAL_RISE_K, np.zeros(len(params))
        humidity = np.full(len(params), _INITIAL_HUMIDITY_RATIO)
        factors = [nothing, nothing, nothing, nothing]
        return stacked(
            cold, hot, hot + _INITIAL_RISE_K, 0.5 * (cold + hot), cold - 2.0, humidity,
            np.log(p.recirculation), *factors, nothing, nothing,
        )  # fmt: skip

    def step(self, x: Array, u: Array, params: Array, dt: Array | float) -> Array:
        """The states `dt` seconds on."""
        return stepped(x, u, params, dt)[0]

    def observe(self, x: Array, u: Array, params: Array) -> Array:
        """What the sensors would read, in the order of the measurement channels."""
        s, i, p = States(*columns(x)), inputs(u), parameters(params)
        now = conditions(s, i, p)
        flows = now.flows
        return_c = mixed_c(s.hot_c, s.cold_c, flows.bypass_share)
        inlet_c = mixed_c(s.cold_c, s.hot_c, flows.recirculation)
        stream_w_k = flows.server * DRY_AIR_J_KG_K
        carried_w = exchange_w_k(stream_w_k, server_conductance_w_k(p)) * (s.server_c - inlet_c)
        compressor = compressor_w(s, return_c, i, p, now)
        ups_input = ups_input_w(now.ups_output_w, now.ups_loss_w, i.ups_mode)
        return stacked(
            supply_air_c(return_c, s.coil_c, now),
            return_c,
            s.cold_c,
            mixed_c(s.hot_c, return_c, p.hot_aisle_mixing),
            inlet_c,
            inlet_c + carried_w / np.maximum(stream_w_k, LEAST_STREAM_W_K),
            relative_humidity_percent(s.cold_c, s.humidity_ratio, i.pressure_pa),
            relative_humidity_percent(return_c, s.humidity_ratio, i.pressure_pa),
            compressor,
            now.fan_w,
            ups_input,
            now.ups_output_w,
            ups_input + now.fan_w + compressor + p.standby_w,
        )

    def spread(self, params: Array) -> Spread:
        """Variances: of the air in kelvin, of powers as shares of the ratings."""
        p, sd = parameters(params), parameters(params[:, params.shape[1] // 2 :])
        one = np.ones(len(params))
        relative = sd.recirculation / p.recirculation
        compressor_w, ups_w = p.cooling_w / p.cop, p.ups_power_w
        # Slow states first to what they may be, then by how much in the square root of an hour:
        # recirculation 2 %, fouling and UPS 0.3 %, COP 0.7 %, server flow 1 %.
        initial = squares(
            4.0 * one, 6.0 * one, 10.0 * one, 6.0 * one, 4.0 * one, 0.003 * one,
            relative, 0.15 * one, sd.cop / p.cop, 0.3 * one, sd.server_rise_k / p.server_rise_k,
            0.02 * p.it_rated_w, 1.0 * one,
        )  # fmt: skip
        process = squares(
            0.01 * one, 0.015 * one, 0.01 * one, 0.005 * one, 0.02 * one, 2e-6 * one,
            3e-4 * one, 5e-5 * one, 1.2e-4 * one, 5e-5 * one, 1.7e-4 * one,
            2e-5 * p.it_rated_w, 8e-4 * one,
        )  # fmt: skip
        reading = squares(
            *(0.07 * one for _ in range(6)), 0.3 * one, 0.3 * one,
            0.002 * compressor_w, 0.003 * p.fan_power_w, *(0.001 * ups_w for _ in range(3)),
        )  # fmt: skip
        shape = squares(
            0.25 * one, 0.3 * one, 0.3 * one, 0.4 * one, 0.4 * one, 0.8 * one, 3.0 * one, 3.0 * one,
            0.012 * compressor_w, 0.04 * p.fan_power_w, 0.004 * ups_w, 0.004 * ups_w, 0.006 * ups_w,
        )  # fmt: skip
        return Spread(initial, process, reading, shape)
