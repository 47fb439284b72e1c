"""The walls between rooms, as protocols.

A Frame's offset is opaque to readers beyond its order; a reader keeps no read transaction
open between calls, since that would stop the write-ahead log from being folded back.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from podcore.alert import Alert
from podcore.frame import Frame, Source


class Clock(Protocol):
    """Time, for pace and for the ages of an answer; never for a result."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""

    def monotonic_s(self) -> float:
        """Seconds from an arbitrary start, never going back."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Waits for the event at most so long; whether it was set."""


class LogReader(Protocol):
    """Frames in offset order: a log file, a recording, later a cluster."""

    def read(self, after: int, limit: int) -> list[Frame]:
        """At most `limit` Frames with an offset above `after`, in order; empty at the end."""

    def first_offset(self) -> int:
        """The lowest offset still held, or the next one when empty."""

    def last_offset(self) -> int:
        """The highest offset committed, 0 when nothing ever was."""


class LogWriter(Protocol):
    """The one writer of a log."""

    def append(self, frames: Sequence[Frame]) -> int:
        """Commits the Frames, offsets assigned in order; the last offset. Durable on return."""


class LogTail(Protocol):
    """The part of a log that is not sealed yet, by time."""

    def between(self, site: str, from_ns: int, to_ns: int, after: int) -> list[Frame]:
        """Readings and forecasts of a site with ts in [from, to), offset above `after`."""

    def sites(self) -> list[str]:
        """The sites of which reading or forecast Frames are held, sorted."""


@dataclass(frozen=True, slots=True)
class WriteRefused:
    """What a sink would not take of a Frame, and why; a Frame may have several.

    reason : of a closed list. detail : the sink's own words. line : what was refused, as sent.
    """

    offset: int
    reason: str
    detail: str = ""
    line: str = ""


class Sink(Protocol):
    """Where a forwarder delivers Frames outside of PodTwin."""

    def write(self, frames: Sequence[Frame]) -> Sequence[WriteRefused]:
        """Stores all but what is refused; on return the rest is durable there.

        Raises
        ------
        Unreachable  When nothing can be said: some may be stored, the same may be written again.
        Refused  When it takes nothing from us until a person does something.
        """


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """A range of some points of one site.

    points : local ids `asset/point`; empty means all.
    from_ns, to_ns : half open, [from, to).
    """

    site: str
    points: tuple[str, ...]
    from_ns: int
    to_ns: int
    sources: tuple[Source, ...] = (Source.MEASURED,)


@dataclass(frozen=True, slots=True)
class Series:
    """One point from one source, sorted by time, one value an instant.

    ts_ns, values, flags : (n,) ints, floats, ints.
    sd : (n,) floats, or None where there are none.
    """

    site: str
    point: str
    source: Source
    ts_ns: Sequence[int]
    values: Sequence[float]
    flags: Sequence[int]
    sd: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest value of a point."""

    point: str
    source: Source
    ts_ns: int
    value: float
    flags: int
    sd: float | None = None


class History(Protocol):
    """What was measured and derived, by time."""

    def series(self, query: SeriesQuery) -> list[Series]:
        """The ranges, one entry a point and source that has values in it."""

    def latest(self, site: str) -> list[Latest]:
        """The newest value of every point and source of a site."""

    def extent(self, site: str) -> tuple[int, int] | None:
        """The oldest and newest time held of a site, or None."""

    def sites(self) -> list[str]:
        """The sites of which anything is held."""


@dataclass(frozen=True, slots=True)
class Message:
    """One numbered payload on its way from a sender."""

    seq: int
    payload: bytes


class Backlog(Protocol):
    """What a sender still has to get confirmed: an outbox file, or files being published."""

    @property
    def boot(self) -> str:
        """The ULID that names this numbering."""

    @property
    def dropped(self) -> int:
        """Messages that were let go unconfirmed, for want of room."""

    def first(self) -> int:
        """The lowest seq still held (next to come when empty)."""

    def last(self) -> int:
        """The highest seq held, 0 when nothing ever was."""

    def read(self, after: int, limit: int) -> list[Message]:
        """At most `limit` messages above `after`, in order."""

    def confirm(self, seq: int) -> None:
        """Everything up to `seq` is committed at the receiver and may be let go."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that `feed` needs to go on with one site after `offset`.

    ts_ns : time of the log there (arrival of the newest Frame), not of the site.
    """

    site: str
    offset: int
    ts_ns: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an alert's condition, with a natural key so that a rerun writes it once.

    alert : the alert as it is then; None for a change before it fires.
    """

    key: str
    site: str
    fingerprint: str
    before: str
    after: str
    cause: int
    ts_ns: int
    body: bytes
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are to be told of a change; each endpoint that is enabled then gets it once.

    key : natural, so that a rerun tells nobody twice.
    alert : its id. Notices of an alert reach an endpoint in the order of their commits.
    kind : `alert.firing` and the like. body : what is sent, JSON.
    """

    key: str
    site: str
    fingerprint: str
    alert: str
    kind: str
    ts_ns: int
    cause: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """What a person asked for, waiting until the engine applies it.

    kind : `acknowledge`, `assign`, `release`. alert : the id of the alert that is meant.
    """

    id: str
    site: str
    kind: str
    alert: str
    issued_by: str
    issued_ns: int
    comment: str = ""
    assignee: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """A command that the engine has applied, or refused with a reason.

    alert : the alert as it is then; None when it was refused.
    """

    command: str
    cause: int
    ts_ns: int
    outcome: str
    alert: Alert | None = None


class EngineStore(Protocol):
    """Where the engine keeps what it must find again, and finds what it is asked to do."""

    def checkpoints(self) -> Mapping[str, Checkpoint]:
        """The newest checkpoint of each site."""

    def commit(
        self,
        transitions: Sequence[Transition],
        checkpoints: Sequence[Checkpoint],
        cursor: int,
        notices: Sequence[Notice] = (),
        applied: Sequence[Applied] = (),
    ) -> None:
        """Stores all in one transaction; what is there already stays as it is.

        cursor : the last offset that no site needs any more.
        """

    def pending_commands(self) -> list[Command]:
        """Commands that were not applied, in the order in which they came."""

    def checkpoint_before(self, site: str, offset: int) -> Checkpoint | None:
        """The newest checkpoint of a site at or before an offset."""

    def forget_checkpoints(self, before: int) -> int:
        """Deletes those below an offset, never a site's newest; how many."""


class Cursors(Protocol):
    """How far each durable reader of a log has come."""

    def get(self, reader: str) -> int:
        """The last offset done, 0 for a reader never seen."""

    def set(self, reader: str, offset: int) -> None:
        """Remembers the last offset done."""

    def all(self) -> Mapping[str, int]:
        """Every reader with its offset."""
