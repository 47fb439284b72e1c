"""`power-only`: IT power from what runs on it, where nothing of the facility is known.

    P = b0 + b1 n + b2 Σu + b3 Σu² + b4 Σu⁴ + bias

with n tasks that use the shares u of a machine. The sums span concave terms: a task's power
grows fast at first and then less, as Fan, Weber and Barroso, ISCA 2007, doi:10.1145/1250662.1250665
found of servers. The coefficients start from b0 + p Σ√u, with √u as the nearest 1, u, u², u⁴
combination, and each is as uncertain as p itself.

Against wind-up, coefficients and bias are drawn back to their priors (over 100 days, and 3 h), so
that no variance ever exceeds what it began with, however little the load says: least squares with
forgetting has no such bound, and diverges in a quiet week. The bias is what the columns do not
explain for hours; the coefficients learn over half an hour at least, since its errors last.
Without workload columns this is a level and a bias. Good for 10 kW to 10 MW.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twin.channels import Channel, ChannelRole
from twin.model import Array, Spread, columns, squares, stacked

SQUARE_ROOT = (0.13094, 1.77905, -1.32006, 0.42889)  # of 1, u, u², u⁴ on 0 to 1, least squares
_COEFFICIENTS_S = 100.0 * 86_400.0
_BIAS_S = 3.0 * 3_600.0
_LEARNING_S = 1_800.0
_SHAPE = 0.01  # of the rating at half load: meter steps, and tasks that are unlike each other


class Params(NamedTuple):
    """The columns of the parameter array, each (sites,); the names of `twin.parameters`."""

    it_rated_w: Array
    idle_share: Array
    task_power_w: Array
    it_power_noise: Array
    it_power_bias: Array


def _input(name: str) -> Channel:
    role = ChannelRole.INPUT
    return Channel(name, name, "number", role, fallback=0.0, max_age_s=120.0, needed=False)


def _coefficient(name: str, quantity: str = "power", *, is_shown: bool = False) -> Channel:
    return Channel(
        f"{name}_w", name, quantity, ChannelRole.SLOW_STATE,
        nudge=1.0, learning_s=_LEARNING_S, is_shown=is_shown,
    )  # fmt: skip


_CHANNELS = (
    *(_input(name) for name in ("tasks_running", "util_sum", "util2_sum", "util4_sum")),
    Channel("it_power_w", "it_power", "power", ChannelRole.MEASUREMENT),
    _coefficient("idle_power", is_shown=True),
    *(_coefficient(name) for name in ("of_tasks", "of_util", "of_util2", "of_util4")),
    Channel("it_power_bias_w", "it_power_bias", "power", ChannelRole.SLOW_STATE, nudge=1.0),
)


class PowerOnly:
    """The model; it keeps nothing of its own."""

    name = "power-only/1"

    def channels(self) -> Sequence[Channel]:
        """Four inputs, one measurement, six slow states."""
        return _CHANNELS

    def initial(self, params: Array) -> Array:
        """The prior coefficients, no bias."""
        p = _parameters(params)
        tasks = [share * p.task_power_w for share in SQUARE_ROOT]
        return stacked(p.idle_share * p.it_rated_w, *tasks, np.zeros(len(params)))

    def step(
        self,
        x: Array,
        u: Array,  # noqa: ARG002 - the protocol's signature
        params: Array,
        dt: Array | float,
    ) -> Array:
        """Coefficients and bias, drawn back to their priors."""
        kept = np.exp(-(np.zeros(len(params)) + dt)[:, np.newaxis] / _drawn_back_s())
        prior = self.initial(params)
        return prior + kept * (x - prior)

    def observe(
        self,
        x: Array,
        u: Array,
        params: Array,  # noqa: ARG002 - the protocol's signature
    ) -> Array:
        """IT power. [W]"""
        idle, tasks, of_util, of_util2, of_util4, bias = columns(x)
        n, util, util2, util4 = columns(u)
        power = idle + tasks * n + of_util * util + of_util2 * util2 + of_util4 * util4 + bias
        return stacked(power)

    def spread(self, params: Array) -> Spread:
        """Variances; a state that is drawn back gains what keeps its first one."""
        p, sd = _parameters(params), _parameters(params[:, params.shape[1] // 2 :])
        bias_w = p.it_power_bias * p.it_rated_w
        # What a site file is sure of is as good as fixed; a variance of 0 is no sound filter's.
        idle_w = np.maximum(sd.idle_share * p.it_rated_w, 1e-3)
        task_w = np.maximum(sd.task_power_w, 1e-3)
        initial = squares(idle_w, task_w, task_w, task_w, task_w, bias_w)
        half_w = 0.5 * p.it_rated_w
        return Spread(
            initial,
            initial * (2.0 / _drawn_back_s()),
            squares(p.it_power_noise * half_w),
            squares(_SHAPE * half_w),
        )


def _parameters(params: Array) -> Params:
    return Params(*columns(params[:, : len(Params._fields)]))


def _drawn_back_s() -> Array:
    return np.array([_COEFFICIENTS_S] * 5 + [_BIAS_S])
