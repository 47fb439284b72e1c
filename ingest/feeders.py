"""Which nodes are fed by whom, and what it means for them when one of these comes or goes.

A node may be fed by several senders, as by an edge node and its devices: it is online while any of
them is. Before a sender has sent a value, nobody knows whom it feeds.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingest.sample import Turn
from ingest.standing import NOTHING_WAITS, Standing
from podcore.frame import Frame, Kind, Source, StateBody, encode_body

MAX_FED = 50_000  # nodes by sender that are known: 200 each for the edge nodes of 250 sites

Node = tuple[str, str]  # site, node


def state_frame(
    site: str, node: str, recv_ns: int, *, online: bool, standing: Standing = NOTHING_WAITS
) -> Frame:
    """What is said of a node at a time."""
    body = StateBody(online, standing.backlog, standing.dropped)
    return Frame(
        0, Kind.STATE, site, node, "", None,
        recv_ns, recv_ns, 0, Source.MEASURED, 0, encode_body(body),
    )  # fmt: skip


class Feeders:
    """Senders that are there, by the nodes that they feed."""

    def __init__(self) -> None:
        self._nodes: dict[str, set[Node]] = {}
        self._online: dict[Node, set[str]] = {}
        self._fed = 0

    def feeds(self, sender: str, site: str, node: str) -> None:
        """Notes that a sender has a value for a node."""
        if (site, node) in self._nodes.get(sender, ()) or self._fed >= MAX_FED:
            return
        self._nodes.setdefault(sender, set()).add((site, node))
        self._fed += 1

    def turned(self, turns: Iterable[Turn]) -> dict[Node, bool]:
        """Nodes that come or go by it, and which of both."""
        before: dict[Node, bool] = {}
        for turn in turns:
            for node in sorted(self._nodes.get(turn.sender, ())):
                senders = self._online.setdefault(node, set())
                before.setdefault(node, bool(senders))
                if turn.online:
                    senders.add(turn.sender)
                else:
                    senders.discard(turn.sender)
        now = {node: bool(self._online[node]) for node in before}
        return {node: online for node, online in now.items() if online is not before[node]}
