"""What changed since when: deltas for the live stream, without clock, threads or HTTP.

Clients keep no queue: a client is a number, the last delta it was sent. While it is at most
eight behind it gets each delta as all others do, encoded once; past that it gets one that holds
the newest of all that changed since. So a slow client costs nothing and loses only values that
newer ones have replaced. The same number, found by the log offsets in an event id, is how a
client that was away goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from podcore.access import ALL_SITES, SiteFilter
from podtwin.api.newest import Newest, NewestSite, Row
from podtwin.api.open_alerts import OpenAlerts, Told
from podtwin.api.summary import State, site_shape, site_state

RING = 4_096  # deltas that a client may have been away: 17 minutes at four a second
QUEUE = 8  # deltas that a client may be behind before they are merged: 2 s


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asked for. sites : None means all that it may see."""

    sites: frozenset[str] | None = None
    allowed: SiteFilter = ALL_SITES
    values: bool = True
    site_shapes: bool = True
    alerts: bool = True

    def takes(self, site: str) -> bool:
        """Whether the client wants to hear of a site."""
        return (self.sites is None or site in self.sites) and self.allowed.covers(site)


@dataclass(frozen=True, slots=True)
class Event:
    """One message of the stream.

    number : where the client is after it.
    empty : nothing in it that the client wanted; it need not be sent.
    """

    number: int
    name: str
    id: str
    data: bytes
    empty: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Offsets up to which both logs were read."""

    log: int = 0
    derived: int = 0


@dataclass(frozen=True, slots=True)
class _Delta:
    """A published delta: JSON members by site, encoded once for all clients."""

    number: int
    position: Position
    now_ms: int
    sites: Mapping[str, bytes]
    values: Mapping[str, bytes]
    alerts: Sequence[Told]


class Deltas:
    """Numbers every change of a `Newest` and remembers the last ones."""

    def __init__(self, newest: Newest, data_dir_id: str) -> None:
        self._newest, self._data_dir_id = newest, data_dir_id
        self._positions: deque[tuple[int, Position]] = deque([(0, Position())], maxlen=RING)
        self._recent: deque[_Delta] = deque(maxlen=QUEUE)
        self._states: dict[str, State] = {}
        self.alerts = OpenAlerts()
        self.merged = 0

    def publish(self, now_ns: int, position: Position, *, with_sites: bool) -> bool:
        """Makes a delta of all that changed; whether anything did.

        with_sites : also of what sites say of themselves, which changes with every value.
        """
        number = self._positions[-1][0] + 1
        changed = self._changed_sites(now_ns) if with_sites else []
        values = {
            site.site.id: _changed_values(site, number)
            for site in self._newest.sites.values()
            if site.dirty
        }
        alerts = self.alerts.publish(number)
        if not changed and not values and not alerts:
            return False
        shapes = {}
        for site in changed:
            site.site_version = number
            shapes[site.site.id] = _site_member(site, now_ns)
        now_ms = now_ns // 1_000_000
        self._recent.append(_Delta(number, position, now_ms, shapes, values, alerts))
        self._positions.append((number, position))
        return True

    def snapshot(self, wanted: Wanted, now_ns: int) -> Event:
        """All newest values, and where a client that has them is."""
        return self._since(-1, wanted, now_ns, "snapshot")

    def after(self, number: int, wanted: Wanted, now_ns: int) -> Event | None:
        """What comes next for a client at `number`, or None when it has all."""
        behind = self._positions[-1][0] - number
        if behind <= 0:
            return None
        if number < self.alerts.forgotten:
            return self._since(-1, wanted, now_ns, "snapshot")
        if behind > len(self._recent):
            self.merged += behind - 1
            return self._since(number, wanted, now_ns, "delta")
        delta = self._recent[-behind]
        shapes = [text for site, text in delta.sites.items() if wanted.takes(site)]
        values = [text for site, text in delta.values.items() if wanted.takes(site)]
        at = (delta.number, delta.position, delta.now_ms)
        return self._event("delta", at, wanted, shapes, values, delta.alerts)

    def find(self, event_id: str) -> int | None:
        """The number of the delta with that event id; None when a snapshot is needed."""
        data_dir_id, _, offsets = event_id.partition(".")
        if data_dir_id != self._data_dir_id:
            return None
        # The first of several: a site that fell silent is a delta without a Frame.
        return next(
            (number for number, at in self._positions if offsets == f"{at.log}.{at.derived}"), None
        )

    def _changed_sites(self, now_ns: int) -> list[NewestSite]:
        for site_id, site in self._newest.sites.items():
            state = site_state(site, now_ns)  # turns to no_data without any Frame
            if self._states.get(site_id) != state:
                self._states[site_id] = state
                self._newest.dirty_sites.add(site_id)
        changed = [self._newest.sites[site_id] for site_id in sorted(self._newest.dirty_sites)]
        self._newest.dirty_sites = set()
        return changed

    def _since(self, number: int, wanted: Wanted, now_ns: int, name: str) -> Event:
        sites = [site for site_id, site in self._newest.sites.items() if wanted.takes(site_id)]
        shapes = [_site_member(site, now_ns) for site in sites if site.site_version > number]
        values = [
            _members(site, (p for p, newest in site.points.items() if newest.version > number))
            for site in sites
            if site.version > number
        ]
        at = (*self._positions[-1], now_ns // 1_000_000)
        alerts = self.alerts.open() if number < 0 else self.alerts.since(number)
        return self._event(name, at, wanted, shapes, values, alerts)

    def _event(
        self,
        name: str,
        at: tuple[int, Position, int],
        wanted: Wanted,
        shapes: list[bytes],
        values: list[bytes],
        alerts: Sequence[Told],
    ) -> Event:
        number, position, now_ms = at
        taken = [each.member for each in alerts if wanted.takes(each.site)]
        sites_text = b",".join(filter(None, shapes)) if wanted.site_shapes else b""
        values_text = b",".join(filter(None, values)) if wanted.values else b""
        alerts_text = b",".join(taken) if wanted.alerts else b""
        data = b'{"now_ms":%d,"sites":{%b},"values":{%b},"alerts":{%b}}' % (
            now_ms, sites_text, values_text, alerts_text,
        )  # fmt: skip
        event_id = f"{self._data_dir_id}.{position.log}.{position.derived}"
        empty = not (sites_text or values_text or alerts_text)
        return Event(number, name, event_id, data, empty=empty)


def _changed_values(site: NewestSite, number: int) -> bytes:
    for point in site.dirty:
        site.points[point].version = number
    site.version = number
    members = _members(site, site.dirty)
    site.dirty = set()
    return members


def _members(site: NewestSite, points: Iterable[str]) -> bytes:
    prefix = site.site.id
    rows: dict[str, Row] = {f"{prefix}/{point}": site.row(point) for point in points}
    return msgspec.json.encode(rows)[1:-1]


def _site_member(site: NewestSite, now_ns: int) -> bytes:
    shape = site_shape(site, now_ns).model_dump_json(by_alias=True)
    return f'"{site.site.id}":{shape}'.encode()
