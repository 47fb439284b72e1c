"""What a host knows of an edge node: its life, its numbers, what its aliases mean.

The life is a table. Aliases are believed only while no message was lost since the birth that gave
them: a lost birth may have given them anew, and a value must not go to another's point.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from podcore.clock import NS

SEQS = 256  # numbers go from 0 to 255 and begin again
FIRST_PAUSE_NS, LAST_PAUSE_NS = 10 * NS, 320 * NS  # between two requests for a birth


class Life(enum.StrEnum):
    """What is known of an edge node."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    LOST = "lost"  # messages of it
    OFFLINE = "offline"


class Event(enum.StrEnum):
    """What a message means for it. NEXT : its number follows.  GAP : it does not."""

    BIRTH = "birth"
    NEXT = "next"
    GAP = "gap"
    DEATH = "death"


TRANSITIONS: Mapping[tuple[Life, Event], Life] = MappingProxyType(
    {
        (Life.UNKNOWN, Event.BIRTH): Life.ONLINE,
        (Life.UNKNOWN, Event.NEXT): Life.UNKNOWN,
        (Life.UNKNOWN, Event.GAP): Life.UNKNOWN,
        (Life.UNKNOWN, Event.DEATH): Life.OFFLINE,
        (Life.ONLINE, Event.BIRTH): Life.ONLINE,
        (Life.ONLINE, Event.NEXT): Life.ONLINE,
        (Life.ONLINE, Event.GAP): Life.LOST,
        (Life.ONLINE, Event.DEATH): Life.OFFLINE,
        (Life.LOST, Event.BIRTH): Life.ONLINE,
        (Life.LOST, Event.NEXT): Life.LOST,
        (Life.LOST, Event.GAP): Life.LOST,
        (Life.LOST, Event.DEATH): Life.OFFLINE,
        (Life.OFFLINE, Event.BIRTH): Life.ONLINE,
        (Life.OFFLINE, Event.NEXT): Life.OFFLINE,
        (Life.OFFLINE, Event.GAP): Life.OFFLINE,
        (Life.OFFLINE, Event.DEATH): Life.OFFLINE,
    }
)


@dataclass(frozen=True, slots=True)
class Known:
    """A metric as its birth gave it; `device` is empty for one of the edge node."""

    device: str
    name: str
    datatype: int


@dataclass(slots=True)
class EdgeNode:
    """One edge node."""

    life: Life = Life.UNKNOWN
    seq: int | None = None
    bd_seq: int | None = None
    born_ns: int = 0
    devices: set[str] = field(default_factory=set)
    aliases: dict[int, Known] = field(default_factory=dict)
    metrics: dict[tuple[str, str], Known] = field(default_factory=dict)
    asked_ns: int | None = None
    pause_ns: int = FIRST_PAUSE_NS

    @property
    def held(self) -> int:
        """How much is known of it: metrics, aliases and devices."""
        return len(self.metrics) + len(self.aliases) + len(self.devices)

    def happens(self, event: Event) -> None:
        """Moves its life on."""
        self.life = TRANSITIONS[self.life, event]

    def hear(self, seq: int | None) -> None:
        """Takes the number of a message that is no birth of the node and no death."""
        expected = None if self.seq is None else (self.seq + 1) % SEQS
        self.happens(Event.NEXT if seq is not None and seq == expected else Event.GAP)
        self.seq = seq

    def born(self, seq: int | None, bd_seq: int | None, now_ns: int) -> None:
        """Begins anew: what was known of metrics and devices is no more."""
        self.happens(Event.BIRTH)
        self.seq, self.bd_seq, self.born_ns = seq, bd_seq, now_ns
        self.pause_ns, self.asked_ns = FIRST_PAUSE_NS, None
        self._forget()

    def dies(self, bd_seq: int | None) -> bool:
        """Whether a death is that of the present birth; if so, it is offline."""
        if None not in {bd_seq, self.bd_seq} and bd_seq != self.bd_seq:
            return False  # of an earlier connection: its will came late
        self.happens(Event.DEATH)
        self.seq = None
        self._forget()
        return True

    def _forget(self) -> None:
        self.devices.clear()
        self.aliases.clear()
        self.metrics.clear()

    def learn(self, alias: int | None, known: Known) -> None:
        """Takes a metric of a birth."""
        self.metrics[known.device, known.name] = known
        if alias is not None:
            self.aliases[alias] = known

    def leave(self, device: str) -> None:
        """Takes a device away."""
        self.devices.discard(device)
        self.aliases = {a: known for a, known in self.aliases.items() if known.device != device}
        self.metrics = {key: known for key, known in self.metrics.items() if key[0] != device}

    def may_ask(self, now_ns: int) -> bool:
        """Whether a birth may be asked for now; each time without an answer it takes longer."""
        if self.asked_ns is not None:
            if 0 <= now_ns - self.asked_ns < self.pause_ns:  # below zero the clock was set back
                return False
            self.pause_ns = min(self.pause_ns * 2, LAST_PAUSE_NS)
        self.asked_ns = now_ns
        return True
