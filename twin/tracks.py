"""Tracks: IT power now, an hour or a day ahead, from what is known so long before."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable

import numpy as np

from twin.model import Array
from twin.nowcast import nowcast
from twin.outlook import outlook
from twin.steady import steady
from twin.workload import expected


class Track(enum.StrEnum):
    """How far ahead a prediction is made."""

    NOWCAST = "nowcast"
    H1 = "h1"
    H24 = "h24"

    @property
    def lead_s(self) -> float:
        """Age of the newest workload that a prediction uses. [s]"""
        return {"nowcast": 0.0, "h1": 3_600.0, "h24": 86_400.0}[self.value]

    def ages(self, step_s: float, delay_s: float) -> tuple[int, int]:
        """Steps by which workload and power are old when they are used."""
        age_s = max(delay_s, self.lead_s)
        return math.ceil(self.lead_s / step_s), math.ceil(age_s / step_s)


def predict(
    track: Track,
    power_w: Array,
    workload: Array,
    params: Array,
    step_s: float,
    delay_s: float,
    advance: Callable[[int, int], None] | None = None,
) -> Array:
    """Power at each step and as many more as the track looks ahead, strictly causal. [W]

    The one for t uses the workload up to t less the track's lead, and power up to t less
    `delay_s` or the lead, whichever is longer.

    Parameters
    ----------
    power_w : (steps,)   Measured, NaN where nothing was.
    workload : (steps, 4)   Tasks running, sums of u, u² and u⁴; NaN where nothing is known.
    params : (1, 2p)   Of `power-only`.
    delay_s : After which power is known, above 0.

    Returns
    -------
    Array
        (steps + lead,), never below 0; NaN before anything may be used.
    """
    lead, age = track.ages(step_s, delay_s)
    power_w = np.concatenate([power_w, np.full(lead, np.nan)])
    workload = np.concatenate([workload, np.full((lead, workload.shape[1]), np.nan)])
    ahead = expected(workload, step_s, lead)
    twin_w, _ = nowcast(power_w, workload, ahead, params, step_s, age, advance)
    by_load = {"twin": twin_w, "steady": steady(power_w, workload, ahead, params, step_s, age)}
    predicted = outlook(power_w, by_load, step_s, age, ahead=track is not Track.NOWCAST)
    return np.maximum(predicted, 0.0)
