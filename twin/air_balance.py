"""The air of a module with a cold and a hot aisle: who breathes what.

    t_inlet = (1 - φ) t_cold + φ t_hot          φ: share of the server air that recirculates
    t_return = (1 - β) t_hot + β t_cold         β: share of the cooling air that passes by
    (1 - φ) m_server = (1 - β) m_cooling        so that only one of them is free

With one rack and no other heat this makes SHI = φ and RTI = m_server / m_cooling: Sharma, Bash
and Patel, AIAA 2002-3091 (2002), doi:10.2514/6.2002-3091; Herrlin, ASHRAE Trans. 114(2) (2008).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.model import Array, held

_LEAST_FLOW_KG_S = 1e-9
_TURN = 0.2  # of the cooling air: how gently bypass turns into recirculation


class AirFlows(NamedTuple):
    """Mass flows between the aisles, all at least zero. [kg/s]

    server, cooling : through the racks, and through the cooling unit.
    direct : from the cold aisle through the racks. recirculated : from the hot aisle through them.
    bypass : from the cold aisle to the unit. returned : from the hot aisle to the unit.
    """

    server: Array
    cooling: Array
    direct: Array
    recirculated: Array
    bypass: Array
    returned: Array

    @property
    def recirculation(self) -> Array:
        """φ as it is; more than what was asked for when the unit gives too little air. [1]"""
        return self.recirculated / np.maximum(self.server, _LEAST_FLOW_KG_S)

    @property
    def bypass_share(self) -> Array:
        """β as the mass balance makes it. [1]"""
        return self.bypass / np.maximum(self.cooling, _LEAST_FLOW_KG_S)


def air_flows(server_kg_s: Array, cooling_kg_s: Array, recirculation: Array) -> AirFlows:
    """The flows that close both aisles' mass balances.

    Servers that want more than the unit gives draw the rest from the hot aisle, whatever φ is.
    Within a fifth of the unit's flow around that point both happen at once, as racks are unlike
    each other: a parabola joins the two lines.

    Parameters
    ----------
    server_kg_s, cooling_kg_s : Flow through the racks and through the unit, at least 0. [kg/s]
    recirculation : φ, 0 to 1; held there. [1]
    """
    wanted = (1.0 - held(recirculation, 0.0, 1.0)) * server_kg_s
    turn = np.maximum(_TURN * cooling_kg_s, _LEAST_FLOW_KG_S)
    near = np.maximum(turn - np.abs(wanted - cooling_kg_s), 0.0)
    direct = held(np.minimum(wanted, cooling_kg_s) - near * near / (4.0 * turn), 0.0, wanted)
    return AirFlows(
        server_kg_s,
        cooling_kg_s,
        direct,
        server_kg_s - direct,
        cooling_kg_s - direct,
        direct,  # what came through the racks from the cold aisle is what goes back
    )


def mixed_c(one_c: Array, other_c: Array, other_share: Array) -> Array:
    """Temperature of two streams mixed. [°C]"""
    return one_c + other_share * (other_c - one_c)
