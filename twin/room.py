"""`room`: a module as one mixed room with its mass, servers, and a unit that holds its supply air.

    C dT/dt = Q_servers + Q_ups + UA (T_eq - T) + m_i c_p (T_o - T) + m c_p (T_s - T) + h (T_m - T)
    C_m dT_m/dt = h (T - T_m)
    M dw/dt = m_i (w_o - w) + m (w_s - w)

The servers breathe supply air with a share φ of the room's, the room's alone, or supply air and a
fixed approach; their heat goes to the room. The unit brings its supply air to the set point at
once while its capacity lasts. Inputs and what follows from the state are held during a step, the
linear rest is solved exactly, so a step is stable at any length and stores what flowed in, to
rounding; power and fan feedback of the inlet then lag by a step: 10 s during faults, 10 min for
a year. For two aisles, racks unlike each other and an estimator, `twin.air_dx`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twin.channels import Channel, ChannelRole
from twin.electrical import Transformer, efficiency_loss_w, transformer_loss_w
from twin.envelope import Through, through
from twin.fluids import DRY_AIR_J_KG_K, STANDARD_PRESSURE_PA, VAPOUR_J_KG_K, density_kg_m3
from twin.model import Array, Spread, columns, squares, stacked
from twin.room_plant import Plant, inlet_c, plant, served
from twin.room_terms import Equipment, Inputs, Params, States, parameters, walls

_LEAST = 1e-9


def _channel(name: str, quantity: str, role: ChannelRole, fallback: float = 0.0) -> Channel:
    return Channel(name, name, quantity, role, fallback)


_IN, _OUT, _STATE = ChannelRole.INPUT, ChannelRole.MEASUREMENT, ChannelRole.FAST_STATE
_CHANNELS = (
    _channel("load", "number", _IN, 0.5),
    _channel("setpoint_c", "temperature", _IN, 20.0),
    _channel("fan_available", "state", _IN, 1.0),
    _channel("cooling_available", "state", _IN, 1.0),
    _channel("outdoor_c", "temperature", _IN, 15.0),
    _channel("outdoor_ratio", "number", _IN, 0.007),
    _channel("pressure_pa", "pressure", _IN, STANDARD_PRESSURE_PA),
    _channel("irradiance_w_m2", "irradiance", _IN),
    _channel("sky_c", "temperature", _IN, 5.0),
    *(
        _channel(name, quantity, _OUT)
        for name, quantity in (
            ("it_w", "power"),
            ("ups_loss_w", "power"),
            ("supply_c", "temperature"),
            ("air_c", "temperature"),
            ("inlet_c", "temperature"),
            ("coil_w", "power"),
            ("compressor_w", "power"),
            ("fan_w", "power"),
            ("pump_w", "power"),
            ("facility_w", "power"),
            ("outside", "state"),
        )
    ),
    _channel("air_c", "temperature", _STATE),
    _channel("mass_c", "temperature", _STATE),
    _channel("humidity_ratio", "number", _STATE),
)
MEASURED = tuple(channel.name for channel in _CHANNELS if channel.role is _OUT)


class _Now(NamedTuple):
    """A room at an instant: what its unit, servers and walls do."""

    plant: Plant
    inlet_c: Array
    it_w: Array
    ups_loss_w: Array
    walls: Through
    infiltration_kg_s: Array
    outside: Array


class Room:
    """The model of rooms with one kind of equipment; it keeps nothing else."""

    name = "room/1"

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment

    def channels(self) -> Sequence[Channel]:
        """Nine inputs, eleven measurements, three states."""
        return _CHANNELS

    def initial(self, params: Array) -> Array:
        """A running room at 27 °C with dry air."""
        warm = np.full(len(params), 27.0)
        return stacked(warm, warm, np.full(len(params), 0.006))

    def step(self, x: Array, u: Array, params: Array, dt: Array | float) -> Array:
        """The states `dt` seconds on."""
        s, i, p = States(*columns(x)), Inputs(*columns(u)), parameters(params)
        now = self._now(s, i, p)
        air_kg = p.volume_m3 * density_kg_m3(s.air_c, s.humidity_ratio, i.pressure_pa)
        moist = DRY_AIR_J_KG_K + VAPOUR_J_KG_K * s.humidity_ratio
        air_c, mass_c = _temperatures(s, i, p, now, air_kg * moist * p.air_capacity_factor, dt)
        return stacked(air_c, mass_c, _humidity(s, i, now, air_kg, dt))

    def observe(self, x: Array, u: Array, params: Array) -> Array:
        """What the sensors would read, in the order of `MEASURED`."""
        s, i, p = States(*columns(x)), Inputs(*columns(u)), parameters(params)
        now = self._now(s, i, p)
        done = now.plant
        before_w = now.it_w + now.ups_loss_w
        given = p.transformer_va > 0.0
        transformer = Transformer(
            np.where(given, p.transformer_va, 1.0),
            p.transformer_no_load_w,
            p.transformer_load_w,
            p.transformer_eddy_share,
            p.transformer_rise_k,
            p.transformer_coefficient_c,
        )
        lost_w = np.where(given, transformer_loss_w(transformer, before_w).value, 0.0)
        total_w = before_w + lost_w + done.compressor_w + done.fan_w + done.pump_w
        return stacked(
            now.it_w, now.ups_loss_w, done.supply_c, s.air_c, now.inlet_c, done.heat_w,
            done.compressor_w, done.fan_w, done.pump_w, total_w, now.outside,
        )  # fmt: skip

    def spread(self, params: Array) -> Spread:
        """Variances: kelvins of the air, shares of the ratings."""
        p = parameters(params)
        one, rated_w = np.ones(len(params)), p.cpu_rated_w
        power = squares(*(0.02 * rated_w for _ in range(6)))
        heat = squares(one, one, one)
        shape = np.concatenate([power[:, :2], heat, power[:, 2:], power[:, :1], squares(one)], 1)
        return Spread(
            squares(4.0 * one, 4.0 * one, 0.003 * one),
            squares(0.01 * one, 0.01 * one, 2e-6 * one),
            0.01 * shape,
            0.1 * shape,
        )

    def _now(self, s: States, i: Inputs, p: Params) -> _Now:
        wall = through(walls(p), i.outdoor_c, i.sky_c, i.irradiance_w_m2)
        per_s = p.infiltration_per_h / 3600.0
        leaking = per_s * p.volume_m3 * density_kg_m3(i.outdoor_c, i.outdoor_ratio, i.pressure_pa)
        gains_w = wall.conductance_w_k * (wall.equivalent_c - s.air_c)
        gains_w = gains_w + leaking * DRY_AIR_J_KG_K * (i.outdoor_c - s.air_c)
        done = plant(s, i, p, self._equipment, gains_w)
        inlet = inlet_c(s.air_c, done.supply_c, done.flow_kg_s, p)
        it = served(inlet, i, p, self._equipment)
        it_w = it.cpu_w + it.fan_w
        rated_w = p.cpu_rated_w + p.server_fan_rated_w
        ups = efficiency_loss_w(it_w, rated_w, p.ups_efficiency, self._equipment.ups)
        outside = done.outside | it.outside | ups.outside | wall.outside
        return _Now(done, inlet, it_w, ups.value, wall, leaking, outside.astype(np.float64))


def _temperatures(
    s: States, i: Inputs, p: Params, now: _Now, air_j_k: Array, dt: Array | float
) -> tuple[Array, Array]:
    """Air and mass after `dt`, the linear pair solved exactly."""
    stream = now.plant.flow_kg_s * (DRY_AIR_J_KG_K + VAPOUR_J_KG_K * s.humidity_ratio)
    held_w_k = np.where(now.plant.controlled, stream, 0.0)
    leaking_w_k = now.infiltration_kg_s * DRY_AIR_J_KG_K
    wall_w_k = now.walls.conductance_w_k
    loss_w_k = wall_w_k + leaking_w_k + held_w_k
    free_w = np.where(now.plant.controlled, 0.0, stream * (now.plant.supply_c - s.air_c))
    heat_w = now.it_w + p.ups_heat_share * now.ups_loss_w + free_w
    driven_w = heat_w + wall_w_k * now.walls.equivalent_c + leaking_w_k * i.outdoor_c
    driven_w = driven_w + held_w_k * now.plant.supply_c
    return relaxed(
        s.air_c, s.mass_c, driven_w / np.maximum(loss_w_k, _LEAST),
        loss_w_k / air_j_k, p.mass_conductance_w_k / air_j_k,
        p.mass_conductance_w_k / np.maximum(p.mass_capacity_j_k, 1.0), dt,
    )  # fmt: skip


def relaxed(
    air_c: Array,
    mass_c: Array,
    end_c: Array,
    loss: Array,
    give: Array,
    take: Array,
    dt: Array | float,
) -> tuple[Array, Array]:
    """Two coupled temperatures on their way to `end_c`, exact for constant rates. [°C]

    Parameters
    ----------
    air_c, mass_c : (...)   Now. [°C]
    end_c : (...)   Where both end; the mass stays as it is without a coupling. [°C]
    loss, give, take : (...)   Of air to what drives it, air to mass, and mass to air. [1/s]
    dt : Time. [s]
    """
    still = np.where(take > 0.0, end_c, mass_c)
    a, m = air_c - end_c, mass_c - still
    middle = -0.5 * (loss + give + take)
    apart = np.sqrt(np.maximum(middle * middle - loss * take, 0.0))
    slow, fast = np.exp((middle + apart) * dt), np.exp((middle - apart) * dt)
    even = 0.5 * (slow + fast)
    odd = np.where(apart > _LEAST, (slow - fast) / np.maximum(2.0 * apart, _LEAST), even * dt)
    da = -(loss + give) * a + give * m
    dm = take * (a - m)
    return end_c + even * a + odd * (da - middle * a), still + even * m + odd * (dm - middle * m)


def _humidity(s: States, i: Inputs, now: _Now, air_kg: Array, dt: Array | float) -> Array:
    """Humidity ratio after `dt`: towards outdoor air, and down to where the coil is dry."""
    done = now.plant
    outdoor_kg_s = now.infiltration_kg_s + done.flow_kg_s * done.outdoor_share
    entering = s.humidity_ratio + done.outdoor_share * (i.outdoor_ratio - s.humidity_ratio)
    dried_kg_s = done.flow_kg_s * np.maximum(entering - done.supply_ratio, 0.0)
    above = np.maximum(s.humidity_ratio - done.just_dry_ratio, 0.0)
    own = done.outdoor_share < 0.5  # noqa: PLR2004 - the coil sees the room's air or the outdoors'
    drawn_kg_s = np.where(own & (above > _LEAST), dried_kg_s / np.maximum(above, _LEAST), 0.0)
    fixed_kg_s = np.where(own, 0.0, dried_kg_s)
    rate = outdoor_kg_s + drawn_kg_s
    end = outdoor_kg_s * i.outdoor_ratio + drawn_kg_s * done.just_dry_ratio - fixed_kg_s
    end = np.where(rate > _LEAST, end / np.maximum(rate, _LEAST), s.humidity_ratio)
    return np.maximum(end + (s.humidity_ratio - end) * np.exp(-rate / air_kg * dt), 0.0)
