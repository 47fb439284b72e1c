"""Births of nodes that give none: what a mapping says of their points, told to the registry.

A node of a source is born like any other, so that units, periods and owners are where everything
looks for them, in the log and in the registry. Its birth grows as names come that were not there
before; the points of earlier ones stay.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingest.native import Birth, SentPoint
from ingest.reasons import Reason, Rejected, reject
from ingest.registry import NodeRow, Registry
from podcore.frame import Frame
from podcore.site import SiteType

MAX_REFUSED = 10_000  # points whose refusal is remembered: five sites' worth

_Key = tuple[str, str, str]


class Announcer:
    """Makes points of sources known; remembers why it could not."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._refused: dict[_Key, Rejected] = {}

    def announce(
        self, site: str, node: str, points: Mapping[str, SentPoint], recv_ns: int
    ) -> list[Frame]:
        """The Frames of the birth that says these, none when it is known already."""
        if self.speaks_for_itself(site, node) is not None:
            return []
        before = _said(self._registry.node(site, node))
        allowed = {name: sent for name, sent in points.items() if self._may_be(site, node, sent)}
        all_points = before | allowed
        if not allowed or _terms(all_points) == _terms(before):
            return []
        birth = Birth(None, None, None, recorded=False, points=list(all_points.values()))
        born = self._registry.birth(site, node, birth, None, recv_ns)
        self._refuse(site, node, {why.place: why for why in born.bad if why.place in allowed})
        return born.frames

    def why(self, site: str, node: str, otherwise: Rejected) -> Rejected:
        """Why a point was not made, which says more than that there is none."""
        if otherwise.reason is not Reason.UNKNOWN_POINT:
            return otherwise
        return self._refused.get((site, node, otherwise.place), otherwise)

    def speaks_for_itself(self, site: str, node: str) -> Rejected | None:
        """Why a node is none of a source, or None."""
        row = self._registry.node(site, node)
        if row is None or row.boot is None:
            return None
        hint = "the node has an outbox and speaks for itself; give the source another node"
        return reject(Reason.OWNED_BY_OTHER_NODE, "node", node, hint)

    def _may_be(self, site: str, node: str, sent: SentPoint) -> bool:
        """Whether a birth may name it; one that never ends must not grow with wrong names."""
        known = self._registry.site(site)
        if self._registry.point(site, sent.id) is not None or known is None:
            return True
        if known.type is not SiteType.NONE:
            return False
        full = self._registry.room_fault(site, node, sent.id)
        if full is None:
            return True
        self._refuse(site, node, {sent.id: full})
        return False

    def _refuse(self, site: str, node: str, refused: Mapping[str, Rejected]) -> None:
        if len(self._refused) + len(refused) > MAX_REFUSED:
            self._refused.clear()
        self._refused |= {(site, node, name): why for name, why in refused.items()}


def _said(row: NodeRow | None) -> dict[str, SentPoint]:
    if row is None:
        return {}
    units = row.units | row.refused_units
    return {
        name: SentPoint(name, units.get(name), None, row.periods.get(name)) for name in row.order
    }


def _terms(points: Mapping[str, SentPoint]) -> dict[str, tuple[str | None, float | None]]:
    """What a node row holds of points; their quantity is the registry's."""
    return {name: (sent.unit, sent.period_s) for name, sent in points.items()}
