"""A sink in memory, that takes, refuses or is away as a test says."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from podcore.frame import Frame
from podcore.ports import WriteRefused
from podcore.undelivered import Undelivered


class MemorySink:
    """`Sink`; `failures` are raised first, one a write. `refused` are offsets that it never takes.

    `half` : on a failure so many Frames were stored all the same, as a server may have done.
    """

    def __init__(self) -> None:
        self.frames: dict[int, Frame] = {}
        self.writes = 0
        self.failures: deque[Exception] = deque()
        self.refused: set[int] = set()
        self.half = 0

    def write(self, frames: Sequence[Frame]) -> list[WriteRefused]:
        self.writes += 1
        if self.failures:
            self._store(frames[: self.half])
            raise self.failures.popleft()
        self._store(frames)
        return [
            WriteRefused(each.offset, "bucket retention", "too old", f"line {each.offset}")
            for each in frames
            if each.offset in self.refused
        ]

    def _store(self, frames: Sequence[Frame]) -> None:
        self.frames |= {each.offset: each for each in frames if each.offset not in self.refused}


class MemoryBook:
    """`ForwardBook`; `failures` are raised by `settle`, one a call."""

    def __init__(self) -> None:
        self.cursors: dict[str, int] = {}
        self.refused: list[Undelivered] = []
        self.minutes: set[tuple[str, int]] = set()
        self.failures: deque[BaseException] = deque()

    def get(self, reader: str) -> int:
        return self.cursors.get(reader, 0)

    def settle(
        self,
        reader: str,
        offset: int,
        refused: Sequence[Undelivered],
        minutes: Collection[tuple[str, int]] = (),
    ) -> None:
        if self.failures:
            raise self.failures.popleft()
        self.refused += refused
        self.minutes |= set(minutes)
        self.cursors[reader] = offset
