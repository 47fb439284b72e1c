"""Suspicion: which asset would explain the channels that alarm, and how much each says.

Heat goes down the graph: a cooler that fails warms what it `cools` and the aisles that `measure`
those. Power goes up it: a device that draws more is seen by all that `feed` it. So an asset is
credited with the alarms on its own points in full, and with half of those that it would cause.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from podcore.site import Asset, Site
from podcore.topology import Relation

_BY_CAUSE = 0.5  # of an alarm that another asset's fault would bring about
_SAYS_SOMETHING = 0.7  # where an alert counts as gone
# A score is a distance, not a certainty: past this a channel says no more, or a single one that
# is ten times over would outvote all others.
_LOUDEST = 3.0
_TWIN = "twin"
# What a point of the twin itself is about: the first word that its name begins with.
_CLASSES_OF_STATE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("coil", ("crac", "crah")),
    ("cop", ("crac", "chiller")),
    ("supply", ("crac", "crah")),
    ("ups", ("ups",)),
    ("cdu", ("cdu",)),
    ("dry_cooler", ("dry-cooler",)),
    ("facility", ("meter",)),
)


class Suspicion(NamedTuple):
    """Who it may be.

    asset : its id; empty when nothing alarms or nothing can be said.
    shares : of each point (`asset/point`) in the score, largest first; they add up to one.
    """

    asset: str
    shares: Mapping[str, float]


NOBODY = Suspicion("", MappingProxyType({}))


def suspect(site: Site, scores: Mapping[str, float]) -> Suspicion:
    """The asset that explains most of the scores, given by point (`asset/point`).

    Scores below 0.7 say nothing, as long as one is above; those past 3 no more than 3. Of two
    assets that explain as much, the one named first in the site file is taken.
    """
    said = {point: min(score, _LOUDEST) for point, score in scores.items() if score > 0.0}
    speaking = {point: score for point, score in said.items() if score >= _SAYS_SOMETHING} or said
    total = math.fsum(speaking.values())  # the same to the bit in any order
    if total <= 0.0:
        return NOBODY
    ordered = sorted(speaking.items(), key=lambda item: (-item[1], item[0]))
    shares = {point: score / total for point, score in ordered}
    return Suspicion(_blamed(site, shares), MappingProxyType(shares))


def _blamed(site: Site, shares: Mapping[str, float]) -> str:
    own: dict[str, float] = {}
    for point, share in shares.items():
        owner = _asset_of(site, point)
        own[owner] = own.get(owner, 0.0) + share
    best, most = "", 0.0
    for asset in site.assets:
        if asset.id not in own:  # no sign of its own: an innocent upstream of others
            continue
        credit = own[asset.id] + _BY_CAUSE * _caused(site, asset, shares)
        if credit > most * (1.0 + 1e-9):
            best, most = asset.id, credit
    return best


def _caused(site: Site, asset: Asset, shares: Mapping[str, float]) -> float:
    warmed, feeding = _warmed_by(site, asset), _feeding(site, asset)
    caused = 0.0
    for point, share in shares.items():
        owner, name = point.partition("/")[::2]
        reached = feeding if name.endswith("power") else warmed
        caused += share if owner in reached else 0.0
    return caused


def _warmed_by(site: Site, asset: Asset) -> set[str]:
    cooled = set(asset.cools)
    if not cooled:
        return set()
    aisles = {
        other.id
        for other in site.assets_of("aisle")
        # An aisle that names no rack is taken to lie along all of them.
        if not other.measures or cooled & set(other.measures)
    }
    return cooled | aisles


def _feeding(site: Site, asset: Asset) -> set[str]:
    feeders: dict[str, list[str]] = {}
    for edge in site.edges():
        if edge.relation is Relation.FEEDS:
            feeders.setdefault(edge.target, []).append(edge.source)
    found: set[str] = set()
    todo = list(feeders.get(asset.id, ()))
    while todo:
        source = todo.pop()
        if source not in found:
            found.add(source)
            todo.extend(feeders.get(source, ()))
    return found


def _asset_of(site: Site, point: str) -> str:
    owner, name = point.partition("/")[::2]
    if owner != _TWIN:
        return owner
    for word, classes in _CLASSES_OF_STATE:
        if name.startswith(word):
            found = [asset.id for asset in site.assets if asset.asset_class in classes]
            return found[0] if found else ""
    return ""
