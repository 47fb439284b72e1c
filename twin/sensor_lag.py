"""What a sensor shows of what is: lag, bias, steps of its display."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from twin.model import Array

# Time constants and their prior standard deviations, as recalled from makers' sheets. [s]
LAG_S: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"bead_in_duct": (20.0, 5.0), "cabinet_probe": (60.0, 15.0), "thermowell": (20.0, 5.0)}
)


_LEAST_LAG_S = 1e-6  # as good as none


def lagged(shown: Array, true: Array, lag_s: Array | float, dt: Array | float) -> Array:
    """What a first-order sensor shows after `dt` of a constant truth: τ dT_m/dt = T - T_m.

    Exact, so any step may be taken; a lag of 0 shows the truth.

    shown, true : (...)   Shown before, and the quantity itself, in one unit. lag_s : τ, at least 0.
    """
    lag = np.asarray(lag_s, dtype=np.float64)
    passed = -np.expm1(-np.asarray(dt) / np.maximum(lag, _LEAST_LAG_S))
    return shown + passed * (true - shown)


def displayed(value: Array, bias: Array | float = 0.0, step: float = 0.0) -> Array:
    """A value with its bias, rounded to the steps of a display; a step of 0 rounds nothing."""
    biased = value + bias
    return biased if step <= 0.0 else np.rint(biased / step) * step
