"""The newest of everything, built from Frames alone: no clock, no threads, no HTTP.

What is newest goes by source time, not by arrival: a backfill never replaces what is shown.
The residual is the mean of what was measured within the twin's newest step, less what the twin
had expected of it; it stands still for points that are sampled more rarely than the twin steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from podcore.errors import ConfigError
from podcore.frame import (
    BIRTH,
    CONFIG,
    READING,
    STATE,
    BirthBody,
    Flag,
    Frame,
    Kind,
    ReadingBody,
    Source,
    StateBody,
)
from podcore.node_clock import NodeClock, tells_time
from podcore.ports import Latest
from podcore.quantity import PointKind
from podcore.site import Point, Site, SiteType
from twin.site_model import derived_points

NS = 1_000_000_000
# Steps of which a point's sum is kept until the twin's value for them comes. The twin closes a
# step 2 s after its end, and 10 s later when a node is silent: 3 steps of 5 s, and some margin.
WINDOWS = 8
MAX_GAP_BOOTS = 8  # of a node of which numbers are missing

# t_ms, value, flags, twin, band, twin_t_ms, residual, residual_t_ms; None where there is none.
Row = tuple[
    int, float | None, int, float | None, float | None, int | None, float | None, int | None
]
_MS = 1_000_000


class NewestPoint:
    """One point: what was measured last and what the twin says of it."""

    __slots__ = (
        "band", "flags", "residual", "residual_ts_ns", "ts_ns", "twin", "twin_ts_ns", "value",
        "version", "windows",
    )  # fmt: skip

    def __init__(self) -> None:
        self.ts_ns = 0
        self.value: float | None = None
        self.flags = 0
        self.twin_ts_ns = 0
        self.twin: float | None = None
        self.band: float | None = None
        self.residual: float | None = None
        self.residual_ts_ns = 0  # end of the step that it is of
        self.version = 0
        self.windows: list[tuple[int, float, int]] = []  # step number, sum, count

    def row(self, *, estimate: bool = False) -> Row:
        """The point as the stream sends it; `estimate`: the twin's value is its value."""
        value = self.twin if estimate and self.value is None else self.value
        ts_ns = self.ts_ns or self.twin_ts_ns
        return (
            ts_ns // _MS,
            value,
            self.flags,
            self.twin,
            self.band,
            self.twin_ts_ns // _MS or None,
            self.residual,
            self.residual_ts_ns // _MS or None,
        )


class NewestNode:
    """One node: whether it said that it is there, when it was heard, what waits in its outbox.

    backlog : of its newest state. left_s : until it is through at the rate between its last two.
    dropped : what the outbox gave up, ever. missing : by boot, numbers that did not come.
    """

    __slots__ = (
        "backlog", "clock", "dropped", "last_recv_ns", "left_s", "missing", "newest_ts_ns",
        "online", "told_ns",
    )  # fmt: skip

    def __init__(self) -> None:
        self.backlog = 0
        self.dropped = 0
        self.left_s: float | None = None
        self.told_ns = 0
        self.online: bool | None = None
        self.last_recv_ns = 0
        self.newest_ts_ns = 0
        self.clock = NodeClock()
        self.missing: dict[str, int] = {}

    def said(self, body: StateBody, boot: str, recv_ns: int) -> None:
        """Takes what is said of it, by itself or by ingest."""
        if body.online is not None:
            self.take_state(body, recv_ns)
        if body.missing is not None:
            self.missing.pop(boot, None)  # the newest word goes last, the oldest first past the end
            if body.missing:
                self.missing[boot] = body.missing
            if len(self.missing) > MAX_GAP_BOOTS:
                del self.missing[next(iter(self.missing))]

    def take_state(self, body: StateBody, recv_ns: int) -> None:
        """Takes what it says of itself, or what its will says of it: nothing of its outbox."""
        gone, took_ns = self.backlog - body.backlog, recv_ns - self.told_ns
        drains = body.online and body.backlog > 0 and gone > 0 and took_ns > 0
        self.left_s = body.backlog * took_ns / NS / gone if drains else None
        self.online, self.backlog, self.told_ns = body.online, body.backlog, recv_ns
        if body.online:
            self.dropped = body.dropped


class OpenCounts(NamedTuple):
    """How many alerts are open."""

    critical: int = 0
    warning: int = 0


class NewestSite:
    """One site: its registry entry and the newest of its points and nodes."""

    def __init__(self, site: Site) -> None:
        self.points: dict[str, NewestPoint] = {}
        self.nodes: dict[str, NewestNode] = {}
        self.owners: dict[str, str] = {}  # point id > node, as births and readings say it
        self.alerts = OpenCounts()
        self.live = False
        self.newest_ts_ns = 0
        self.last_recv_ns = 0
        self.twin_ts_ns = 0
        self.version = 0  # of the newest change of any value
        self.site_version = 0  # of the newest change of what the site says of itself
        self.dirty: set[str] = set()
        self.configure(site)

    def configure(self, site: Site) -> None:
        """Takes a new registry entry; values stay."""
        self.site = site
        self.registered: dict[str, Point] = {point.id: point for point in site.points}
        self.derived: dict[str, Point] = {point.id: point for point in _derived(site)}
        self.step_ns = max(1, round(site.twin.step_s * NS))
        self.modelled = site.type is not SiteType.NONE
        self.by_kind: dict[tuple[str, str], list[Point]] = {}  # (class, point name)
        for point in site.points:
            self.by_kind.setdefault((point.asset_class, point.name), []).append(point)
        for node in site.nodes:
            self.nodes.setdefault(node, NewestNode())

    @property
    def recorded(self) -> bool:
        """Whether all that ever came was recorded: then its newest time is its now."""
        return self.newest_ts_ns > 0 and not self.live

    @property
    def site_time_ns(self) -> int | None:
        """Time up to which the site counts: newest value while recorded, else the twin's step."""
        return (self.newest_ts_ns if self.recorded else self.twin_ts_ns) or None

    def now_ns(self, clock_ns: int) -> int:
        """What the site takes as now."""
        return self.newest_ts_ns if self.recorded else clock_ns

    def point_ids(self) -> set[str]:
        """Every point that is registered or has a value."""
        return self.registered.keys() | self.points.keys()

    def unit_of(self, point_id: str) -> str:
        """The unit of a point; 1 for one that nobody registered."""
        point = self.registered.get(point_id) or self.derived.get(point_id)
        return point.unit if point is not None else "1"

    def is_gauge(self, point_id: str) -> bool:
        """Whether the mean of a point means anything."""
        point = self.registered.get(point_id)
        return point is None or point.kind is PointKind.GAUGE

    def row(self, point_id: str) -> Row:
        """A point as the stream sends it."""
        return self.points[point_id].row(estimate=point_id not in self.registered)


def _derived(site: Site) -> list[Point]:
    """What the twin adds; nothing where its parameters are refused, as the engine then says."""
    try:
        return derived_points(site)
    except ConfigError:
        return []


class Newest:
    """Every site. `apply` is all that changes it; who shares it between threads locks it."""

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        self.sites: dict[str, NewestSite] = {}
        self.dirty_sites: set[str] = set()
        for site in sites:
            self.configure(site)

    def configure(self, site: Site) -> None:
        """Takes a site, new or changed."""
        known = self.sites.get(site.id)
        if known is None:
            self.sites[site.id] = NewestSite(site)
        else:
            known.configure(site)
        self.dirty_sites.add(site.id)

    def seed(self, site_id: str, latest: Iterable[Latest]) -> None:
        """Takes what the history holds as newest; Frames that came before this stay."""
        site = self._site(site_id)
        for each in latest:
            if each.source is Source.MEASURED:
                _take_measured(site, each.point, each.ts_ns, each.value, each.flags)
                site.newest_ts_ns = max(site.newest_ts_ns, each.ts_ns)
                site.live = site.live or not each.flags & Flag.RECORDED
            elif each.source is Source.TWIN:
                _take_twin(site, each.point, each.ts_ns, each.value, each.sd)
        self.dirty_sites.add(site_id)

    def count_alerts(self, counts: Mapping[str, OpenCounts]) -> None:
        """Takes how many alerts are open at each site that has any."""
        for site_id, site in self.sites.items():
            found = counts.get(site_id, OpenCounts())
            if site.alerts != found:
                site.alerts = found
                self.dirty_sites.add(site_id)

    def apply(self, frame: Frame) -> None:
        """Takes one Frame of either log."""
        if frame.kind is Kind.READING:
            site = self._site(frame.site)
            body = READING.decode(frame.body)
            if frame.source is Source.MEASURED:
                _apply_measured(site, frame, body)
            elif frame.source is Source.TWIN:
                _apply_twin(site, frame, body)
            self.dirty_sites.add(frame.site)
        elif frame.kind is Kind.CONFIG:
            self.configure(CONFIG.decode(frame.body).site)
        elif frame.kind is Kind.BIRTH:
            self._apply_birth(frame, BIRTH.decode(frame.body))
        elif frame.kind is Kind.STATE:
            self._node(frame).said(STATE.decode(frame.body), frame.boot, frame.recv_ns)

    def _site(self, site_id: str) -> NewestSite:
        site = self.sites.get(site_id)
        if site is None:  # a log trimmed past its config Frame, and a registry not given
            site = self.sites[site_id] = NewestSite(Site(site_id, SiteType.NONE, site_id))
        return site

    def _node(self, frame: Frame) -> NewestNode:
        self.dirty_sites.add(frame.site)
        return self._site(frame.site).nodes.setdefault(frame.node, NewestNode())

    def _apply_birth(self, frame: Frame, body: BirthBody) -> None:
        self._node(frame).online = True
        owners = self._site(frame.site).owners
        owners.update((point.id, frame.node) for point in body.points)


def _apply_measured(site: NewestSite, frame: Frame, body: ReadingBody) -> None:
    node = site.nodes.get(frame.node)
    if node is None:
        node = site.nodes[frame.node] = NewestNode()
    ts_ns, points, flags = frame.ts_ns, site.points, body.flags
    node.last_recv_ns = max(node.last_recv_ns, frame.recv_ns)
    node.newest_ts_ns = max(node.newest_ts_ns, ts_ns)
    if tells_time(frame.flags):
        node.clock.saw(ts_ns, frame.recv_ns)
    site.last_recv_ns = max(site.last_recv_ns, frame.recv_ns)
    site.newest_ts_ns = max(site.newest_ts_ns, ts_ns)
    site.live = site.live or not frame.flags & Flag.RECORDED
    step = -(-ts_ns // site.step_ns)
    dirty, modelled = site.dirty, site.modelled
    for index, point_id in enumerate(body.points):
        point = points.get(point_id)
        if point is None:
            point = points[point_id] = NewestPoint()
            site.owners.setdefault(point_id, frame.node)
        if ts_ns < point.ts_ns:
            continue
        value = body.values[index]
        point.ts_ns, point.value = ts_ns, value
        point.flags = frame.flags | flags[index] if flags is not None else frame.flags
        dirty.add(point_id)
        if modelled:
            _add_to_window(point.windows, step, value)


def _apply_twin(site: NewestSite, frame: Frame, body: ReadingBody) -> None:
    step = -(-frame.ts_ns // site.step_ns)
    site.twin_ts_ns = max(site.twin_ts_ns, frame.ts_ns)
    for index, point_id in enumerate(body.points):
        sd = body.sd[index] if body.sd is not None else None
        point = _take_twin(site, point_id, frame.ts_ns, body.values[index], sd)
        if point is None:
            continue
        measured = _window_mean(point.windows, step)
        if measured is not None:
            point.residual, point.residual_ts_ns = measured - body.values[index], frame.ts_ns


def _take_measured(site: NewestSite, point_id: str, ts_ns: int, value: float, flags: int) -> None:
    point = site.points.setdefault(point_id, NewestPoint())
    if ts_ns > point.ts_ns:
        point.ts_ns, point.value, point.flags = ts_ns, value, flags
        site.dirty.add(point_id)


def _take_twin(
    site: NewestSite, point_id: str, ts_ns: int, value: float, sd: float | None
) -> NewestPoint | None:
    point = site.points.get(point_id)
    if point is None:
        point = site.points[point_id] = NewestPoint()
    if ts_ns < point.twin_ts_ns:
        return None
    point.twin_ts_ns, point.twin, point.band = ts_ns, value, sd
    site.twin_ts_ns = max(site.twin_ts_ns, ts_ns)
    site.dirty.add(point_id)
    return point


def _add_to_window(windows: list[tuple[int, float, int]], step: int, value: float) -> None:
    if windows and windows[-1][0] == step:
        _, total, count = windows[-1]
        windows[-1] = (step, total + value, count + 1)
        return
    windows.append((step, value, 1))
    if len(windows) > WINDOWS:
        del windows[0]


def _window_mean(windows: list[tuple[int, float, int]], step: int) -> float | None:
    for number, total, count in reversed(windows):
        if number == step:
            return total / count
    return None
