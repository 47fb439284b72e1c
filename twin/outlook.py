"""Outlook: IT power some time ahead, blended from several views of it.

No view is best for every cluster: the load of one follows the clock, that of another comes by
leaps, and what runs says much of the power here and little there. So each says what it expects,
and the more its errors of the last days, beside those of the newest reading held, are smaller, the
more it counts. Errors are of times whose power is known.

    weight = (sum of its errors / sum of the errors of `held`)^-16, both with a day's worth of prior

Bates and Granger, Oper. Res. Q. 20 (1969) 451-468, doi:10.1057/jors.1969.103, weigh forecasts by
their inverse errors; the power makes the blend as sharp as a week of one cluster can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from twin.model import Array
from twin.running_mean import running_mean
from twin.workload import smoothed_s

DAY_S = 86_400.0
# The errors that each is taken to make before it made any, beside those of `held`; chosen.
# A cluster that nothing is known of is not taken to follow the clock.
PRIOR = MappingProxyType(
    {
        "held": 1.0, "twin": 0.95, "steady": 0.95,
        "day": 1.2, "week": 1.1, "profile": 1.2, "mean": 1.3,
    }
)  # fmt: skip
_KNOWN_LOAD = 0.5  # of those who know what runs at the time itself
_SHARPNESS = 16.0
_PRIOR_S = DAY_S
_REMEMBERED_S = 7.0 * DAY_S
_LEVEL_S = 6.0 * 3_600.0  # for which a departure from the profile lasts
_DAYS_KEPT = 0.7  # of a day's weight in the profile, a day later


def outlook(
    power_w: Array, expected_w: Mapping[str, Array], step_s: float, age_steps: int, *, ahead: bool
) -> Array:
    """Power at each step, from power that is `age_steps` old or older. [W]

    Parameters
    ----------
    power_w : (steps,)   Measured, NaN where nothing was.
    expected_w : (steps,) each   What follows from the workload: the views `twin` and `steady`.
    age_steps : At least 1.
    ahead : Whether the workload is a forecast too.

    Returns
    -------
    Array
        (steps,), NaN before anything may be used.
    """
    priors = dict(PRIOR) if ahead else dict(PRIOR) | dict.fromkeys(expected_w, _KNOWN_LOAD)
    seen = views(power_w, step_s, age_steps) | dict(expected_w)
    return blended(seen, power_w, step_s, age_steps, priors)


def views(power_w: Array, step_s: float, age_steps: int) -> dict[str, Array]:
    """What power alone lets expect of each step (steps,), by the name of the view. [W]

    held: the newest. day, week: as then, and what it departed from that last. profile: the same
    with a mean of the days before. mean: that of the last day.
    """
    age_s = age_steps * step_s
    smooth = running_mean(power_w, step_s, smoothed_s(age_s))
    held = _later(smooth, age_steps)
    found = {"held": held}
    day = round(DAY_S / step_s)
    stays = float(np.exp(-age_s / _LEVEL_S))
    for name, period in (("day", day), ("week", 7 * day)):
        if age_steps <= period:
            before = _later(smooth, period)
            found[name] = before + stays * _later(smooth - before, age_steps)
    if age_steps <= day:
        profile = _profile(smooth, day)
        found["profile"] = profile + stays * _later(smooth - profile, age_steps)
    found["mean"] = _later(running_mean(power_w, step_s, DAY_S), age_steps)
    return found


def blended(
    seen: Mapping[str, Array],
    power_w: Array,
    step_s: float,
    age_steps: int,
    priors: Mapping[str, float] = PRIOR,
) -> Array:
    """The views as one, each as far as it was right until `age_steps` before the step. [W]"""
    held = np.abs(seen["held"] - power_w)
    typical = running_mean(held, step_s, _REMEMBERED_S)
    total, weight = np.zeros(len(power_w)), np.zeros(len(power_w))
    for name, expected_w in seen.items():
        own = np.abs(expected_w - power_w)
        known = _later(_error_ratio(own, held, typical, step_s, priors[name]), age_steps)
        ratio = np.where(np.isfinite(known), known, priors[name])
        counts = np.where(np.isfinite(expected_w), ratio**-_SHARPNESS, 0.0)
        total += counts * np.where(counts > 0.0, expected_w, 0.0)
        weight += counts
    return _ratio(total, weight)


def _error_ratio(own: Array, held: Array, typical: Array, step_s: float, prior: float) -> Array:
    """Errors of a view beside those of the held reading, by what is known at each step."""
    both = np.isfinite(own) & np.isfinite(held)
    kept = float(np.exp(-step_s / _REMEMBERED_S))
    number = _PRIOR_S / step_s
    found = np.empty(len(own))
    mine = theirs = 0.0
    for step, (counted, a, b, scale) in enumerate(
        zip(both.tolist(), own.tolist(), held.tolist(), typical.tolist(), strict=True)
    ):
        if counted:
            mine, theirs = kept * mine + a, kept * theirs + b
        worth = number * scale if scale > 0.0 else 1.0
        found[step] = (mine + prior * worth) / (theirs + worth)
    return found


def _profile(smooth: Array, day: int) -> Array:
    """Mean of the days before at the same time of day, the last counting most."""
    total, weight = np.zeros(len(smooth)), np.zeros(len(smooth))
    for start in range(day, len(smooth), day):
        here = slice(start, min(start + day, len(smooth)))
        before = slice(start - day, here.stop - day)
        seen = np.isfinite(smooth[before])
        total[here] = _DAYS_KEPT * total[before] + np.where(seen, smooth[before], 0.0)
        weight[here] = _DAYS_KEPT * weight[before] + seen
    return _ratio(total, weight)


def _ratio(total: Array, weight: Array) -> Array:
    """The quotient; NaN where nothing was weighed."""
    found: Array = np.divide(total, weight, np.full(len(total), np.nan), where=weight > 0.0)
    return found


def _later(values: Array, steps: int) -> Array:
    """The values `steps` later; NaN before."""
    return np.concatenate([np.full(min(steps, len(values)), np.nan), values[:-steps]])
