"""Requests to try dead letters again, kept in memory."""

from __future__ import annotations

from collections.abc import Sequence

from podcore.errors import NotWritten
from podcore.retry import RetryRequest


class MemoryRetries:
    """What waits, in its order. `refusing`: the disk does not take that one is done."""

    def __init__(self) -> None:
        self.waiting: list[RetryRequest] = []
        self.refusing = False
        self._asked = 0

    def ask(self, *letters: int) -> None:
        for letter in letters:
            self._asked += 1
            self.waiting.append(RetryRequest(f"r{self._asked}", letter, "kl", 1))

    def pending(self, limit: int) -> Sequence[RetryRequest]:
        return self.waiting[:limit]

    def done(self, request: str) -> None:
        if self.refusing:
            raise NotWritten("state.db: database or disk is full")
        self.waiting = [each for each in self.waiting if each.id != request]
