"""The bounded inbox between the MQTT thread and the writer.

It takes a message or leaves it unacknowledged and says so; it never blocks the network thread.
"""

from __future__ import annotations

import enum
import threading
from collections import deque
from dataclasses import dataclass

MAX_MESSAGES = 20_000  # 10 s at 2,000 messages a second
MAX_BYTES = 64 * 1024 * 1024  # 20,000 messages of 1.2 kB, and room for some large ones
MAX_BATCH_MESSAGES = 2_000
MAX_BATCH_BYTES = 1024 * 1024


@dataclass(slots=True)
class Arrival:
    """A message as it came; `size` is what was sent, `payload` is cut where that was too large.

    came_ns : of a dead letter that is tried again, when it came; None for what came now.
    """

    generation: int
    mid: int
    qos: int
    topic: str
    payload: bytes
    size: int
    recv_ns: int
    came_ns: int | None = None


class Put(enum.Enum):
    """What became of a message that was put."""

    TAKEN = "taken"
    FULL_MESSAGES = "full_messages"
    FULL_BYTES = "full_bytes"
    CLOSED = "closed"


class Inbox:
    """First in, first out, bounded by count and bytes."""

    def __init__(self, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._items: deque[Arrival] = deque()
        self._bytes = 0
        self._closed = False
        self._filled = threading.Condition()
        self.overflowed = 0

    def put(self, arrival: Arrival) -> Put:
        """Takes the message if there is room; never waits, and wakes nobody."""
        with self._filled:
            if self._closed:
                return Put.CLOSED
            if len(self._items) >= self._max_messages:
                self.overflowed += 1
                return Put.FULL_MESSAGES
            size = _size(arrival)
            if self._bytes + size > self._max_bytes:
                self.overflowed += 1
                return Put.FULL_BYTES
            self._items.append(arrival)
            self._bytes += size
            return Put.TAKEN

    def ring(self) -> None:
        """Wakes who waits for messages, once those of a burst are all there."""
        with self._filled:
            if self._items:
                self._filled.notify()

    def drain(self, timeout_s: float) -> list[Arrival]:
        """Waits until something is there, at most so long; what is there, up to a batch."""
        with self._filled:
            if not self._items and not self._closed and timeout_s > 0:
                self._filled.wait(timeout_s)
            batch: list[Arrival] = []
            size = 0
            while self._items and len(batch) < MAX_BATCH_MESSAGES and size < MAX_BATCH_BYTES:
                arrival = self._items.popleft()
                size += _size(arrival)
                batch.append(arrival)
            self._bytes -= size
            return batch

    def has_room(self) -> bool:
        """Whether half of it is free: enough to ask again for what found no room."""
        with self._filled:
            return len(self._items) * 2 <= self._max_messages and self._bytes * 2 <= self._max_bytes

    def close(self) -> None:
        """Takes nothing more; what is there can still be drained."""
        with self._filled:
            self._closed = True
            self._filled.notify()

    def size(self) -> tuple[int, int]:
        """Messages and bytes that wait."""
        with self._filled:
            return len(self._items), self._bytes


def _size(arrival: Arrival) -> int:
    return len(arrival.payload) + len(arrival.topic)  # one of 64 KiB is allowed, too
