"""Heat for others: heat exchanger and heat pump to a district network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.fluids import KELVIN
from twin.model import Array
from twin.ranges import Flags, Ranged, anywhere, within

LORENZ, LORENZ_SD = 0.50, 0.03  # η_L; a plant in Helsinki: 45 to 90 °C at COP 4.3 is 0.50
SOURCE_C, SINK_C = (-10.0, 60.0), (20.0, 110.0)
_LEAST_LIFT_K = 5.0
_LEAST_GLIDE_K = 1e-6


class HeatPumped(NamedTuple):
    """What a heat pump does, each (...).

    sink_w : Heat given. source_w : Heat taken. power_w : Electrical; source + power = sink. [W]
    cop : sink / power. [1]
    """

    sink_w: Array
    source_w: Array
    power_w: Array
    cop: Array
    outside: Flags


def log_mean_c(one_c: Array, other_c: Array) -> Array:
    """Logarithmic mean of two temperatures in kelvin, as °C: what a gliding stream counts as."""
    one, other = one_c + KELVIN, other_c + KELVIN
    apart = other - one
    near = np.abs(apart) < _LEAST_GLIDE_K
    ratio = np.log(np.where(near, 1.0 + 1e-9, other / one))
    return np.where(near, one, np.where(near, 1.0, apart) / ratio) - KELVIN


def lorenz_cop(
    source_in_c: Array,
    source_out_c: Array,
    sink_in_c: Array,
    sink_out_c: Array,
    share: Array | float = LORENZ,
) -> Ranged:
    """COP = η_L T_sink / (T_sink - T_source), log-mean temperatures. [1]

    Lorenz's cycle between gliding streams; η_L 0.45 to 0.55 for large machines. Below 5 K of
    lift it is held at 5 K.

    Parameters
    ----------
    source_in_c, source_out_c : (...)   Of the cold side, -10 to 60. [°C]
    sink_in_c, sink_out_c : (...)   Of the warm side, 20 to 110. [°C]
    """
    sources = [within(each, *SOURCE_C) for each in (source_in_c, source_out_c)]
    sinks = [within(each, *SINK_C) for each in (sink_in_c, sink_out_c)]
    cold = log_mean_c(sources[0].value, sources[1].value)
    warm = log_mean_c(sinks[0].value, sinks[1].value)
    lift_k = within(warm - cold, _LEAST_LIFT_K, np.inf)
    flags = anywhere(*(each.outside for each in (*sources, *sinks)), lift_k.outside)
    return Ranged(share * (warm + KELVIN) / lift_k.value, flags)


def heat_pump(source_w: Array, cop: Ranged, most_w: Array) -> HeatPumped:
    """A heat pump that takes a source's heat, as far as its electrical power goes. [W]

    source_w : (...)   Heat on offer, at least 0. most_w : (...)   Electrical rating. [W]
    """
    lifted = np.maximum(cop.value - 1.0, _LEAST_GLIDE_K)
    power_w = np.minimum(np.maximum(source_w, 0.0) / lifted, most_w)
    taken_w = power_w * lifted
    return HeatPumped(taken_w + power_w, taken_w, power_w, lifted + 1.0, cop.outside)


class FittedHeatPump(NamedTuple):
    """Power of a real machine as a plane: a + b T_sink + c T_source. [W], [W/K], [W/K]"""

    at_zero_w: float
    sink_w_k: float
    source_w_k: float


def fitted(power_w: Array, sink_c: Array, source_c: Array) -> FittedHeatPump:
    """The plane of least squares through a log of a running machine.

    power_w, sink_c, source_c : (n,)   Only where it runs and has settled.
    """
    x = np.column_stack([np.ones(len(power_w)), sink_c, source_c])
    a, b, c = np.linalg.lstsq(x, power_w, rcond=None)[0]
    return FittedHeatPump(float(a), float(b), float(c))


def fitted_power_w(machine: FittedHeatPump, sink_c: Array, source_c: Array) -> Array:
    """Power of a running machine by its plane, never below 0. [W]"""
    plane = machine.at_zero_w + machine.sink_w_k * sink_c + machine.source_w_k * source_c
    return np.maximum(plane, 0.0)
