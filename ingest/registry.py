"""What ingest knows of sites, points, owners and births; in memory, with its rows in the log.

Pure but for what it remembers: every change is also noted as a row to be written in the
transaction that commits the Frames it led to, so that log and registry never disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from ingest.bounds import DEFAULT_BOUNDS, Bounds
from ingest.native import Birth, SentPoint
from ingest.reasons import Reason, Rejected, reject
from podcore.classes import CLASSES, point_spec
from podcore.frame import BirthBody, BirthPoint, ConfigBody, Frame, Kind, Source, encode_body
from podcore.names import did_you_mean, is_local_id, nearest, split_local_id
from podcore.quantity import QUANTITIES, Conversion, quantity_of_unit
from podcore.site import Asset, Point, Site, SiteType

MAX_NEAR_MISSES = 100  # looked for until a site changes: a sender of ever new wrong names must not
# take the writer's time
MAX_COMPARED = 10  # names that a wrong one is compared with, at 20 us each
MAX_HINTS = 3  # of a message: who has fifty names wrong has them wrong in the same way
MIN_PERIOD_S, MAX_PERIOD_S = 1e-3, 31_536_000.0  # a birth's; past it, in ns, it is no number
PERIOD_S = 10.0  # of a discovered point whose birth does not say it


class SiteRow(msgspec.Struct, frozen=True):
    """A resolved site, with the digest of the file it came from (empty when discovered)."""

    site: Site
    file_digest: str


class NodeRow(msgspec.Struct, frozen=True):
    """The newest birth of a node, resolved: what its bare names and numbers mean.

    order : every id of the birth in its order, refused ones too: the compact form counts on it.
    units : by point id, the unit in which the node sends.
    refused_units : by point id, a unit that the point's quantity does not accept: what the node
        sends of it cannot be understood, and is not taken for the computing unit.
    periods : by point id, how often the node says that it sends.
    """

    site: str
    node: str
    boot: str | None
    recorded: bool
    order: list[str]
    units: dict[str, str]
    refused_units: dict[str, str] = {}
    periods: dict[str, float] = {}


@dataclass(slots=True)
class Changes:
    """Rows to write with the next commit."""

    sites: dict[str, SiteRow] = field(default_factory=dict)
    nodes: dict[tuple[str, str], NodeRow] = field(default_factory=dict)
    owners: dict[tuple[str, str], str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Born:
    """What came of a birth: Frames to append, refused points, whether it said anything new."""

    frames: list[Frame]
    bad: list[Rejected]
    changed: bool


class Registry:
    """Sites, nodes and owners; `version` moves with every change, for caches built on them."""

    def __init__(
        self,
        sites: dict[str, SiteRow],
        nodes: dict[tuple[str, str], NodeRow],
        owners: dict[tuple[str, str], str],
        *,
        discover: bool,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> None:
        self.bounds = bounds
        self._sites = sites
        self._nodes = nodes
        self._owners = owners
        self._points = {name: _by_id(row.site) for name, row in sites.items()}
        self._members: dict[str, set[str]] = {}
        for site, node in (*nodes, *((site, node) for (site, _), node in owners.items())):
            self._members.setdefault(site, set()).add(node)
        self._owned = Counter((site, node) for (site, _), node in owners.items())
        self._discover = discover
        self._changes = Changes()
        self._near_misses: dict[object, str] = {}
        self.version = 0

    def sites(self) -> list[Site]:
        """All sites, by id."""
        return [self._sites[name].site for name in sorted(self._sites)]

    def site(self, site: str) -> Site | None:
        """The site of that id, or None."""
        row = self._sites.get(site)
        return row.site if row else None

    def node(self, site: str, node: str) -> NodeRow | None:
        """The newest birth of a node, or None."""
        return self._nodes.get((site, node))

    def point(self, site: str, point_id: str) -> Point | None:
        """The point of that id, or None."""
        return self._points.get(site, {}).get(point_id)

    def take_changes(self) -> Changes:
        """The rows changed since the last call."""
        changes, self._changes = self._changes, Changes()
        return changes

    def adopt(self, site: Site, recv_ns: int) -> list[Frame]:
        """Takes a site from its file; a config Frame when it is new or changed."""
        digest = site.digest()
        row = self._sites.get(site.id)
        if row is not None and row.file_digest == digest:
            return []
        if row is not None and site.type is SiteType.NONE:
            site = _with_discovered(site, row.site)
        self._free_owners(site)
        return [self._put_site(site, digest, recv_ns)]

    def _free_owners(self, site: Site) -> None:
        if not site.nodes:
            return
        for (owned_site, point_id), node in list(self._owners.items()):
            if owned_site == site.id and node not in site.nodes:
                del self._owners[owned_site, point_id]
                self._owned[owned_site, node] -= 1
                self._changes.owners[owned_site, point_id] = None

    def _put_site(self, site: Site, file_digest: str, recv_ns: int) -> Frame:
        row = SiteRow(site, file_digest)
        self._sites[site.id] = row
        self._points[site.id] = _by_id(site)
        self._changes.sites[site.id] = row
        self._near_misses.clear()
        self.version += 1
        body = encode_body(ConfigBody(site))
        return Frame(
            0, Kind.CONFIG, site.id, "", "", None, recv_ns, recv_ns, 0, Source.MEASURED, 0, body
        )

    def owner_fault(self, site: str, node: str, point_id: str) -> Rejected | None:
        """Why a node may not speak for a point, or None."""
        allowed = self._sites[site].site.nodes
        if allowed and node not in allowed:
            hint = f"the site file gives this site to {', '.join(allowed)}"
            return reject(Reason.OWNED_BY_OTHER_NODE, point_id, node, hint)
        owner = self._owners.get((site, point_id))
        if owner is not None and owner != node:
            return reject(Reason.OWNED_BY_OTHER_NODE, point_id, node, f"it belongs to {owner}")
        return None

    def claim(self, site: str, node: str, point_id: str) -> None:
        """Gives a point that nobody has to a node."""
        if (site, point_id) not in self._owners:
            self._owners[site, point_id] = node
            self._owned[site, node] += 1
            self.join(site, node)
            self._changes.owners[site, point_id] = node

    def join(self, site: str, node: str) -> None:
        """Counts a node among those of its site."""
        self._members.setdefault(site, set()).add(node)

    def is_member(self, site: str, node: str) -> bool:
        """Whether a node counts among those of its site."""
        return node in self._members.get(site, ())

    def node_fault(self, site: str, node: str) -> Rejected | None:
        """Why a site takes no further node, or None: it knows this one, or has room."""
        members = self._members.get(site, ())
        if node in members or len(members) < self.bounds.nodes:
            return None
        row = self._sites.get(site)
        if row is not None and node in row.site.nodes:
            return None
        return reject(Reason.TOO_MANY_NODES, "node", node, f"{len(members)} are known")

    def room_fault(self, site: str, node: str, point_id: str, new: int = 0) -> Rejected | None:
        """Why a node may add no point to a site, or None. new : those it has just added."""
        count = len(self._points.get(site, ())) + new
        if count >= self.bounds.points:
            return reject(Reason.TOO_MANY_POINTS, point_id, count, f"the site has {count}")
        brought = self._owned[site, node] + new
        if brought >= self.bounds.node_points:
            return reject(Reason.TOO_MANY_POINTS, point_id, brought, f"{node} brought {brought}")
        return None

    def point_fault(self, site: str, point_id: str, found: int = 0) -> Rejected | None:
        """Why there is no such point, or None. found : faults of the same message before it."""
        if point_id in self._points[site]:
            return None
        if not is_local_id(point_id):
            return reject(Reason.BAD_NAME, point_id, point_id)
        hint = ""
        if found < MAX_HINTS:
            alike = _alike(point_id, self._points[site])
            hint = self._near_miss((site, point_id), point_id, alike)
        return reject(Reason.UNKNOWN_POINT, point_id, point_id, hint)

    def site_fault(self, site: str) -> Rejected | None:
        """Why there is no such site, or None."""
        if site in self._sites:
            return None
        alike = (name for name in self._sites if name[0] == site[0])
        return reject(Reason.UNKNOWN_SITE, "site", site, self._near_miss(site, site, alike))

    def _near_miss(self, key: object, word: str, known: Iterable[str]) -> str:
        if key not in self._near_misses and len(self._near_misses) < MAX_NEAR_MISSES:
            close = nearest(word, islice(known, MAX_COMPARED))
            self._near_misses[key] = f"nearest is {close!r}" if close else ""
        return self._near_misses.get(key, "")

    def birth(
        self, site: str, node: str, birth: Birth, started_ns: int | None, recv_ns: int
    ) -> Born:
        """Takes a birth: discovers what it may, refuses the rest point by point."""
        frames: list[Frame] = []
        fault = self._discover_site(site) or self.node_fault(site, node)
        if fault is not None:
            return Born([], [fault], changed=False)
        resolved, bad, fresh = self._resolve_birth(site, node, birth)
        if fresh:
            row = self._sites.get(site)
            grown = _with_points(
                row.site if row else Site(site, SiteType.NONE, site, discovered=True), fresh
            )
            frames.append(self._put_site(grown, row.file_digest if row else "", recv_ns))
        if site not in self._sites:  # a first birth none of whose points could be used
            return Born([], bad, changed=False)
        self.join(site, node)
        for point in resolved:
            self.claim(site, node, point.id)
        order = [point.id for point in birth.points]
        units = {point.id: point.unit for point in resolved}
        refused = self._refused_units(site, birth)
        periods = {p.id: p.period_s for p in birth.points if p.period_s and _is_period(p.period_s)}
        known = NodeRow(site, node, birth.boot, birth.recorded, order, units, refused, periods)
        changed = known != self._nodes.get((site, node)) or bool(frames)
        if changed:
            self._nodes[site, node] = self._changes.nodes[site, node] = known
            self.version += 1
            body = encode_body(BirthBody(started_ns, birth.first, birth.recorded, resolved))
            frames.append(_birth_frame(site, node, birth, recv_ns, body))
        return Born(frames, bad, changed)

    def _discover_site(self, site: str) -> Rejected | None:
        if site in self._sites:
            return None
        if not self._discover:
            return self.site_fault(site)
        found = sum(row.site.discovered for row in self._sites.values())
        if found >= self.bounds.sites:
            return reject(Reason.TOO_MANY_SITES, "site", site, f"{found} were found already")
        return None

    def _resolve_birth(
        self, site: str, node: str, birth: Birth
    ) -> tuple[list[BirthPoint], list[Rejected], list[Point]]:
        known = dict(self._points.get(site, {}))
        good: dict[str, BirthPoint] = {}
        bad: list[Rejected] = []
        fresh: list[Point] = []
        for sent in birth.points:
            point = known.get(sent.id) or self._new_point(site, node, sent, len(fresh), len(bad))
            if isinstance(point, Rejected):
                bad.append(point)
                continue
            unit = sent.unit or point.sent_unit or point.unit
            fault = self._birth_point_fault(site, node, point, unit)
            if fault is not None:
                bad.append(fault)
                continue
            if sent.id not in known:
                known[sent.id] = point
                fresh.append(point)
            period_s = _period_s(sent, point.period_s)
            good[sent.id] = BirthPoint(sent.id, point.quantity, unit, period_s)
        return list(good.values()), bad, fresh

    def _birth_point_fault(self, site: str, node: str, point: Point, unit: str) -> Rejected | None:
        if point.conversion(unit) is None:
            return _wrong_unit(point, unit)
        return self.owner_fault(site, node, point.id) if site in self._sites else None

    def _refused_units(self, site: str, birth: Birth) -> dict[str, str]:
        refused: dict[str, str] = {}
        for sent in birth.points:
            point = self.point(site, sent.id)
            if point is not None and sent.unit and point.conversion(sent.unit) is None:
                refused[sent.id] = sent.unit
        return refused

    def unit_fault(self, site: str, node: str, point_id: str) -> Rejected | None:
        """Why what the node sends of a point cannot be converted, or None."""
        row, point = self._nodes.get((site, node)), self.point(site, point_id)
        unit = row.refused_units.get(point_id) if row else None
        return _wrong_unit(point, unit) if point is not None and unit is not None else None

    def _new_point(
        self, site: str, node: str, sent: SentPoint, new: int, found: int
    ) -> Point | Rejected:
        """The point that a birth makes, or why the site does not get it."""
        if not is_local_id(sent.id):
            return reject(Reason.BAD_NAME, "points", sent.id)
        row = self._sites.get(site)
        if row is not None and row.site.type is not SiteType.NONE:
            fault = self.point_fault(site, sent.id, found)
            return fault or reject(Reason.UNKNOWN_POINT, sent.id, sent.id)
        full = self.room_fault(site, node, sent.id, new)
        if full is not None:
            return full
        named = sent.quantity or _guess_quantity(sent.id, sent.unit)
        if named is None or named not in QUANTITIES:
            hint = did_you_mean(named, QUANTITIES) if named else "give quantity or unit"
            return reject(Reason.UNKNOWN_QUANTITY, sent.id, named, hint)
        asset, name = split_local_id(sent.id)
        return Point(asset, name, "other", named, _period_s(sent, PERIOD_S))

    def conversion(self, site: str, node: str, point: Point) -> Conversion | None:
        """From what the node sends to the computing unit."""
        row = self._nodes.get((site, node))
        return point.conversion(row.units.get(point.id) if row else None)


def _by_id(site: Site) -> dict[str, Point]:
    return {point.id: point for point in site.points}


def _alike(point_id: str, known: Iterable[str]) -> Iterable[str]:
    """The names that share asset or point with it: in one of the two it is mistyped."""
    asset, _, name = point_id.partition("/")
    head, tail = f"{asset}/", f"/{name}"
    return (each for each in known if each.startswith(head) or each.endswith(tail))


def _wrong_unit(point: Point, unit: str) -> Rejected:
    accepted = did_you_mean(unit, QUANTITIES[point.quantity].units)
    return reject(
        Reason.WRONG_UNIT, point.id, unit, f"the quantity is {point.quantity}; {accepted}"
    )


def _period_s(sent: SentPoint, otherwise_s: float) -> float:
    # A period that cannot be one is left out, for the point's values are good all the same.
    period_s = sent.period_s
    return period_s if period_s is not None and _is_period(period_s) else otherwise_s


def _is_period(period_s: float) -> bool:
    return MIN_PERIOD_S <= period_s <= MAX_PERIOD_S


def _guess_quantity(point_id: str, unit: str | None) -> str | None:
    name = point_id.partition("/")[2]
    for asset_class in CLASSES:
        spec = point_spec(asset_class, name)
        if spec is not None and (unit is None or QUANTITIES[spec.quantity].conversion(unit)):
            return spec.quantity
    found = quantity_of_unit(unit) if unit is not None else None
    return found.name if found else None


def _with_points(site: Site, points: list[Point]) -> Site:
    assets = {asset.id: asset for asset in site.assets}
    for point in points:
        assets.setdefault(point.asset, Asset(point.asset, "other", point.asset))
    return msgspec.structs.replace(
        site, assets=tuple(assets.values()), points=(*site.points, *points)
    )


def _with_discovered(site: Site, before: Site) -> Site:
    named = {point.id for point in site.points}
    return _with_points(site, [point for point in before.points if point.id not in named])


def _birth_frame(site: str, node: str, birth: Birth, recv_ns: int, body: bytes) -> Frame:
    return Frame(
        0,
        Kind.BIRTH,
        site,
        node,
        birth.boot or "",
        None,
        recv_ns,
        recv_ns,
        0,
        Source.MEASURED,
        0,
        body,
    )
