"""How much may come to be by messages alone; past it a message is refused, and nothing grows.

Who may publish to a broker may also go wrong: number its series anew at each start, or be told
what to send by somebody else. What a site file names has no bound here but its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from podcore.site import MAX_POINTS

# Three quarters of a site: a node that brings ever new points leaves 500 to the others.
MAX_NODE_POINTS = 1_500
# Four points each make a full site. A node is 0.5 kB in the registry, in site time and in status.
MAX_NODES = 500
# Ten times what one discovers on a bench, and 400 MB where each is full (2,000 points of 200 B).
MAX_DISCOVERED = 1_000
# A sender without a disk takes a new boot at each start: a start a day for half a year. A boot is
# 60 B where all came in order, and at most 10 kB.
MAX_BOOTS = 200


@dataclass(frozen=True, slots=True)
class Bounds:
    """What births and first messages may bring.

    points : of a site. node_points : that one node may add to it.
    nodes : of a site that its file does not name. sites : made by discovery.
    """

    points: int = MAX_POINTS
    node_points: int = MAX_NODE_POINTS
    nodes: int = MAX_NODES
    sites: int = MAX_DISCOVERED


DEFAULT_BOUNDS = Bounds()
