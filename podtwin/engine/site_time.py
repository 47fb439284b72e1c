"""Site time: how far a site's data has come, from its Frames and ticks alone.

Every node has a time, the newest source time it sent, held near the time of arrival so that
neither a wrong clock nor a backfill moves or holds the site. The watermark W is where all nodes
that count have come to; steps of the twin close when W passes them. A site is recorded until
its first live reading and live for good afterwards.
"""

from __future__ import annotations

import enum

import msgspec

from podcore.clock import NS
from podcore.node_clock import NodeClock
from podtwin.engine.gaps import Gap

AHEAD_NS = 2 * NS  # how far a source time may lie after its arrival and still be believed
BEHIND_NS = 60 * NS  # how far before; what is older is late and moves the node no further back
LAG_NS = 2 * NS  # by how much W stays behind the slowest node, for readings that overtake
IDLE_NS = 10 * NS  # a node is idle after this much silence, or after three of its periods
IDLE_PERIODS = 3
GAP_NS = 3600 * NS  # a site without a reading for so long is not stepped
DEFAULT_PERIOD_NS = 10 * NS  # of a node that said nothing of its points


class Taken(enum.Enum):
    """What became of a reading's time."""

    STEPPED = "stepped"
    RECORDED_AFTER_LIVE = "recorded_after_live"


class NodeTime(msgspec.Struct, array_like=True):
    """Where one node has come to.

    time_ns : its held source time, 0 before its first reading (in live time: first live one).
    recv_ns : when its last reading came.
    period_ns : the shortest of its points, 0 while nothing said so.
    born : whether a birth said so; otherwise its readings do.
    gaps : by boot, numbers that are missing; see `engine.gaps`.
    backlog : numbers on their way behind newer ones, as the node last said.
    """

    time_ns: int = 0
    recv_ns: int = 0
    period_ns: int = 0
    born: bool = False
    idle: bool = False
    clock: NodeClock = msgspec.field(default_factory=NodeClock)
    gaps: dict[str, Gap] = {}
    backlog: int = 0

    def is_silent(self, tick_ns: int) -> bool:
        """Whether it has been silent for longer than it should be."""
        period_ns = self.period_ns or DEFAULT_PERIOD_NS
        return tick_ns - self.recv_ns >= max(IDLE_NS, IDLE_PERIODS * period_ns)

    def saw(self, period_ns: int) -> None:
        """The shortest period of the points that it sent; a birth knows better."""
        if period_ns and not self.born:
            self.period_ns = min(self.period_ns or period_ns, period_ns)


class SiteTime(msgspec.Struct, array_like=True):
    """The time of one site; changed by its Frames and by ticks, in offset order.

    watermark_ns : W, 0 before the first reading; never goes back.
    newest_ns : the newest held source time of any node.
    """

    step_ns: int
    live: bool = False
    watermark_ns: int = 0
    newest_ns: int = 0
    nodes: dict[str, NodeTime] = {}

    def node(self, name: str) -> NodeTime:
        """The node of that name, new when it was not known."""
        found = self.nodes.get(name)
        if found is None:
            found = self.nodes[name] = NodeTime()
        return found

    def reading(
        self, name: str, ts_ns: int, recv_ns: int, *, recorded: bool, period_ns: int = 0
    ) -> Taken:
        """A node's reading: its node, the turn from recorded to live, and W.

        period_ns : the shortest period of the points in it, 0 when not known.
        """
        if recorded and self.live:
            return Taken.RECORDED_AFTER_LIVE
        if not recorded and not self.live:
            self._turn_live()
        node = self.node(name)
        node.saw(period_ns)
        if recorded:
            self._recorded(node, believed(ts_ns, recv_ns), recv_ns)
        else:
            self._live(node, believed(ts_ns, recv_ns), recv_ns)
        return Taken.STEPPED

    def born(self, name: str, period_ns: int) -> None:
        """A birth: the shortest period of the node's points; 0 when it announced none."""
        node = self.node(name)
        node.born = period_ns > 0
        node.period_ns = period_ns
        self._follow_nodes()

    def offline(self, name: str) -> None:
        """A node that left, by its own word or its will; its next reading brings it back."""
        self.node(name).idle = True
        self._follow_nodes()

    def tick(self, tick_ns: int) -> None:
        """A second has passed; this alone makes nodes idle. Recorded sites take no notice."""
        if not self.live:
            return
        fell_idle = False
        for node in self.nodes.values():
            if not node.idle and node.is_silent(tick_ns):
                node.idle = fell_idle = True
        if all(node.idle or not node.time_ns for node in self.nodes.values()):
            self._advance(tick_ns - LAG_NS)
        elif fell_idle:
            self._follow_nodes()

    def forget(self, name: str) -> None:
        """A node that is none of the site's any more."""
        self.nodes.pop(name, None)
        self._follow_nodes()

    def _turn_live(self) -> None:
        self.live = True
        for node in self.nodes.values():  # what they sent as the past does not hold the present
            node.time_ns = 0
            node.idle = False

    def _recorded(self, node: NodeTime, time_ns: int, recv_ns: int) -> None:
        node.time_ns = max(node.time_ns, time_ns)
        node.recv_ns = max(node.recv_ns, recv_ns)
        self.newest_ns = max(self.newest_ns, time_ns)
        self._advance(self.newest_ns)

    def _live(self, node: NodeTime, time_ns: int, recv_ns: int) -> None:
        held_ns = max(time_ns, recv_ns - BEHIND_NS)
        # Only a node at the front of the wait can let W go on; the others need no look around.
        held_back = node.idle or node.time_ns - LAG_NS <= self.watermark_ns
        node.time_ns = max(node.time_ns, held_ns)
        node.recv_ns = max(node.recv_ns, recv_ns)
        node.idle = False
        self.newest_ns = max(self.newest_ns, held_ns)
        if held_back:
            self._follow_nodes()

    def _follow_nodes(self) -> None:
        if not self.live:
            return
        fast_ns = slow_ns = 0  # the slowest of each, 0 for none
        for node in self.nodes.values():
            if node.idle or not node.time_ns:
                continue
            if (node.period_ns or DEFAULT_PERIOD_NS) <= 2 * self.step_ns:
                fast_ns = min(fast_ns or node.time_ns, node.time_ns)
            else:
                slow_ns = min(slow_ns or node.time_ns, node.time_ns)
        self._advance((fast_ns or slow_ns) - LAG_NS)

    def _advance(self, to_ns: int) -> None:
        self.watermark_ns = max(self.watermark_ns, to_ns)


def believed(ts_ns: int, recv_ns: int) -> int:
    """The source time, unless it lies in the future."""
    return min(ts_ns, recv_ns + AHEAD_NS)
