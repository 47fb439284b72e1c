"""A log in a list: reader, writer and tail; with `derived`, a natural key as in the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from podcore.frame import Frame, Kind


@dataclass
class MemoryLog:
    """Frames by offset, from 1, without gaps until it is trimmed."""

    derived: bool = False
    frames: list[Frame] = field(default_factory=list)
    _last: int = 0
    _keys: set[tuple[object, ...]] = field(default_factory=set)

    def append(self, frames: Sequence[Frame]) -> int:
        for frame in frames:
            self._last += 1
            key = (frame.site, frame.kind, frame.source, frame.ts_ns)
            if not self.derived or key not in self._keys:
                self._keys.add(key)
                self.frames.append(msgspec.structs.replace(frame, offset=self._last))
        return self._last

    def read(self, after: int, limit: int) -> list[Frame]:
        return [frame for frame in self.frames if frame.offset > after][:limit]

    def first_offset(self) -> int:
        return self.frames[0].offset if self.frames else self._last + 1

    def last_offset(self) -> int:
        return self._last

    def between(self, site: str, from_ns: int, to_ns: int, after: int) -> list[Frame]:
        return [
            frame
            for frame in self.frames
            if frame.kind in {Kind.READING, Kind.FORECAST}
            and frame.site == site
            and from_ns <= frame.ts_ns < to_ns
            and frame.offset > after
        ]

    def sites(self) -> list[str]:
        timed = {Kind.READING, Kind.FORECAST}
        return sorted({frame.site for frame in self.frames if frame.kind in timed})

    def trim(self, up_to: int) -> int:
        before = len(self.frames)
        self.frames = [frame for frame in self.frames if frame.offset > up_to]
        return before - len(self.frames)
