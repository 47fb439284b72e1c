"""An electric chiller by its curves, with what keeps them sane, and free cooling inside it.

    Q_av = Q_r CapFT(T_water, T_air)        P = Q_av EIRFT EIRFPLR(PLR) CR / COP_r

EnergyPlus 25.2, Engineering Reference, Chiller:Electric:EIR (the DOE-2 model). T_water leaves
the evaporator, T_air enters the condenser; both are held within the curves' bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from twin.curves import Curve, Form
from twin.fluids import KELVIN
from twin.model import Array, held
from twin.ranges import Flags, anywhere

CONDENSING_K = 10.0  # above the air: what bounds the COP
CARNOT_SHARE = 0.65  # no machine of this size does better


@dataclass(frozen=True, slots=True)
class ChillerCurves:
    """The record: factors of leaving water and condenser air [°C], and of part load.

    free_cooling : share of the capacity that refrigerant carries without the compressor, of the
        leaving water's excess over the outdoor air [K]; none for a machine that cannot.
    """

    capacity: Curve
    input_ratio: Curve
    part_load: Curve
    free_cooling: Curve | None = None


# Air-cooled, 100.6 kW, COP 3.1 at 6.67/35 °C, of the EnergyPlus data sets; the part-load curve is
# of a 207 kW scroll machine there, since the record's own is flat. Condenser air is held above
# 23.9 °C: head-pressure control.
AIR_COOLED = ChillerCurves(
    Curve(
        Form.BIQUADRATIC,
        (-0.2660645697, 0.0998714035, -0.0023814154, 0.0628316481, -0.0009644649, -0.0011249224),
        (4.4, 10.0),
        (23.9, 51.7),
    ),
    Curve(
        Form.BIQUADRATIC,
        (0.1807017787, 0.0271530312, -0.0004553574, 0.0188175079, 0.0002623276, -0.0012881189),
        (4.4, 10.0),
        (23.9, 51.7),
    ),
    Curve(Form.QUADRATIC, (0.0414674, 0.6543795, 0.3044125), (0.1, 1.15)),
)


class ChillerRating(NamedTuple):
    """Rating, each (sites,): heat [W], heat over power [1], least and most part load, least dT [K].

    least_share : Below it the machine cycles. most_share : Beyond it there is no more.
    free_cooling_k : Water over outdoor air from which the compressor may rest.
    """

    capacity_w: Array
    cop: Array
    least_share: Array
    most_share: Array
    free_cooling_k: Array


class Chilled(NamedTuple):
    """What a chiller does, each (sites,).

    heat_w : Taken from the water, at most what it can. power_w, rejected_w : Electrical; and to
        the outdoor air, the sum of both. [W]
    share : Part load. free : Where the compressor rests and heat is carried all the same.
    """

    heat_w: Array
    power_w: Array
    rejected_w: Array
    share: Array
    free: Flags
    outside: Flags


def chilled(
    load_w: Array, water_c: Array, outdoor_c: Array, rating: ChillerRating, curves: ChillerCurves
) -> Chilled:
    """Heat taken and power drawn at a load.

    load_w : (sites,)   Heat to take from the water, at least 0. [W]
    water_c, outdoor_c : (sites,)   Leaving water, air on the condenser. [°C]
    """
    capacity, ratio = curves.capacity(water_c, outdoor_c), curves.input_ratio(water_c, outdoor_c)
    available_w = rating.capacity_w * np.maximum(capacity.value, 1e-3)
    heat_w = held(load_w, 0.0, rating.most_share * available_w)
    share = heat_w / available_w
    part = curves.part_load(np.maximum(share, rating.least_share))
    cycling = held(share / rating.least_share, 0.0, 1.0)
    power_w = available_w / rating.cop * ratio.value * part.value * cycling
    power_w = np.maximum(power_w, heat_w / cop_bound(water_c, outdoor_c))
    free = np.zeros(np.shape(share), dtype=np.bool_)
    if curves.free_cooling is not None:
        excess_k = water_c - outdoor_c
        carried = curves.free_cooling(np.maximum(excess_k, 0.0)).value
        free = (excess_k >= rating.free_cooling_k) & (carried >= share)
    power_w = np.where(free, 0.0, power_w)
    flags = anywhere(capacity.outside, ratio.outside, load_w > rating.most_share * available_w)
    return Chilled(heat_w, power_w, heat_w + power_w, share, free, flags)


def cop_bound(water_c: Array, outdoor_c: Array) -> Array:
    """The COP that no chiller passes: 0.65 of Carnot between water and condensing. [1]

    Condensing 10 K above the air; where the air is so cold that there is hardly a lift, 5 K of
    lift is taken, since the compressor needs a pressure difference.
    """
    lift_k = np.maximum(outdoor_c + CONDENSING_K - water_c, 5.0)
    return CARNOT_SHARE * (water_c + KELVIN) / lift_k
