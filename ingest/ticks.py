"""Ticks: one Frame at each new whole second of receive time, so that time passes in the log."""

from __future__ import annotations

from podcore.clock import NS
from podcore.frame import Frame, Kind, Source


class Ticks:
    """Says when a tick is due; after a stop there is one, not the missed ones."""

    def __init__(self, last_ns: int) -> None:
        self._last_s = last_ns // NS

    def due(self, recv_ns: int) -> Frame | None:
        """The tick that goes before what was received then; None when its second has one."""
        second = recv_ns // NS
        if second <= self._last_s:  # also when the machine's clock was set back
            return None
        self._last_s = second
        at_ns = second * NS
        return Frame(0, Kind.TICK, "", "", "", None, at_ns, at_ns, 0, Source.MEASURED, 0, b"")

    @staticmethod
    def next_in_s(now_ns: int) -> float:
        """Seconds until the next whole second."""
        return max(0.0, ((now_ns // NS + 1) * NS - now_ns) / NS)
