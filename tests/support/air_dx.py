"""One default air-dx module as arrays, for tests of the model and of the filter."""

from __future__ import annotations

import numpy as np

from podcore.site import SiteType
from twin.air_dx import AirDx
from twin.air_dx_terms import Params
from twin.model import Array
from twin.parameters import PARAMETERS

MODEL = AirDx()
_TABLE = PARAMETERS[SiteType.AIR_DX]


def params(**changed: float) -> Array:
    """Means and standard deviations (1, 2p)."""
    means = {p.name: p.mean for p in _TABLE} | changed
    return np.array([[*means.values(), *(p.sd for p in _TABLE)]])


def inputs(
    it_w: float = 12_000.0,
    setpoint: float = 21.0,
    fan: float = 70.0,
    *,
    mode: float = 1.0,
    out: float = 18.0,
    sun: float = 0.0,
) -> Array:
    return np.array([[it_w, setpoint, fan, mode, out, 60.0, sun, 101_325.0, 0.0]])


def settled(u: Array, p: Array) -> Array:
    """The state that constant inputs lead to; it does not depend on what is stored on the way."""
    light, places = p.copy(), Params._fields
    for name in ("server_capacity_j_k", "shell_capacity_j_k", "coil_capacity_j_k"):
        light[:, places.index(name)] = 1e4
    x = MODEL.initial(p)
    for _ in range(40):
        x = MODEL.step(x, u, light, 60.0)
    return x


def fields() -> tuple[str, ...]:
    return Params._fields
