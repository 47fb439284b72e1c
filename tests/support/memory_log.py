"""A log in memory: what `SqliteLog` does, without a file."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import msgspec

from podcore.frame import Frame, Kind

_BY_TIME = (Kind.READING, Kind.FORECAST)


class MemoryLog:
    """`LogWriter`, `LogReader` and `LogTail`; a derived one keeps the first of a natural key."""

    def __init__(self, *, derived: bool = False) -> None:
        self.frames: list[Frame] = []
        self._derived = derived
        self._keys: set[tuple[str, Kind, int, int]] = set()
        self._last = 0

    def append(self, frames: Sequence[Frame]) -> int:
        for frame in frames:
            self._last += 1
            key = (frame.site, frame.kind, int(frame.source), frame.ts_ns)
            if self._derived and key in self._keys:
                continue
            self._keys.add(key)
            self.frames.append(msgspec.structs.replace(frame, offset=self._last))
        return self._last

    def read(self, after: int, limit: int) -> list[Frame]:
        start = bisect.bisect_right(self.frames, after, key=lambda frame: frame.offset)
        return self.frames[start : start + limit]

    def first_offset(self) -> int:
        return self.frames[0].offset if self.frames else self._last + 1

    def last_offset(self) -> int:
        return self._last

    def between(self, site: str, from_ns: int, to_ns: int, after: int) -> list[Frame]:
        return [
            frame
            for frame in self.frames
            if frame.site == site
            and frame.kind in _BY_TIME
            and from_ns <= frame.ts_ns < to_ns
            and frame.offset > after
        ]

    def sites(self) -> list[str]:
        return sorted({frame.site for frame in self.frames if frame.kind in _BY_TIME})

    def trim(self, up_to: int) -> None:
        self.frames = [frame for frame in self.frames if frame.offset > up_to]
