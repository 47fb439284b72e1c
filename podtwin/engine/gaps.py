"""Gaps in a node's numbers: how long they have been open, and when they are given up.

What is on its way again (an outbox repeats after 30 s) fills its gap by itself. What has not come
for an hour is lost: it was said for as long, and must not hide the next gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from podcore.clock import NS

GIVEN_UP_NS = 3_600 * NS  # since the gap last changed
MAX_BOOTS = 8  # of a node with a gap: a sender without a disk that starts over and over


class Gap(msgspec.Struct, array_like=True):
    """What is missing of one boot.

    missing : numbers, by the last word of ingest. lost : of these, given up.
    since_ns : when it began to be more than that; 0 while it is not. changed_ns : its last change.
    """

    missing: int = 0
    lost: int = 0
    since_ns: int = 0
    changed_ns: int = 0

    @property
    def open(self) -> int:
        """Numbers that may still come."""
        return self.missing - self.lost

    def told(self, missing: int, at_ns: int) -> None:
        """Takes a word of ingest."""
        if missing == self.missing:
            return
        self.missing, self.lost, self.changed_ns = missing, min(self.lost, missing), at_ns
        self.since_ns = (self.since_ns or at_ns) if self.open else 0

    def passed(self, tick_ns: int) -> None:
        """A second has passed."""
        if self.since_ns and tick_ns - self.changed_ns >= GIVEN_UP_NS:
            self.lost, self.since_ns = self.missing, 0


def told(gaps: dict[str, Gap], boot: str, missing: int, at_ns: int) -> None:
    """Takes what ingest says of a boot; the one that changed first goes past the bound."""
    if boot not in gaps and len(gaps) >= MAX_BOOTS:
        del gaps[min(gaps, key=lambda each: gaps[each].changed_ns)]
    gap = gaps.setdefault(boot, Gap())
    gap.told(missing, at_ns)
    if not gap.missing:
        del gaps[boot]


def tick(nodes: Iterable[tuple[str, Mapping[str, Gap]]], tick_ns: int) -> tuple[str, int, float]:
    """A second has passed; the node with the oldest gap, how much is open, since when. [s]

    Without an open gap the name is empty.
    """
    found, since_ns, count = "", 0, 0
    for node, gaps in nodes:
        for gap in gaps.values():
            gap.passed(tick_ns)
            if gap.since_ns and (not since_ns or gap.since_ns < since_ns):
                found, since_ns, count = node, gap.since_ns, gap.open
    return found, count, (tick_ns - since_ns) / NS if found else 0.0
