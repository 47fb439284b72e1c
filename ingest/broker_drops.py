"""What a broker says that it has thrown away, where it says so.

A broker whose queue is too short for the load drops messages that it has already acknowledged to
their senders. Mosquitto counts them on a topic of its own, a value every ten seconds; the first
one, of the time before, comes with the subscription. Other brokers say nothing there: `podtwin
doctor` proves their queue.
"""

from __future__ import annotations

import threading

import structlog

from podcore.ports import Clock

DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"
STANDS_S = 600.0  # how long a loss is told of: ten minutes without another and it is over
WAY_OUT = (
    "raise max_queued_messages and max_inflight_messages of the broker, or let fewer subscribers "
    "be away; senders with an outbox send again, the messages of others are gone"
)

logger = structlog.get_logger("ingest")


class BrokerDrops:
    """Hears the broker's count; told of by the network thread, looked at by any."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._count: int | None = None
        self._last_s: float | None = None
        self.dropped = 0

    @property
    def heard_of(self) -> bool:
        """Whether the broker has said anything."""
        return self._count is not None

    def heard(self, payload: bytes) -> None:
        """Takes what the broker says; anything but a whole number says nothing."""
        if not payload.isdigit() or len(payload) > len(str(2**64)):
            return
        count, now_s = int(payload), self._clock.monotonic_s()
        with self._lock:
            before, self._count = self._count, count
            stood = self._stands(now_s)
            # The first count is of the time before us; a lower one, of a broker started anew.
            grown = 0 if before is None or count < before else count - before
            if grown:
                self.dropped += grown
                self._last_s = now_s
        if before is None and count:
            logger.warning("broker_has_dropped", messages=count, way_out=WAY_OUT)
        elif grown and not stood:  # once while it lasts
            logger.error("broker_drops", messages=grown, way_out=WAY_OUT)

    def why(self) -> str:
        """What is wrong, for people; empty when nothing was dropped of late."""
        with self._lock:
            if not self._stands(self._clock.monotonic_s()):
                return ""
            return f"the broker has dropped {self.dropped} messages for want of room: {WAY_OUT}"

    def _stands(self, now_s: float) -> bool:
        return self._last_s is not None and now_s - self._last_s < STANDS_S
