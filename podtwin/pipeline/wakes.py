"""One wake-up for many readers: each has an event of its own, a commit sets them all."""

from __future__ import annotations

import threading


class Wakes:
    """Called with an offset after each commit."""

    def __init__(self) -> None:
        self._events: list[threading.Event] = []

    def new(self) -> threading.Event:
        """An event for one more reader, who clears it."""
        event = threading.Event()
        self._events.append(event)
        return event

    def __call__(self, _offset: int = 0) -> None:
        """Wakes all."""
        for event in self._events:
            event.set()
