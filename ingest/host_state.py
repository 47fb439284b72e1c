"""What a Sparkplug host says of itself: there, with the time of its connection; gone, by its will.

Both carry the same time, so that edge nodes can tell a will that comes late from the present one.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ingest.sparkplug_topic import state_topic

_MS = 1_000_000


@dataclass(slots=True)
class HostState:
    """Birth and death certificate of a host. since_ms : time of its connection."""

    host_id: str
    since_ms: int = 0

    @property
    def topic(self) -> str:
        """Where both are published, retained."""
        return state_topic(self.host_id)

    def connects(self, now_ns: int) -> None:
        """Begins a new connection."""
        self.since_ms = now_ns // _MS

    def payload(self, *, online: bool) -> bytes:
        """One of both, for the present connection."""
        return msgspec.json.encode({"online": online, "timestamp": self.since_ms})
