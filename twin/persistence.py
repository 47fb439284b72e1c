"""`persistence/1`: the IT power of the next step is that of this one.

A placeholder for the `power-only` model: the honest base line that any better one has to beat.
One state, the level of the power, as a random walk; noise and walk are shares of the level.
Range: any power; sources: none, it claims nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.channels import Channel, ChannelRole
from twin.model import Array, Spread, columns, stacked

_CHANNELS = (
    Channel("it_power_w", "it_power", "power", ChannelRole.MEASUREMENT),
    Channel("it_power_w", "it_power", "power", ChannelRole.FAST_STATE),
)


class Persistence:
    """The model; it keeps nothing of its own."""

    name = "persistence/1"

    def channels(self) -> Sequence[Channel]:
        """No inputs, one measurement, one state."""
        return _CHANNELS

    def initial(self, params: Array) -> Array:
        """The prior level. [W]"""
        return stacked(columns(params)[2])

    def step(  # the next level is this one, whatever else is known
        self,
        x: Array,
        u: Array,  # noqa: ARG002 - the protocol's signature
        params: Array,  # noqa: ARG002 - the protocol's signature
        dt: Array | float,  # noqa: ARG002 - the protocol's signature
    ) -> Array:
        """The same states."""
        return x.copy()

    def observe(
        self,
        x: Array,
        u: Array,  # noqa: ARG002 - the protocol's signature
        params: Array,  # noqa: ARG002 - the protocol's signature
    ) -> Array:
        """IT power. [W]"""
        return x.copy()

    def spread(self, x: Array, params: Array) -> Spread:
        """Variances as shares of the level, of 1 W at least; at first as wide as its prior."""
        noise, walk_s, prior_w = columns(params)
        level_w = np.maximum(np.abs(columns(x)[0]), 1.0)
        noise_w, walk_w_s = noise * level_w, walk_s * level_w
        return Spread(
            stacked(prior_w * prior_w),
            stacked(walk_w_s * walk_w_s),
            stacked(noise_w * noise_w),
        )
