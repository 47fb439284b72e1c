"""What a sender does next: announce itself, send, send again, or wait. Pure; time is an argument.

```
            connected              answered, or waited 5 s
   DOWN ──────────────> ANNOUNCE ──────────────────────────> SENDING ─┐ acknowledged: window moves
     ^                     ^    birth is out: ANNOUNCED         │ ^   │
     │ lost                └─────────────────────────────────────┘ └──┘
     └── from everywhere       stalled, behind, clock
```

Past a backlog of more than a window the present goes first and the past follows at a rate; see
`ingest.live_lane`.

`confirmed` follows the receiver's acks alone, `sent` runs ahead of it by at most a window and
goes back to it with each announcement. So every loss, of a message, an ack, a connection, a
broker's queue or the receiver's disk, is mended the same way: announce, hear N, send from N+1.

A receiver that is away for a night must not find thousands of copies of one window in the
broker's queue: each repetition that moves nothing doubles the patience, up to 16 times 30 s.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from dataclasses import dataclass

from ingest.live_lane import LiveLane
from ingest.native import Ack

WINDOW = 500  # unconfirmed messages; 0.6 MB at 1.2 kB each
RESEND_S = 30.0
ACK_WAIT_S = 5.0
CHUNK = 100  # messages between two looks at what came in
_MOST_PATIENCE = 16


class Phase(enum.Enum):
    """Where a sender is in its conversation."""

    DOWN = "down"
    ANNOUNCE = "announce"
    ANNOUNCED = "announced"
    SENDING = "sending"


class Why(enum.Enum):
    """The reason of an announcement."""

    CONNECTED = "connected"
    STALLED = "stalled"
    BEHIND = "behind"
    CLOCK = "clock"
    DROPPED = "dropped"


class Heard(enum.Enum):
    """What an ack meant."""

    MOVED = "moved"
    SAME = "same"
    WENT_BACK = "went_back"
    BEHIND = "behind"
    AHEAD = "ahead"
    OTHER_BOOT = "other_boot"
    NOT_CONNECTED = "not_connected"


@dataclass(frozen=True, slots=True)
class Announce:
    """Publish the birth; `edition` counts the changes of the clock so far."""

    why: Why
    edition: int


@dataclass(frozen=True, slots=True)
class Send:
    """Publish at most `limit` messages above `after`."""

    after: int
    limit: int


class Idle(enum.Enum):
    """The reason of doing nothing."""

    DOWN = "down"
    BIRTH_UNANSWERED = "birth_unanswered"
    WINDOW_FULL = "window_full"
    HELD_BACK = "held_back"
    UNCONFIRMED = "unconfirmed"
    DRAINING = "draining"
    NOTHING_LEFT = "nothing_left"


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until_s` unless something happens."""

    why: Idle
    until_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Held:
    """What the backlog holds at the moment."""

    first: int
    last: int


class Sending:
    """The state of one sender's conversation with its receiver; times are monotonic seconds.

    window : unconfirmed messages at most.
    resend_s : patience before what is unconfirmed is sent again.
    ack_wait_s : how long a birth waits for its ack before the messages go out all the same.
    drain_per_s : of a backlog past a window, so that the present goes first; None for in order.
    """

    def __init__(
        self,
        boot: str,
        confirmed: int,
        *,
        window: int = WINDOW,
        resend_s: float = RESEND_S,
        ack_wait_s: float = ACK_WAIT_S,
        drain_per_s: float | None = None,
    ) -> None:
        self.boot = boot
        self.confirmed = confirmed
        self.sent = confirmed
        self.phase = Phase.DOWN
        self.answered = False  # since the connection was made
        self.readings_refused = 0  # by the receiver, of this boot
        self.edition = 0
        self._window = window
        self._resend_s = resend_s
        self._ack_wait_s = ack_wait_s
        self._why = Why.CONNECTED
        self._drain_per_s = drain_per_s
        self._lane: LiveLane | None = None
        self._recorded = False
        self._barriers: deque[tuple[int, bool]] = deque()
        self._released: int | None = None
        self._announced_first = 0
        self._since_s = 0.0  # when N last moved, or the wait for it began
        self._patience = 1
        self._hurry_until_s = math.inf

    def connected(self) -> None:
        """A connection stands and the ack topic is subscribed."""
        self.answered = False
        self._announce(Why.CONNECTED)

    def lost(self) -> None:
        """The connection is gone; what was sent on it may be too."""
        self.phase = Phase.DOWN
        self._start_over()

    def begin(self, *, recorded: bool) -> None:
        """Says which clock the first edition is of; what is recorded goes in order."""
        self._recorded = recorded

    @property
    def draining(self) -> bool:
        """Whether a backlog goes out behind the present."""
        return self._lane is not None

    def is_answered(self, now_s: float) -> bool:
        """Whether a receiver takes what is sent; not while N stands and something is in flight."""
        idle = self.sent == self.confirmed and self._lane is None
        return idle or now_s - self._since_s < self._resend_s

    def change_clock_after(self, seq: int, *, recorded: bool = False) -> None:
        """Holds back what lies above `seq` until all up to it is confirmed and a new birth out."""
        self._barriers.append((seq, recorded))

    def release(self, up_to: int) -> None:
        """Holds back what lies above `up_to`, which is how a stream keeps a pace."""
        self._released = up_to

    def acknowledged(self, ack: Ack, held: Held, now_s: float) -> Heard:
        """Takes an ack into account; what it meant."""
        if ack.boot != self.boot:
            return Heard.OTHER_BOOT
        if self.phase is Phase.DOWN:
            return Heard.NOT_CONNECTED
        self.answered = True
        self.readings_refused = ack.refused
        if ack.seq < held.first - 1 and self._announced_first < held.first:
            # It counts from a `first` that was announced long ago; told the present one, it
            # gives up what is no longer held instead of waiting for it for ever.
            self._announce(Why.BEHIND)
            return Heard.BEHIND
        unasked = self.phase is Phase.SENDING
        if self.phase is Phase.ANNOUNCED:
            self.phase = Phase.SENDING
            self._since_s = now_s
        heard = self._move(ack.seq, held, now_s)
        if heard is Heard.SAME and unasked and self.sent > self.confirmed:
            # A receiver that speaks without having moved has just started. What went out before
            # that is in its broker's queue and comes soon, or was for nobody and is lost.
            hurry_until_s = now_s + self._ack_wait_s * self._patience
            self._hurry_until_s = min(self._hurry_until_s, hurry_until_s)
        return heard

    def _move(self, seq: int, held: Held, now_s: float) -> Heard:
        confirmed = min(max(seq, held.first - 1), held.last)
        before, self.confirmed = self.confirmed, confirmed
        if confirmed != before:
            self._hurry_until_s = math.inf
        if confirmed < before:
            self._start_over()
            self._since_s = now_s
            return Heard.WENT_BACK
        if confirmed > before:
            self.sent = max(self.sent, confirmed)
            if self._lane is not None:
                self._lane.confirmed(confirmed)
            self._since_s = now_s
            self._patience = 1
        if seq > held.last:
            return Heard.AHEAD
        return Heard.MOVED if confirmed > before else Heard.SAME

    def next(self, held: Held, now_s: float) -> Announce | Send | Wait:
        """What to do now."""
        if self.phase is Phase.DOWN:
            return Wait(Idle.DOWN)
        self._skip_dropped(held)
        if self._barriers and self.confirmed >= self._barriers[0][0]:
            _, self._recorded = self._barriers.popleft()
            self.edition += 1
            self._announce(Why.CLOCK)
        if self.phase is Phase.ANNOUNCE:
            return Announce(self._why, self.edition)
        if self.phase is Phase.ANNOUNCED:
            until_s = self._since_s + self._ack_wait_s
            if now_s < until_s:
                return Wait(Idle.BIRTH_UNANSWERED, until_s)
            self.phase = Phase.SENDING
            self._since_s = now_s
        return self._send_or_wait(held, now_s)

    def _skip_dropped(self, held: Held) -> None:
        """Goes on behind what the outbox gave up; the receiver, which waits for it, is told.

        What is in flight stays so: it comes, and need not be sent again for this.
        """
        if held.first - 1 <= self.confirmed:
            return
        self.confirmed = held.first - 1
        self.sent = max(self.sent, self.confirmed)
        if self._lane is not None:
            self._lane.confirmed(self.confirmed)
        if self.phase is not Phase.ANNOUNCE:
            self.phase, self._why = Phase.ANNOUNCE, Why.DROPPED

    def _send_or_wait(self, held: Held, now_s: float) -> Announce | Send | Wait:
        lane = self._live_lane(held, now_s)
        if lane is not None:
            return self._send_both(lane, held, now_s)
        up_to = min((held.last, *(seq for seq, _ in self._barriers)))
        if self._released is not None:
            up_to = min(up_to, self._released)
        room = self.confirmed + self._window - self.sent
        if self.sent < up_to and room > 0:
            return Send(self.sent, min(up_to - self.sent, room, CHUNK))
        if self.sent == self.confirmed:
            return Wait(Idle.NOTHING_LEFT)
        until_s = self._again_at_s()
        if now_s >= until_s:
            return self._stalled()
        if room <= 0:
            return Wait(Idle.WINDOW_FULL, until_s)
        return Wait(Idle.HELD_BACK if up_to < held.last else Idle.UNCONFIRMED, until_s)

    def _live_lane(self, held: Held, now_s: float) -> LiveLane | None:
        """What runs ahead, begun when a backlog is long and ended when it is done."""
        lane, in_order = self._lane, bool(self._barriers) or self._released is not None
        if lane is not None and (self.sent >= lane.after or in_order):
            # What ran ahead counts as in flight now, until N leaps over it.
            self.sent = max(self.sent, lane.sent) if self.sent >= lane.after else self.sent
            self._lane = lane = None
        waits = held.last - self.sent > self._window
        if self._drain_per_s and lane is None and waits and not in_order and not self._recorded:
            self._lane = lane = LiveLane(held.last, self._drain_per_s, now_s)
        return lane

    def _send_both(self, lane: LiveLane, held: Held, now_s: float) -> Announce | Send | Wait:
        behind = self.sent - self.confirmed
        room = self._window - behind - lane.in_flight
        if lane.sent < held.last and room > 0:
            return Send(lane.sent, min(held.last - lane.sent, room, CHUNK))
        until_s = self._again_at_s() if behind or lane.in_flight else math.inf
        if now_s >= until_s:
            return self._stalled()
        # A fifth of the window is the present's alone.
        room = min(room, self._window - self._window // 5 - behind)
        if room <= 0:
            return Wait(Idle.WINDOW_FULL, until_s)
        count = min(lane.allowed(now_s), lane.after - self.sent, room, CHUNK)
        if count > 0:
            return Send(self.sent, count)
        return Wait(Idle.DRAINING, min(until_s, lane.next_s()))

    def _again_at_s(self) -> float:
        """When what is in flight is sent again."""
        return min(self._since_s + self._resend_s * self._patience, self._hurry_until_s)

    def _stalled(self) -> Announce:
        self._patience = min(2 * self._patience, _MOST_PATIENCE)
        self._announce(Why.STALLED)
        return Announce(self._why, self.edition)

    def announced(self, held: Held, now_s: float) -> None:
        """The birth is out, with the lowest seq that was then held."""
        self.phase = Phase.ANNOUNCED
        self._announced_first = held.first
        self._since_s = now_s

    def published(self, seq: int, now_s: float) -> None:
        """A message is out."""
        lane = self._lane
        if self.sent == self.confirmed and (lane is None or not lane.in_flight):
            self._since_s = now_s
        if lane is not None and seq > lane.after:
            lane.published(seq, self.sent)
            return
        if lane is not None:
            lane.drained(now_s)
        self.sent = seq

    def _start_over(self) -> None:
        self.sent = self.confirmed
        self._lane = None

    def _announce(self, why: Why) -> None:
        self.phase = Phase.ANNOUNCE
        self._why = why
        self._start_over()
        self._hurry_until_s = math.inf
