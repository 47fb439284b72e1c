"""Checkpoints: everything that `feed` reads for a site, in one row that can be loaded alone.

The configuration travels inside, packed, since the config Frame may be trimmed from the log.
Standing first, it can be read whatever the version of the rest: a state of another version or
model is left, and the site starts anew from its configuration at that offset.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import msgspec

from podcore.ports import Checkpoint
from podtwin.engine.grid import Grid
from podtwin.engine.site import SiteState
from podtwin.engine.site_time import SiteTime
from podtwin.engine.watching import Remembered

VERSION = 3


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    version: int
    config: bytes
    state: bytes


class _State(msgspec.Struct, frozen=True, array_like=True):
    time: SiteTime
    grid: Grid | None
    model: str
    params_digest: str
    x: list[float]
    variance: list[float]
    judged: Remembered


@dataclass(frozen=True, slots=True)
class Estimated:
    """The state of a site's model: means and variances, empty without a model."""

    model: str
    x: list[float]
    variance: list[float]


NOTHING = Estimated("", [], [])
_encoder = msgspec.msgpack.Encoder()
_envelopes = msgspec.msgpack.Decoder(_Envelope)
_states = msgspec.msgpack.Decoder(_State)


def write(
    site: SiteState, estimated: Estimated, judged: Remembered, offset: int, log_ns: int
) -> Checkpoint:
    """A site after the Frame at `offset`; it must have no closed step waiting."""
    digest = site.plan.digest if site.plan else ""
    state = _State(
        site.time, site.grid, estimated.model, digest, estimated.x, estimated.variance, judged
    )
    envelope = _Envelope(VERSION, site.packed_config, _encoder.encode(state))
    return Checkpoint(site.site.id, offset, log_ns, _encoder.encode(envelope))


def read(checkpoint: Checkpoint) -> tuple[SiteState, Estimated, Remembered]:
    """The site as it was, the state of its model, and what the judge remembers."""
    envelope = _envelopes.decode(checkpoint.state)
    config = zlib.decompress(envelope.config)
    if envelope.version != VERSION:
        site, estimated, judged = SiteState(config), NOTHING, Remembered()
    else:
        state = _states.decode(envelope.state)
        site = SiteState(config, state.time, state.grid)
        estimated = Estimated(state.model, state.x, state.variance)
        judged = state.judged
    site.seen = checkpoint.offset
    return site, estimated, judged


def params_digest(checkpoint: Checkpoint) -> str:
    """The parameters' digest at a checkpoint, for a recording's manifest; empty without a model."""
    envelope = _envelopes.decode(checkpoint.state)
    return _states.decode(envelope.state).params_digest if envelope.version == VERSION else ""
