"""An API over logs in memory: one site with a rack, a unit, meters and a twin."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import polars as pl
from support.frames import MIDNIGHT_NS, NS, reading
from support.memory_alerts import MemoryAlerts, MemoryDeliveries, MemoryEndpoints
from support.memory_history import MemoryHistory
from support.memory_keys import MemoryKeys
from support.memory_letters import MemoryLetters
from support.memory_log import MemoryLog

from podcore.frame import Flag, Source
from podcore.ports import SeriesQuery
from podcore.resolve import resolve
from podcore.site import AssetFile, Location, Site, SiteFile, SiteType
from podtwin.api.app import create_app
from podtwin.api.context import Context
from podtwin.api.deps import Access, ApiDeps, RecordingInfo, ReplayInfo
from podtwin.api.door import Door
from podtwin.api.formats import SCHEMA
from podtwin.api.hub import Hub
from podtwin.status import (
    ComponentStatus,
    ForwardStatus,
    HistoryStatus,
    Lag,
    MessageLedger,
    ReadingLedger,
    SinkStatus,
    Status,
    ThreadStatus,
    TwinStatus,
)

NOW_NS = MIDNIGHT_NS + 10 * 3_600 * NS
DATA_DIR_ID = "01JD0000000000000000000000"


class SetClock:
    """A clock that a test sets. Its waits end at once unless told to follow the event."""

    def __init__(self, now_ns: int = NOW_NS) -> None:
        self.ns = now_ns

    def now_ns(self) -> int:
        return self.ns

    def monotonic_s(self) -> float:
        return self.ns / NS

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        del timeout_s
        return event.is_set()

    def advance(self, seconds: float) -> None:
        self.ns += round(seconds * NS)


def air_site(site_id: str = "ams-03", racks: int = 2) -> Site:
    rack_ids = [f"rack-{number:02}" for number in range(1, racks + 1)]
    return resolve(
        SiteFile(
            schema="podtwin/site/1",
            id=site_id,
            type=SiteType.AIR_DX,
            location=Location(52.37, 4.90, 2, "Europe/Amsterdam"),
            nodes=["gw-1"],
            assets=[
                AssetFile("meter-main", "meter", feeds=["ups-1", "meter-sub"]),
                AssetFile("meter-sub", "meter", feeds=["crac-1"]),
                AssetFile("ups-1", "ups", feeds=rack_ids),
                AssetFile(f"rack-[01-{racks:02}]", "rack", rating={"power_w": 8300}),
                AssetFile("crac-1", "crac", cools=rack_ids),
                AssetFile("weather-1", "weather-station"),
            ],
        )
    )


VALUES: Mapping[str, float] = {
    "meter-main/power": 15_000.0,
    "meter-sub/power": 4_000.0,
    "rack-01/it_power": 4_000.0,
    "rack-02/it_power": 6_000.0,
    "rack-01/inlet_temp": 22.5,
    "rack-02/inlet_temp": 24.5,
    "crac-1/mode": 1.0,
    "weather-1/outdoor_air_temp": 8.0,
}


def forward_status() -> ForwardStatus:
    refused, retries = {"bucket retention": 2}, {"unreachable": 5}
    sink = SinkStatus("influx", True, "7 frames wait", 7, 30, refused, retries)
    return ForwardStatus(30, refused, retries, (sink,))


def status(**changed: object) -> Status:
    plain = {
        "version": "0.1.0",
        "data_dir_id": DATA_DIR_ID,
        "now": "2026-11-24T10:00:00Z",
        "started_at": "2026-11-24T09:00:00Z",
        "roles": ("ingest", "api"),
        "ready": True,
        "components": (ComponentStatus("mqtt", "running"),),
        "threads": (ThreadStatus("writer", alive=True),),
        "ledger": MessageLedger(received=10, stored=6, duplicate=2, dead=1, pending=1),
        "readings": ReadingLedger(offered=300, stored=299, dead=1),
        "dead_by_reason": {"not_json": 1},
        "lag": Lag(forward_frames=7),
        "history": HistoryStatus(compactions=3, quarantined=1, files=12, bytes=9_000),
        "forward": forward_status(),
        "twin": TwinStatus({"gated": 4, "late": 0}, {"gap": 0, "lost": 1}),
    }
    return Status(**{**plain, **changed})  # type: ignore[arg-type]


@dataclass
class World:
    """Everything that an API stands on, to be filled by a test."""

    clock: SetClock = field(default_factory=SetClock)
    log: MemoryLog = field(default_factory=MemoryLog)
    derived: MemoryLog = field(default_factory=lambda: MemoryLog(derived=True))
    history: MemoryHistory = field(default_factory=MemoryHistory)
    sites: tuple[Site, ...] = (air_site(),)
    status: Status = field(default_factory=status)
    static_dir: Path | None = None
    recordings: tuple[RecordingInfo, ...] = ()
    replays: tuple[ReplayInfo, ...] = ()
    alerts: MemoryAlerts = field(default_factory=MemoryAlerts)
    deliveries: MemoryDeliveries = field(default_factory=MemoryDeliveries)
    endpoints: MemoryEndpoints = field(default_factory=MemoryEndpoints)
    letters: MemoryLetters = field(default_factory=MemoryLetters)
    keys: MemoryKeys = field(default_factory=MemoryKeys)
    access: Access = field(default_factory=Access)
    wake: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.hub = Hub(
            self.log,
            self.derived,
            MemoryHistory(),
            self.clock,
            self.wake,
            data_dir_id=DATA_DIR_ID,
            sites=lambda: self.sites,
            alerts=self.alerts,
        )
        self.woken = 0

    def deps(self) -> ApiDeps:
        return ApiDeps(
            clock=self.clock,
            hub=self.hub,
            tables=self.tables,
            bins=self.history.bins,
            status=lambda: self.status,
            alerts=self.alerts,
            deliveries=self.deliveries,
            endpoints=self.endpoints,
            letters=self.letters,
            keys=self.keys,
            audit=self.keys.audit,
            access=self.access,
            wake=self._wake,
            new_id=lambda: f"id-{self.woken}",
            static_dir=self.static_dir,
            recordings=lambda: self.recordings,
            replays=lambda: self.replays,
        )

    def tables(self, query: SeriesQuery) -> Iterator[pl.DataFrame]:
        """The fake history by the hour, so that answers are put together from pieces."""
        extent = self.history.extent(query.site)
        if extent is None:
            return
        start, end = max(query.from_ns, extent[0]), min(query.to_ns, extent[1] + 1)
        while start < end:
            stop = min(end, start - start % (3_600 * NS) + 3_600 * NS)
            part = SeriesQuery(query.site, query.points, start, stop, query.sources)
            piece = self._table(part)
            if not piece.is_empty():
                yield piece
            start = stop

    def measure(
        self,
        values: Mapping[str, float] = VALUES,
        *,
        ago_s: float = 0.0,
        site: str = "ams-03",
        recorded: bool = False,
        flags: int = 0,
    ) -> None:
        """Appends a reading to the log and the history, as if just received."""
        flags |= Flag.RECORDED if recorded else 0
        ts_ns = self.clock.ns - round(ago_s * NS)
        frame = reading(values, ts_ns, site=site, recv_ns=self.clock.ns, flags=flags)
        self.log.append([frame])
        self.history.add([frame])

    def estimate(
        self, values: Mapping[str, float], ts_ns: int, *, sd: float = 0.5, site: str = "ams-03"
    ) -> None:
        """Appends what the twin says of a step."""
        deviations = [sd] * len(values)
        frame = reading(values, ts_ns, site=site, node="", source=Source.TWIN, sd=deviations)
        self.derived.append([frame])
        self.history.add([frame])

    def follow(self, seconds: float = 1.0) -> bool:
        """Lets time pass and the hub read and publish, as its thread would."""
        self.clock.advance(seconds)
        while self.hub.catch_up():
            pass
        return self.hub.publish()

    def _wake(self) -> None:
        self.woken += 1

    def _table(self, query: SeriesQuery) -> pl.DataFrame:
        tables = [
            pl.DataFrame(
                {
                    "ts": pl.Series(list(each.ts_ns), dtype=pl.Int64).cast(SCHEMA["ts"]),
                    "site": each.site,
                    "asset": each.point.partition("/")[0],
                    "point": each.point.partition("/")[2],
                    "source": each.source.word,
                    "value": list(each.values),
                    "flags": list(each.flags),
                    "sd": list(each.sd) if each.sd is not None else [None] * len(each.values),
                },
                schema=SCHEMA,
            )
            for each in self.history.series(query)
        ]
        return pl.concat([pl.DataFrame(schema=SCHEMA), *tables])


class Client:
    """Asks an app without a socket, each request in a loop of its own."""

    def __init__(self, world: World) -> None:
        self._app = create_app(world.deps())

    @property
    def door(self) -> Door:
        context: Context = self._app.state.context
        return context.door

    def get(self, path: str, *, method: str = "GET", **headers: str) -> httpx.Response:
        return asyncio.run(self._ask(method, path, headers))

    def post(self, path: str, said: object = None, **headers: str) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, headers, said))

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return asyncio.run(self._ask("DELETE", path, headers))

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], said: object = None
    ) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost:8080"
        ) as client:
            return await client.request(method, path, headers=sent, json=said)
