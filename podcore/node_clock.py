"""How far a node's clock is off, from when its messages came and what time they say.

A message comes some milliseconds after its time, one that waited comes later, none comes earlier:
the least delay of a minute is the clock's error but for the fastest way through the network. While
a backlog drains, that least delay falls from minute to minute; a wrong clock's stands still. So
two minutes must agree. What is estimated is shown and never used to correct a time.
"""

from __future__ import annotations

import msgspec

from podcore.clock import NS
from podcore.frame import Flag

WINDOW_NS = 60 * NS
STEADY_NS = 1 * NS  # between the least delays of two minutes; a backlog drains faster than this
SKEWED_NS = 2 * NS  # what is flagged; a machine with NTP keeps within milliseconds
_NO_CLOCK = int(Flag.RECORDED | Flag.NO_SOURCE_TIME)


def tells_time(flags: int) -> bool:
    """Whether a Frame with these flags has a time by which its node's clock can be judged."""
    return not flags & _NO_CLOCK


class NodeClock(msgspec.Struct, array_like=True):
    """The estimate of one node.

    minute : the one that is gathered. least_ns, before_ns : least delays of it, and of the last
    one that had messages. skew_ns : how far ahead the clock is; None while nothing is sure.
    """

    minute: int = 0
    least_ns: int | None = None
    before_ns: int | None = None
    skew_ns: int | None = None

    def saw(self, ts_ns: int, recv_ns: int) -> None:
        """Takes a live message with a time of its own."""
        minute = recv_ns // WINDOW_NS
        if minute != self.minute:
            self._conclude(minute)
        delay_ns = recv_ns - ts_ns
        if self.least_ns is None or delay_ns < self.least_ns:
            self.least_ns = delay_ns

    def _conclude(self, minute: int) -> None:
        least, before = self.least_ns, self.before_ns
        if least is not None:
            steady = before is not None and abs(least - before) <= STEADY_NS
            self.skew_ns = -min(least, before or least) if steady else None
        self.minute, self.least_ns, self.before_ns = minute, None, least
