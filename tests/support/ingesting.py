"""An ingest without a broker: a clock set by hand, messages put as if they had arrived."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from ingest.acks import OwedAck
from ingest.bounds import DEFAULT_BOUNDS, Bounds
from ingest.foreign import Source
from ingest.inbox import Arrival, Inbox
from ingest.ledger import Ledger, is_counted
from ingest.log import SqliteLog, SqliteLogReader
from ingest.native import decode_birth
from ingest.reasons import Rejected
from ingest.registry import Registry
from ingest.sample import Command
from ingest.spool_quota import Gate
from ingest.writer import Writer
from podcore.frame import Frame, Kind
from podcore.site import Point, Site, SiteType

NS = 1_000_000_000
NOON_NS = 1_795_521_600 * NS  # 2026-11-24T12:00:00Z
NOON = "2026-11-24T12:00:00Z"
BOOT = "01JD0000000000000000000000"


class HandClock:
    """A clock that stands until it is moved; a wait passes at once and moves it."""

    def __init__(self, now_ns: int = NOON_NS) -> None:
        self._now_ns = now_ns
        self._elapsed_s = 0.0

    def now_ns(self) -> int:
        return self._now_ns

    def monotonic_s(self) -> float:
        return self._elapsed_s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.pass_s(timeout_s)
        return event.is_set()

    def pass_s(self, seconds: float) -> None:
        self._elapsed_s += seconds
        self._now_ns += round(seconds * NS)


def air_site(
    site_id: str = "ams-03", *, nodes: tuple[str, ...] = (), site_type: SiteType = SiteType.AIR_DX
) -> Site:
    """A site of three points and fifty temperatures; `meter-1/power` is sent in kW."""
    points = (
        Point("crac-1", "supply_air_temp", "crac", "temperature", 10.0),
        Point("rack-01", "it_power", "rack", "power", 1.0),
        Point("meter-1", "power", "meter", "power", 1.0, sent_unit="kW"),
        *(Point("probe", f"t_{number:02d}", "other", "temperature", 10.0) for number in range(50)),
    )
    return Site(site_id, site_type, site_id, nodes=nodes, points=points)


def empty_registry(*, discover: bool = True, bounds: Bounds = DEFAULT_BOUNDS) -> Registry:
    return Registry({}, {}, {}, discover=discover, bounds=bounds)


def bear(
    registry: Registry, points: Sequence[Mapping[str, object]], *, node: str = "gw-1",
    site: str = "ams-03", **fields: object,
) -> tuple[list[Frame], list[Rejected]]:  # fmt: skip
    """Gives a birth of these points to a registry."""
    payload = msgspec.json.encode({"v": 1, "boot": BOOT, "points": points, **fields})
    birth = decode_birth(payload)
    assert not isinstance(birth, Rejected), birth
    born = registry.birth(site, node, birth, None, NOON_NS)
    return born.frames, born.bad


def arrival(
    topic: str, payload: bytes, *, recv_ns: int = NOON_NS, mid: int = 1, generation: int = 1,
    size: int | None = None,
) -> Arrival:  # fmt: skip
    return Arrival(
        generation, mid, 1, topic, payload, len(payload) if size is None else size, recv_ns
    )


def topic(kind: str = "telemetry", *, site: str = "ams-03", node: str = "gw-1") -> str:
    return f"podtwin/v1/{site}/{node}/{kind}"


class Told:
    """What the writer says to the broker and to senders, in order."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.acks: list[OwedAck] = []
        self.commands: list[Command] = []

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        self.acknowledged += [one.mid for one in arrivals]

    def publish_ack(self, ack: OwedAck) -> None:
        self.acks.append(ack)

    def command(self, command: Command) -> None:
        self.commands.append(command)


class Ingest:
    """Inbox, writer and log in a folder; `send`, then `finish`, then look."""

    def __init__(
        self,
        folder: Path,
        *sites: Site,
        discover: bool = False,
        bounds: Bounds = DEFAULT_BOUNDS,
        clock: HandClock | None = None,
        log: SqliteLog | None = None,
        sources: Sequence[Source] = (),
        gate: Callable[[SqliteLog, HandClock], Gate] | None = None,
    ) -> None:
        self.path = folder / "log.db"
        self.clock = clock or HandClock()
        self.inbox = Inbox()
        self.told = Told()
        self.woken: list[int] = []
        self.log = log or SqliteLog(self.path)
        self.writer = Writer(
            self.log,
            self.inbox,
            self.clock,
            discover=discover,
            wake=self.woken.append,
        )
        self.writer.bound(bounds)
        if gate is not None:
            self.writer.guard(gate(self.log, self.clock))
        self.writer.adopt(sites)
        self.writer.add_sources(sources)
        self.writer.connect(self.told)
        self._mid = 0

    def send(self, to: str, payload: bytes, *, size: int | None = None) -> int:
        """Puts a message as the network thread does; its packet id."""
        self._mid += 1
        if is_counted(to):
            self.writer.ledger_book.arrived()
        now_ns = self.clock.now_ns()
        self.inbox.put(arrival(to, payload, recv_ns=now_ns, mid=self._mid, size=size))
        return self._mid

    def finish(self) -> Ledger:
        """Lets the writer take everything, and stops it."""
        self.writer.start()
        self.writer.drain(10.0)
        assert not self.writer.alive()
        assert self.writer.failure is None, self.writer.failure
        self.log.close()
        return self.writer.ledger()

    def frames(self, *kinds: Kind) -> list[Frame]:
        """What the log holds."""
        reader = SqliteLogReader(self.path)
        try:
            frames = reader.read(0, 2_000)
        finally:
            reader.close()
        return [frame for frame in frames if not kinds or frame.kind in kinds]

    def refusals(self) -> list[Rejected]:
        """All that was refused: whole messages first, then single readings."""
        return [*self._details("dead_letters", "id"), *self._details("dead_readings", "place")]

    def _details(self, table: str, order: str) -> list[Rejected]:
        connection = sqlite3.connect(self.path)
        try:
            query = f"SELECT detail FROM {table} ORDER BY {order}"  # noqa: S608 -- names of ours
            rows = connection.execute(query).fetchall()
        finally:
            connection.close()
        return [msgspec.msgpack.decode(row[0], type=Rejected) for row in rows]
