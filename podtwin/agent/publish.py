"""Publishing a table: its rows are the backlog, so no outbox file is needed.

The stream is a function of its input (boot, numbering, payloads), which makes a publication
resumable: the receiver says how far it has come, and a second run goes on from there.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ulid import ULID

from ingest.address import BrokerAddress
from ingest.native import MAX_PAYLOAD, encode_birth, encode_telemetry
from ingest.sender import DEFAULT_PATIENCE, Patience, Sender
from podcore.clock import NS
from podcore.errors import ConfigError
from podcore.frame import BirthPoint
from podcore.ports import Backlog, Clock, Message
from podtwin.agent.blocks import BLOCK, BlockBacklog
from podtwin.agent.mapping import Mapped, announced
from podtwin.agent.table import Table, publication_id, read_table

if TYPE_CHECKING:
    import polars as pl

_LOOK_S = 0.25  # between two looks at the progress
FIRST_CONTACT_S = 10.0  # without a broker for so long at the start, none is there
_BYTES_A_VALUE = 28  # of a float64 with its comma and quotes, at most


class TableBacklog(BlockBacklog):
    """The rows of a table as numbered messages."""

    def __init__(self, boot: str, table: Table) -> None:
        super().__init__(boot, len(table), lambda start: _encode(boot, table, start))


def _encode(boot: str, table: Table, start: int) -> list[Message]:
    ts_ns = table.ts_ns.slice(start, BLOCK).to_list()
    points = table.values.columns
    rows = table.values.slice(start, BLOCK).rows()
    return [
        Message(
            seq,
            encode_telemetry(
                boot,
                seq,
                ts,
                {p: v for p, v in zip(points, row, strict=True) if v is not None},
            ),
        )
        for seq, (ts, row) in enumerate(zip(ts_ns, rows, strict=True), start + 1)
    ]


class Stream(Protocol):
    """What a publisher sends: messages by their number, and the time of each."""

    @property
    def site(self) -> str:
        """The site that the readings belong to."""

    @property
    def node(self) -> str:
        """The node that sends them."""

    @property
    def boot(self) -> str:
        """Names the stream; the same for the same input."""

    @property
    def points(self) -> Sequence[BirthPoint]:
        """What it announces."""

    @property
    def ts_ns(self) -> pl.Series:
        """(n,) Int64, ascending: the time of message 1 and of each after it."""

    def backlog(self) -> Backlog:
        """The messages."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A stream ready to be sent: what goes where, under which numbering."""

    site: str
    node: str
    table: Table
    points: tuple[BirthPoint, ...]
    boot: str

    @property
    def ts_ns(self) -> pl.Series:
        """Of each message."""
        return self.table.ts_ns

    def backlog(self) -> TableBacklog:
        """A message a row."""
        return TableBacklog(self.boot, self.table)


def prepare(
    files: Sequence[Path], time_column: str, maps: Sequence[Mapped], site: str, node: str
) -> Publication:
    """The stream of some files.

    Raises
    ------
    ConfigError  When a file, a column, a point or a unit is wrong.
    """
    for mapped in maps:  # a wrong unit is said before a large file is read
        announced(mapped, 10.0)
    if sum(len(mapped.point) + _BYTES_A_VALUE for mapped in maps) > MAX_PAYLOAD - 200:
        rule = f"a row must fit into one message of {MAX_PAYLOAD} bytes"
        raise ConfigError("--map", len(maps), rule, "publish the columns in two runs, as two nodes")
    table = read_table(files, time_column, maps)
    points = tuple(announced(m, table.period_s.get(m.point, 10.0)) for m in maps)
    boot = str(ULID.from_bytes(publication_id(files, time_column, maps, site, node)))
    return Publication(site, node, table, points, boot)


class End(enum.Enum):
    """Why a run of a publication ended."""

    DONE = "done"
    REFUSED = "refused"
    NO_BROKER = "no_broker"
    NO_RECEIVER = "no_receiver"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a run came. `before` was confirmed already when it began.

    refused : readings that the receiver did not store, in this run and before.
    """

    end: End
    confirmed: int
    before: int
    goal: int
    detail: str
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how far a run goes.

    speed : seconds of the file a second; None sends as fast as it is taken.
    max_messages : of this run; None for all.
    give_up_s : without progress for so long the run ends; the same command goes on later.
    """

    speed: float | None = None
    max_messages: int | None = None
    give_up_s: float = 60.0


class Publisher:
    """One run of a publication."""

    def __init__(
        self,
        publication: Stream,
        broker: BrokerAddress,
        clock: Clock,
        pace: Pace,
        *,
        patience: Patience = DEFAULT_PATIENCE,
        sender: Callable[..., Sender] = Sender,
    ) -> None:
        self._ts_ns = publication.ts_ns
        self._clock = clock
        self._pace = pace
        self._ack_wait_s = patience.ack_wait_s
        started_ns = clock.now_ns()

        def birth() -> bytes:
            points = publication.points
            return encode_birth(publication.boot, started_ns, 1, recorded=True, points=points)

        self._sender = sender(
            broker,
            publication.site,
            publication.node,
            publication.backlog(),
            birth,
            clock=clock,
            patience=patience,
        )
        self._goal = len(publication.ts_ns)
        self._before: int | None = None  # confirmed when this run began to send
        self._began_s = 0.0
        self._moved_s = 0.0
        self._connected_s: float | None = None
        self._ever_connected = False
        self._seen = 0
        self._released = 0

    def run(self, progress: Callable[[int, int], None] = lambda _done, _goal: None) -> Outcome:
        """Sends until all is confirmed, or nothing moves; calls `progress` a few times a second.

        An interrupt from the keyboard ends it in order, too.
        """
        self._moved_s = self._clock.monotonic_s()
        self._sender.release(0)
        self._sender.start()
        try:
            while (end := self._look()) is None:
                progress(self._sender.status().confirmed, self._goal)
                self._sender.wait_for_change(self._pause_s())
        except KeyboardInterrupt:
            end = End.INTERRUPTED
        status = self._sender.status()
        self._sender.stop()
        progress(status.confirmed, self._goal)
        return Outcome(
            end,
            status.confirmed,
            self._before or 0,
            self._goal,
            status.detail,
            status.readings_refused,
        )

    def _look(self) -> End | None:
        status, now_s = self._sender.status(), self._clock.monotonic_s()
        if not status.alive:
            return End.FAILED
        if status.connected and self._connected_s is None:
            self._connected_s, self._ever_connected = now_s, True
        elif not status.connected:
            self._connected_s = None
        if self._before is None and self._may_begin(answered=status.answered, now_s=now_s):
            self._begin(status.confirmed, now_s)
        if self._before is not None:
            self._release(min(self._goal, self._due(now_s)))
            if status.confirmed >= self._goal:
                return End.DONE
        if status.refused and not self._ever_connected:
            return End.REFUSED
        return self._given_up(status.confirmed, now_s)

    def _release(self, up_to: int) -> None:
        if up_to > self._released:
            self._released = up_to
            self._sender.release(up_to)

    def _may_begin(self, *, answered: bool, now_s: float) -> bool:
        if answered:
            return True
        return self._connected_s is not None and now_s >= self._connected_s + self._ack_wait_s

    def _begin(self, confirmed: int, now_s: float) -> None:
        self._before = confirmed
        self._began_s = now_s
        if self._pace.max_messages is not None:
            self._goal = min(self._goal, confirmed + self._pace.max_messages)

    def _due(self, now_s: float) -> int:
        return due_rows(self._ts_ns, self._before or 0, now_s - self._began_s, self._pace.speed)

    def _pause_s(self) -> float:
        if self._before is None or self._pace.speed is None:
            return _LOOK_S
        if self._released >= self._goal:
            return _LOOK_S
        first_ns: int = self._ts_ns[self._before]
        next_ns: int = self._ts_ns[self._released]
        due_s = self._began_s + (next_ns - first_ns) / NS / self._pace.speed
        return min(max(due_s - self._clock.monotonic_s(), 0.001), _LOOK_S)

    def _given_up(self, confirmed: int, now_s: float) -> End | None:
        nothing_owed = self._before is not None and confirmed >= self._released
        if confirmed != self._seen or (nothing_owed and self._connected_s is not None):
            self._seen, self._moved_s = confirmed, now_s
        limit_s = self._pace.give_up_s
        if not self._ever_connected:
            limit_s = min(limit_s, FIRST_CONTACT_S)
        if now_s - self._moved_s < limit_s:
            return None
        return End.NO_BROKER if self._connected_s is None else End.NO_RECEIVER


def due_rows(ts_ns: pl.Series, after: int, elapsed_s: float, speed: float | None) -> int:
    """How many rows may be out: the one after `after` at once, the others at their distance."""
    if speed is None or after >= len(ts_ns):
        return len(ts_ns)
    until_ns = ts_ns[after] + round(elapsed_s * speed * NS)
    return int(ts_ns.search_sorted(until_ns, side="right"))
