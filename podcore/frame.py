"""Frame: the one unit in which everything travels after ingest.

A Frame is self-contained: names, units, quality and the sender's clock are resolved before
it is committed, so that no reader needs a mapping or a birth.
"""

from __future__ import annotations

import enum

import msgspec

from podcore.site import Site


class Kind(enum.IntEnum):
    """What a Frame's body holds."""

    READING = 1
    BIRTH = 2
    STATE = 3
    CONFIG = 4
    TICK = 5
    COMMAND = 6
    FORECAST = 7


class Source(enum.IntEnum):
    """Where the values come from."""

    MEASURED = 1
    TWIN = 2
    FORECAST = 3
    WHATIF = 4

    @property
    def word(self) -> str:
        """The lower-case word of the API and the history."""
        return self.name.lower()


class Flag(enum.IntFlag):
    """Quality of a value, stored as bits of one byte."""

    NONE = 0
    LATE = 1
    OUT_OF_RANGE = 2
    SUBSTITUTED = 4
    NO_SOURCE_TIME = 8
    SUSPECT_CLOCK = 16
    RECORDED = 32


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One committed message, tick, configuration or step.

    offset : position in its log, 0 before the commit.
    site, node, boot : the sender; empty for a tick.
    seq : position in the sender's outbox, None without one.
    ts_ns, recv_ns : source time and time of arrival, ns since 1970 UTC.
    cause : for derived Frames the log offset after which it holds, else 0.
    flags : hold for all values of the Frame.
    body : MessagePack of the body struct of its kind.
    """

    offset: int
    kind: Kind
    site: str
    node: str
    boot: str
    seq: int | None
    ts_ns: int
    recv_ns: int
    cause: int
    source: Source
    flags: int
    body: bytes


class ReadingBody(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Values of one instant, in computing units.

    points : (n,) `asset/point`.
    values : (n,) float64.
    sd : (n,) standard deviation or None (measured).
    flags : (n,) bits of a value beside the Frame's, or None when all are 0.
    """

    points: list[str]
    values: list[float]
    sd: list[float] | None = None
    flags: list[int] | None = None


class BirthPoint(msgspec.Struct, frozen=True):
    """A point as its node announces it."""

    id: str
    quantity: str
    unit: str
    period_s: float = 10.0


class BirthBody(msgspec.Struct, frozen=True, array_like=True):
    """What a node said of itself, resolved: only points that it owns, in birth order."""

    started_ns: int | None
    first: int | None
    recorded: bool
    points: list[BirthPoint]


class StateBody(msgspec.Struct, frozen=True, array_like=True):
    """What is said of a node.

    online : from the node or from its will; None where it is not about that, but of `missing`.
    backlog : messages that wait in its outbox, 0 unless many. dropped : given up by it, ever.
    missing : numbers of this boot that did not come, between those that did; None as above.
    """

    online: bool | None
    backlog: int = 0
    dropped: int = 0
    missing: int | None = None


class ConfigBody(msgspec.Struct, frozen=True, array_like=True):
    """A site as resolved from its file or by discovery."""

    site: Site


READING = msgspec.msgpack.Decoder(ReadingBody)
BIRTH = msgspec.msgpack.Decoder(BirthBody)
STATE = msgspec.msgpack.Decoder(StateBody)
CONFIG = msgspec.msgpack.Decoder(ConfigBody)
_encoder = msgspec.msgpack.Encoder()


def encode_body(body: ReadingBody | BirthBody | StateBody | ConfigBody) -> bytes:
    """The body as MessagePack."""
    return _encoder.encode(body)
