"""What a sender sends ahead of a long backlog: the present, while the past drains at a rate.

```
   confirmed N        sent            after                     lane.sent          last
   ───┴── backlog, in flight ──┴── to drain, oldest first ──┴── the present, gone out ──┴── now ──
```

N stands in the backlog until that is done, so no ack says that something of the present has come.
Yet what is sent over one connection comes in order: once N passes what was the end of the backlog
in flight when a message of the present went out, that message has come as well, or is lost with
the connection. So what may be in flight is known without an ack of its own, and a receiver that is
away gets one window and no more. When the backlog is done N leaps over all that came; if it stands
at a gap instead, what lies above it is sent again like anything else.
"""

from __future__ import annotations

from collections import deque

# 27 minutes for nine hours of one message a second; 400 nodes that come back together stay at
# 8,000 messages a second.
DRAIN_PER_S = 20.0
MOST_SAVED_S = 1.0  # of the rate that was not used, and may be made up for
STEPS_PER_S = 10.0  # in which the backlog goes out, so that nobody wakes for one message


class LiveLane:
    """Above `after` all goes out at once; below it at a rate.

    after : the end of the backlog. sent : the last of the present that went out.
    """

    def __init__(self, after: int, drain_per_s: float, now_s: float) -> None:
        self.after = after
        self.sent = after
        self._per_s = drain_per_s
        self._paced_s = now_s  # up to when the rate is used
        self._marks: deque[int] = deque()  # at most a window

    @property
    def in_flight(self) -> int:
        """Messages of the present of which it is not known yet that they came."""
        return len(self._marks)

    def published(self, seq: int, backlog_sent: int) -> None:
        """One of the present is out, behind so much of the backlog."""
        self.sent = seq
        self._marks.append(backlog_sent)

    def confirmed(self, number: int) -> None:
        """N has moved."""
        while self._marks and self._marks[0] < number:
            self._marks.popleft()

    def drained(self, now_s: float) -> None:
        """One of the backlog is out."""
        self._paced_s = max(self._paced_s, now_s - MOST_SAVED_S) + 1.0 / self._per_s

    def allowed(self, now_s: float) -> int:
        """Messages of the backlog that may go now."""
        saved_s = min(now_s - self._paced_s, MOST_SAVED_S)
        count = int(saved_s * self._per_s + 1e-6)
        return count if count >= min(self._per_s / STEPS_PER_S, 1.0) else 0

    def next_s(self) -> float:
        """When more of the backlog may go."""
        return self._paced_s + max(1.0, self._per_s / STEPS_PER_S) / self._per_s
