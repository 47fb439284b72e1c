"""Application acks: when a node is told how far it is committed. Pure, with time as an argument."""

from __future__ import annotations

from dataclasses import dataclass

MIN_INTERVAL_S = 0.2  # at most 5 a second a node
MAX_NODES = 20_000  # twice the nodes of a thousand large sites; past it the oldest are dropped


@dataclass(frozen=True, slots=True)
class OwedAck:
    """What a node is told: everything of `boot` up to `seq` is committed.

    refused : readings of the boot that became dead letters.
    """

    site: str
    node: str
    boot: str
    seq: int
    refused: int = 0


class AckPlan:
    """The newest owed ack of each node, and when it may go."""

    def __init__(self, min_interval_s: float = MIN_INTERVAL_S) -> None:
        self._min_interval_s = min_interval_s
        self._owed: dict[tuple[str, str], OwedAck] = {}
        self._sent_s: dict[tuple[str, str], float] = {}

    def owe(self, ack: OwedAck, *, at_once: bool = False) -> None:
        """Notes an ack; a newer one takes the place of an older one. `at_once` answers a birth."""
        key = (ack.site, ack.node)
        self._owed[key] = ack
        if at_once:
            self._sent_s.pop(key, None)
        while len(self._sent_s) > MAX_NODES:
            del self._sent_s[next(iter(self._sent_s))]

    def due(self, now_s: float) -> list[OwedAck]:
        """The acks that may go now; they are owed no longer."""
        ready = [key for key in self._owed if self._wait_s(key, now_s) <= 0]
        for key in ready:
            self._sent_s[key] = now_s
        return [self._owed.pop(key) for key in ready]

    def next_in_s(self, now_s: float) -> float | None:
        """Seconds until the next owed ack may go; None when none is owed."""
        if not self._owed:
            return None
        return max(0.0, min(self._wait_s(key, now_s) for key in self._owed))

    def _wait_s(self, key: tuple[str, str], now_s: float) -> float:
        return self._sent_s.get(key, -self._min_interval_s) + self._min_interval_s - now_s
