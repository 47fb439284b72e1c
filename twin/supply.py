"""Where the power comes from: battery, sun, wind, generator, and the balance with the grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.model import Array, held
from twin.ranges import Ranged, anywhere, within

# As recalled from makers' sheets, lithium iron phosphate; each with a prior sd.
CHARGE, CHARGE_SD = 0.97, 0.01
LEAST_CHARGE, MOST_CHARGE = 0.1, 0.9
SELF_DISCHARGE_S, SELF_DISCHARGE_SD = 0.02 / (30.0 * 86_400.0), 0.01 / (30.0 * 86_400.0)
PV_GAMMA_K, PV_GAMMA_SD = -0.0035, 0.0005  # crystalline silicon, power with cell temperature
FAIMAN_U0, FAIMAN_U1 = 25.0, 6.84  # Faiman, Prog. Photovolt. 16 (2008), doi:10.1002/pip.813
FUEL_IDLE, FUEL_LOAD = 0.081, 0.246  # L/h a kW of rating and of load; as recalled, sd 10 %
_HOUR_S = 3600.0
_TAPER = 0.2  # of the span below full in which charging slows down


class Battery(NamedTuple):
    """A battery, each (sites,).

    capacity_wh : Energy between empty and full. [Wh] power_w : Most in and out, at its terminals.
    charging, discharging : Efficiencies each way. [1]
    """

    capacity_wh: Array
    power_w: Array
    charging: Array | float = CHARGE
    discharging: Array | float = CHARGE


class Stored(NamedTuple):
    """State and flow of a battery over a step, each (sites,).

    charge : State of charge, 0.1 to 0.9. [1] power_w : At the terminals, positive discharges.
    lost_w : Heat in battery and inverter. [W]
    """

    charge: Array
    power_w: Array
    lost_w: Array


def battery_step(battery: Battery, charge: Array, wanted_w: Array, dt: float) -> Stored:
    """The battery after `dt` seconds of a wish, as far as power, charge and taper allow.

    E⁺ = E (1 - σ Δt) + η_c P_c Δt - P_d Δt / η_d. Charging tapers linearly in the last fifth of
    the span. A charge outside its limits moves back towards them only.

    wanted_w : (sites,)   Positive discharges. [W] charge : (sites,)   0 to 1. [1]
    """
    energy_j = battery.capacity_wh * _HOUR_S
    # A charge below the limit keeps what it has: self-discharge may not take it further.
    leak = held(charge - LEAST_CHARGE, 0.0, charge * SELF_DISCHARGE_S * dt)
    now = charge - leak
    room = np.maximum(MOST_CHARGE - now, 0.0)
    store = np.maximum(now - LEAST_CHARGE, 0.0)
    taper = held(room / (_TAPER * (MOST_CHARGE - LEAST_CHARGE)), 0.0, 1.0)
    most_in = np.minimum(battery.power_w * taper, room * energy_j / (battery.charging * dt))
    most_out = np.minimum(battery.power_w, store * energy_j * battery.discharging / dt)
    power_w = held(wanted_w, -most_in, most_out)
    stored_w = np.where(power_w < 0.0, -power_w * battery.charging, -power_w / battery.discharging)
    after = now + stored_w * dt / energy_j
    lost_w = leak * energy_j / dt - power_w - stored_w
    return Stored(after, power_w, lost_w)


def pv_power_w(
    irradiance_w_m2: Array,
    air_c: Array,
    wind_m_s: Array,
    rated_w: Array,
    inverter: Array | float = 0.96,
) -> Ranged:
    """Alternating power of a field of modules. [W]

    P_dc0 G/1000 [1 + γ (T_c - 25)] η, T_c = T_a + G / (U_0 + U_1 v), after Faiman 2008; cut at the
    rating.

    Parameters
    ----------
    irradiance_w_m2 : (...)   In the modules' plane, 0 to 1400. [W/m²]
    air_c, wind_m_s : (...)   -40 to 55 °C; 0 to 40 m/s.
    rated_w : (...)   Direct power at 1000 W/m² and 25 °C. [W]
    """
    sun, air = within(irradiance_w_m2, 0.0, 1400.0), within(air_c, -40.0, 55.0)
    wind = within(wind_m_s, 0.0, 40.0)
    cell_c = air.value + sun.value / (FAIMAN_U0 + FAIMAN_U1 * wind.value)
    direct_w = rated_w * sun.value / 1000.0 * (1.0 + PV_GAMMA_K * (cell_c - 25.0))
    flags = anywhere(sun.outside, air.outside, wind.outside)
    return Ranged(held(direct_w * inverter, 0.0, rated_w), flags)


def wind_power_w(
    wind_m_s: Array,
    measured_at_m: Array | float,
    hub_m: Array | float,
    curve_m_s: Array,
    curve_w: Array,
    density_kg_m3: Array | float = 1.225,
) -> Ranged:
    """Power of a turbine from its maker's curve at hub height. [W]

    v = v_r (z/z_r)^(1/7), corrected to the curve's 1.225 kg/m³ by the cube root of the density
    (IEC 61400-12-1); nothing beyond the curve's ends.

    curve_m_s, curve_w : (points,)   Ascending speeds and powers.
    """
    wind = within(wind_m_s, 0.0, 60.0)
    at_hub = wind.value * (np.asarray(hub_m) / measured_at_m) ** (1.0 / 7.0)
    speed = at_hub * (np.asarray(density_kg_m3) / 1.225) ** (1.0 / 3.0)
    power_w = np.interp(speed, curve_m_s, curve_w, left=0.0, right=0.0)
    return Ranged(np.asarray(power_w, dtype=np.float64), wind.outside)


def generator_fuel_l_h(load_w: Array, rated_w: Array) -> Ranged:
    """Diesel that a running generator burns: 0.081 P_r + 0.246 P, kW; load 0 to 1.1. [L/h]"""
    share = within(load_w / rated_w, 0.0, 1.1)
    rated_kw = rated_w / 1000.0
    return Ranged((FUEL_IDLE + FUEL_LOAD * share.value) * rated_kw, share.outside)


class Balance(NamedTuple):
    """Who covers a load, each (...), at least 0. [W]

    imported, exported : With the grid. generated : By the generator. unserved : Nobody.
    curtailed : Of sun and wind, what nobody takes.
    """

    imported: Array
    exported: Array
    generated: Array
    unserved: Array
    curtailed: Array


def balance(
    load_w: Array,
    renewable_w: Array,
    battery_w: Array,
    import_limit_w: Array,
    export_limit_w: Array,
    generator_w: Array,
) -> Balance:
    """Sources equal uses at every instant, what cannot be met being unserved or curtailed.

    load + exported + curtailed = renewable + battery + imported + generated + unserved.

    battery_w : (...)   Positive discharges. generator_w : (...)   What it can give now, 0 if off.
    """
    short = load_w - renewable_w - battery_w
    need, spare = np.maximum(short, 0.0), np.maximum(-short, 0.0)
    imported = np.minimum(need, import_limit_w)
    generated = np.minimum(need - imported, generator_w)
    exported = np.minimum(spare, export_limit_w)
    return Balance(imported, exported, generated, need - imported - generated, spare - exported)
