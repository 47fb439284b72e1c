"""First guess: parameters of `power-only` for a cluster of which no rating is known.

The first power measured beside a workload sets the scale, be it 10 kW or 10 MW, and whether a
task is a machine or a thread.
"""

from __future__ import annotations

import numpy as np

from podcore.site import SiteType
from twin.model import Array
from twin.parameters import PARAMETERS
from twin.power_only import SQUARE_ROOT

_LOADED = 0.5  # of its rating, chosen: halfway between idle and all that it may draw, rounded down


def first_guess(power_w: Array, workload: Array) -> tuple[Array, int]:
    """Parameters (1, 2p), and the step that they are made of; the number of steps without one.

    The load is taken to be half the rating, and what is not idle power to be the tasks', so that
    a cluster that draws ten times as much is expected to draw ten times as much.

    Parameters
    ----------
    power_w : (steps,)   Measured, NaN where nothing was.
    workload : (steps, 4)   Tasks running, sums of u, u² and u⁴; NaN where nothing is known.
    """
    table = PARAMETERS[SiteType.POWER_ONLY]
    values = {parameter.name: (parameter.mean, parameter.sd) for parameter in table}
    usual_w, usual_sd_w = values["it_rated_w"]
    roots = workload @ np.array(SQUARE_ROOT)
    with np.errstate(invalid="ignore"):
        usable = np.flatnonzero((power_w > 0.0) & (roots > 0.0))
    step = int(usable[0]) if len(usable) else len(power_w)
    if len(usable):
        rated_w = float(power_w[step]) / _LOADED
        values["it_rated_w"] = rated_w, rated_w * usual_sd_w / usual_w
        task_w = (_LOADED - values["idle_share"][0]) * rated_w / float(roots[step])
        values["task_power_w"] = task_w, task_w
    means, sds = zip(*values.values(), strict=True)
    return np.array([[*means, *sds]]), step
