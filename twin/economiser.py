"""When outdoor air or water may take over from the compressor, and how much of it.

The mode's life is a table: a decision per site, what it was, how long it has been so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.dx import FREE, MECHANICAL, PARTIAL
from twin.model import Array, held

DWELL_S = 1_200.0  # Modelica Buildings library: default wait between stages
ON_K, OFF_K = 1.0, 0.5  # by how much free water must be colder than the return, to start and go on
FREEZING_C = 5.0  # below it water must not stand outdoors unprotected
_LEAST_SPAN_K = 0.1


class Verdict(NamedTuple):
    """What the outdoors allow now, each (sites,) of booleans.

    full : Free cooling carries all. part : It carries something. stay : Enough to go on with.
    """

    full: NDArray[np.bool_]
    part: NDArray[np.bool_]
    stay: NDArray[np.bool_]


class Mode(NamedTuple):
    """The mode of each site, `twin.dx.MECHANICAL`, `PARTIAL` or `FREE`, and its age. [s]"""

    mode: Array
    age_s: Array


# (mode, full now, part now, enough to stay) -> next mode, once the dwell time has passed.
# Part implies stay, full implies part: the other rows cannot come.
TRANSITIONS: Mapping[tuple[int, bool, bool, bool], int] = MappingProxyType(
    {
        (MECHANICAL, False, False, False): MECHANICAL,
        (MECHANICAL, False, False, True): MECHANICAL,
        (MECHANICAL, False, True, True): PARTIAL,
        (MECHANICAL, True, True, True): FREE,
        (PARTIAL, False, False, False): MECHANICAL,
        (PARTIAL, False, False, True): PARTIAL,
        (PARTIAL, False, True, True): PARTIAL,
        (PARTIAL, True, True, True): FREE,
        (FREE, False, False, False): MECHANICAL,
        (FREE, False, False, True): PARTIAL,
        (FREE, False, True, True): PARTIAL,
        (FREE, True, True, True): FREE,
    }
)


def next_mode(now: Mode, verdict: Verdict, dt_s: float, dwell_s: float = DWELL_S) -> Mode:
    """The modes after `dt_s`: as the table says, and never before the dwell time has passed."""
    part = verdict.part | verdict.full
    stay = verdict.stay | part
    wanted = now.mode
    for (mode, full, some, enough), then in TRANSITIONS.items():
        here = (now.mode == mode) & (verdict.full == full) & (part == some) & (stay == enough)
        wanted = np.where(here, float(then), wanted)
    age_s = now.age_s + dt_s
    changes = (wanted != now.mode) & (age_s >= dwell_s)
    return Mode(np.where(changes, wanted, now.mode), np.where(changes, 0.0, age_s))


def water_side(
    wet_bulb_c: Array, return_c: Array, supply_c: Array, tower_k: Array, exchanger_k: Array
) -> Verdict:
    """Whether a tower's water can cool the return: on at 1 K below it, off at 0.5 K.

    wet_bulb_c : (sites,)   Of the outdoor air; the dry bulb for a dry cooler. [°C]
    return_c, supply_c : (sites,)   Water to be cooled, and as it is wanted. [°C]
    tower_k, exchanger_k : (sites,)   Approaches of tower and heat exchanger. [K]
    """
    found_c = wet_bulb_c + tower_k + exchanger_k
    return Verdict(found_c <= supply_c, found_c < return_c - ON_K, found_c < return_c - OFF_K)


def air_side(outdoor_c: Array, mixed_c: Array, high_limit_c: Array) -> Verdict:
    """Whether outdoor air can cool: full below the wanted mixed temperature, part to the limit."""
    part = outdoor_c < high_limit_c
    return Verdict(part & (outdoor_c <= mixed_c), part, part)


def outdoor_air_share(
    outdoor_c: Array, return_c: Array, mixed_c: Array, high_limit_c: Array
) -> Array:
    """Share of outdoor air that mixes with the return to what is wanted. [1]

    x = (T_return - T_mixed) / (T_return - T_outdoor), 0 to 1; all of it where the air is too warm
    for that but below the limit, none at or above the limit: EnergyPlus 25.2, Engineering
    Reference, Controller:OutdoorAir, fixed dry bulb.
    """
    span_k = return_c - outdoor_c
    share = held((return_c - mixed_c) / np.maximum(span_k, _LEAST_SPAN_K), 0.0, 1.0)
    share = np.where((outdoor_c >= mixed_c) & (return_c > mixed_c), 1.0, share)
    return np.where(outdoor_c < high_limit_c, share, 0.0)


def freezing(outdoor_c: Array) -> NDArray[np.bool_]:
    """Where water outdoors needs protection: below 5 °C."""
    return outdoor_c < FREEZING_C
