"""The heat and air of an `air-dx` module, stepped; `twin.air_dx` says what it is.

A step solves the network of two aisles, servers, shell and coil by backward Euler in closed
form, then changes each store by the interface heats at that solution. The coil is solved twice:
as the controller would have it, and, where that would take less than nothing or more than the
capacity, with the heat held at that bound.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.air_balance import mixed_c
from twin.air_dx_terms import (
    LEAST_STREAM_W_K,
    Conditions,
    Inputs,
    Params,
    States,
    conditions,
    inputs,
    parameters,
    server_conductance_w_k,
    wanted_coil_c,
)
from twin.fluids import DRY_AIR_J_KG_K, LATENT_J_KG, humidity_ratio, saturation_pressure_pa
from twin.model import Array, columns, held, stacked
from twin.servers import exchange_w_k

STORED_AIR_KG_M3 = 1.2  # fixed, so that a falling barometer takes no heat from the room
_LONGEST_STEP_S = 5.0


class Interfaces(NamedTuple):
    """Heat over the module's outer interfaces, mean over a step. [W]

    `it_w` to `infiltration_w` come in, the last two leave; latent heat is above water at 0 °C.
    """

    it_w: Array
    fan_w: Array
    losses_w: Array
    infiltration_w: Array
    walls_out_w: Array
    refrigerant_w: Array

    def net_in_w(self) -> Array:
        """All that comes in, less all that leaves."""
        gained = self.it_w + self.fan_w + self.losses_w + self.infiltration_w
        return gained - self.walls_out_w - self.refrigerant_w


def stored_j(s: States, p: Params) -> Array:
    """Heat held inside, above 0 °C and dry air. [J]"""
    air_kg = p.room_volume_m3 * STORED_AIR_KG_M3
    aisles = 0.5 * air_kg * DRY_AIR_J_KG_K * (s.cold_c + s.hot_c)
    masses = p.server_capacity_j_k * s.server_c + p.shell_capacity_j_k * s.shell_c
    latent = air_kg * s.humidity_ratio * LATENT_J_KG
    return aisles + masses + p.coil_capacity_j_k * s.coil_c + latent


def stepped(x: Array, u: Array, params: Array, dt: Array | float) -> tuple[Array, Interfaces]:
    """The states `dt` seconds on, and what crossed the outer interfaces meanwhile."""
    s, i, p = States(*columns(x)), inputs(u), parameters(params)
    dt_s = np.zeros(len(u)) + dt
    # The number of parts is each row's own: who shares the batch must not change it.
    parts = np.maximum(np.ceil(dt_s / _LONGEST_STEP_S), 1.0)
    part_s = np.maximum(dt_s, 1e-9) / parts
    most = int(parts.max(initial=1.0))
    s, crossed = _part(s, i, p, part_s)
    for number in range(1, most):
        going = parts > number
        after, heat = _part(s, i, p, part_s)
        s = States(*(np.where(going, new, old) for new, old in zip(after, s, strict=True)))
        crossed = Interfaces(
            *(np.where(going, a + b, a) for a, b in zip(crossed, heat, strict=True))
        )
    return stacked(*s), Interfaces(*(each / parts for each in crossed))


class _Coil(NamedTuple):
    """The coil's temperature after a step as a line in the return air's: p + q t_return."""

    p: Array
    q: Array


class _Shell(NamedTuple):
    """Conductances of the shell, and its temperature without the aisles' pull."""

    wall_w_k: Array  # each aisle to the shell
    whole_w_k: Array
    sol_air_c: Array
    base_c: Array


class _Servers(NamedTuple):
    """Heat from servers to air as a line in their inlet: given - per_inlet t_inlet. [W], [W/K]"""

    given_w: Array
    per_inlet_w_k: Array


class _Network(NamedTuple):
    """What is the same for any coil: a step's flows, its neighbours, its two equations so far.

    h : length of the step. [s]
    stream_w_k, coil_w_k : of the cooling air, and between it and the coil. [W/K]
    moving : whether there is a stream; without one the fan's heat is the hot aisle's.
    a11 to b2 : the equations in cold and hot air, of the cold one without the supply air.
    """

    h: Array
    stream_w_k: Array
    coil_w_k: Array
    bypass: Array
    recirculation: Array
    fan_cold_w: Array
    fresh_w_k: Array
    shell: _Shell
    servers: _Servers
    a11: Array
    a12: Array
    a21: Array
    a22: Array
    b1: Array
    b2: Array


def _part(s: States, i: Inputs, p: Params, h: Array) -> tuple[States, Interfaces]:
    """One step of `h` seconds: solution of the network, then the books."""
    now = conditions(s, i, p)
    moist = _moisture(s, i, p, now, h)
    network = _network(s, i, p, now, h)
    controlled = _controlled(s, i, p, now, h)
    return_c, _, _ = _solved(network, controlled)
    wanted_w = _refrigerant_w(s, p, network, controlled, return_c, moist.latent_w)
    held_w = held(wanted_w, 0.0, now.capacity_w)
    fixed = _fixed(s, p, network, moist.latent_w - held_w)
    as_wanted = (held_w == wanted_w) & now.can_cool
    coil = _Coil(*(np.where(as_wanted, a, b) for a, b in zip(controlled, fixed, strict=True)))
    return_c, cold_c, hot_c = _solved(network, coil)
    end = _Solution(cold_c, hot_c, return_c, coil.p + coil.q * return_c, held_w)
    return _booked(s, i, p, now, network, end, moist)


class _Solution(NamedTuple):
    """Temperatures at the end of a step, and the heat that the refrigerant takes."""

    cold_c: Array
    hot_c: Array
    return_c: Array
    coil_c: Array
    refrigerant_w: Array


class _Moist(NamedTuple):
    """Humidity ratio after a step; latent heat into the coil, and from outdoors. [W]"""

    ratio: Array
    latent_w: Array
    fresh_w: Array


def _moisture(s: States, i: Inputs, p: Params, now: Conditions, h: Array) -> _Moist:
    air_kg = p.room_volume_m3 * STORED_AIR_KG_M3
    fresh_kg_s = p.infiltration_per_h * air_kg / 3600.0
    outdoor_pa = saturation_pressure_pa(i.outdoor_c) * i.outdoor_humidity_percent / 100.0
    outdoor = humidity_ratio(outdoor_pa, i.pressure_pa)
    coil_kg_s = np.where(now.excess_ratio > 0.0, now.effectiveness * now.flows.cooling, 0.0)
    surface = s.humidity_ratio - now.excess_ratio
    held, whole = air_kg / h, air_kg / h + fresh_kg_s + coil_kg_s
    after = (held * s.humidity_ratio + fresh_kg_s * outdoor + coil_kg_s * surface) / whole
    condensed_kg_s = coil_kg_s * np.maximum(after - surface, 0.0)
    entered_kg_s = fresh_kg_s * (outdoor - after)
    ratio = s.humidity_ratio + (entered_kg_s - condensed_kg_s) * h / air_kg
    return _Moist(ratio, condensed_kg_s * LATENT_J_KG, entered_kg_s * LATENT_J_KG)


def _controlled(s: States, i: Inputs, p: Params, now: Conditions, h: Array) -> _Coil:
    moved = -np.expm1(-h / p.control_lag_s)
    # The wanted temperature is a line in the return air's: its value at 0 °C, and its slope.
    wanted_at_0 = wanted_coil_c(np.zeros_like(h), i.setpoint_c + s.supply_bias_k, now)
    return _Coil(
        s.coil_c + moved * (wanted_at_0 - s.coil_c), moved * (1.0 - 1.0 / now.effectiveness)
    )


def _fixed(s: States, p: Params, network: _Network, gained_w: Array) -> _Coil:
    kept = p.coil_capacity_j_k / network.h
    whole = kept + network.coil_w_k
    return _Coil((kept * s.coil_c + gained_w) / whole, network.coil_w_k / whole)


def _refrigerant_w(
    s: States, p: Params, network: _Network, coil: _Coil, return_c: Array, latent_w: Array
) -> Array:
    coil_c = coil.p + coil.q * return_c
    stored_w = p.coil_capacity_j_k * (coil_c - s.coil_c) / network.h
    return network.coil_w_k * (return_c - coil_c) + latent_w - stored_w


def _shell(s: States, i: Inputs, p: Params, h: Array) -> _Shell:
    wall, kept = 0.5 * p.wall_film_w_k, p.shell_capacity_j_k / h
    whole = kept + 2.0 * wall + p.envelope_ua_w_k
    sol_air_c = i.outdoor_c + p.solar_rise_k_m2_w * i.irradiance_w_m2
    base = (kept * s.shell_c + p.envelope_ua_w_k * sol_air_c) / whole
    return _Shell(wall, whole, sol_air_c, base)


def _servers(s: States, p: Params, now: Conditions, h: Array) -> _Servers:
    kept = p.server_capacity_j_k / h
    exchange = exchange_w_k(now.flows.server * DRY_AIR_J_KG_K, server_conductance_w_k(p))
    both = kept + exchange
    return _Servers(exchange * (kept * s.server_c + now.it_w) / both, exchange * kept / both)


def _network(s: States, i: Inputs, p: Params, now: Conditions, h: Array) -> _Network:
    """The equations without the supply air; servers and shell are lines in the two unknowns."""
    flows, shell, servers = now.flows, _shell(s, i, p, h), _servers(s, p, now, h)
    air = 0.5 * p.room_volume_m3 * STORED_AIR_KG_M3 * DRY_AIR_J_KG_K / h
    stream, direct = flows.cooling * DRY_AIR_J_KG_K, flows.direct * DRY_AIR_J_KG_K
    phi = flows.recirculation
    fresh = p.infiltration_per_h * p.room_volume_m3 * STORED_AIR_KG_M3 * DRY_AIR_J_KG_K / 3600.0
    wall, per_inlet = shell.wall_w_k, servers.per_inlet_w_k
    shared = wall * wall / shell.whole_w_k
    walled = air + wall - shared
    from_shell = wall * shell.base_c
    fan_cold_w = np.where(stream > LEAST_STREAM_W_K, now.fan_w, 0.0)
    losses = now.losses_w + (now.fan_w - fan_cold_w)
    return _Network(
        h,
        stream,
        now.effectiveness * stream,
        flows.bypass_share,
        phi,
        fan_cold_w,
        fresh,
        shell,
        servers,
        walled + stream,
        -shared,
        per_inlet * (1.0 - phi) - direct - shared,
        walled + direct + fresh + per_inlet * phi,
        air * s.cold_c + fan_cold_w + from_shell,
        air * s.hot_c + servers.given_w + losses + from_shell + fresh * i.outdoor_c,
    )


def _solved(network: _Network, coil: _Coil) -> tuple[Array, Array, Array]:
    """Return, cold and hot air at the end of the step: two equations, by Cramer's rule."""
    beta, a21, a22, b2 = network.bypass, network.a21, network.a22, network.b2
    # The supply air's heat a kelvin of return air.
    blown = network.stream_w_k + network.coil_w_k * (coil.q - 1.0)
    a11 = network.a11 - blown * beta
    a12 = network.a12 - blown * (1.0 - beta)
    b1 = network.b1 + network.coil_w_k * coil.p
    whole = a11 * a22 - a12 * a21
    cold_c, hot_c = (b1 * a22 - a12 * b2) / whole, (a11 * b2 - a21 * b1) / whole
    return mixed_c(hot_c, cold_c, beta), cold_c, hot_c


def _booked(
    s: States,
    i: Inputs,
    p: Params,
    now: Conditions,
    network: _Network,
    end: _Solution,
    moist: _Moist,
) -> tuple[States, Interfaces]:
    """The stores changed by the heats at the solution, each worked out once."""
    h, shell, servers = network.h, network.shell, network.servers
    shell_c = shell.base_c + shell.wall_w_k * (end.cold_c + end.hot_c) / shell.whole_w_k
    cold_wall_w = shell.wall_w_k * (end.cold_c - shell_c)
    hot_wall_w = shell.wall_w_k * (end.hot_c - shell_c)
    out_w = p.envelope_ua_w_k * (shell_c - shell.sol_air_c)
    inlet_c = mixed_c(end.cold_c, end.hot_c, network.recirculation)
    server_w = servers.given_w - servers.per_inlet_w_k * inlet_c
    fresh_w = network.fresh_w_k * (i.outdoor_c - end.hot_c)
    coil_w = network.coil_w_k * (end.return_c - end.coil_c)
    through_w = now.flows.direct * DRY_AIR_J_KG_K * (end.cold_c - end.hot_c)
    blown_w = network.stream_w_k * (end.return_c - end.cold_c) - coil_w + network.fan_cold_w
    air = h / (0.5 * p.room_volume_m3 * STORED_AIR_KG_M3 * DRY_AIR_J_KG_K)
    losses_w = now.losses_w + (now.fan_w - network.fan_cold_w)
    hot_w = through_w + server_w + losses_w + fresh_w - hot_wall_w
    after = s._replace(
        cold_c=s.cold_c + air * (blown_w - cold_wall_w),
        hot_c=s.hot_c + air * hot_w,
        server_c=s.server_c + h / p.server_capacity_j_k * (now.it_w - server_w),
        shell_c=s.shell_c + h / p.shell_capacity_j_k * (cold_wall_w + hot_wall_w - out_w),
        coil_c=s.coil_c + h / p.coil_capacity_j_k * (coil_w + moist.latent_w - end.refrigerant_w),
        humidity_ratio=moist.ratio,
    )
    entered_w = fresh_w + moist.fresh_w
    return after, Interfaces(now.it_w, now.fan_w, now.losses_w, entered_w, out_w, end.refrigerant_w)
