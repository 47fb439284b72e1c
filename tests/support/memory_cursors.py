"""Cursors in a dictionary."""

from __future__ import annotations

from collections.abc import Mapping


class MemoryCursors:
    """How far each reader has come, until the process ends."""

    def __init__(self) -> None:
        self._offsets: dict[str, int] = {}

    def get(self, reader: str) -> int:
        return self._offsets.get(reader, 0)

    def set(self, reader: str, offset: int) -> None:
        self._offsets[reader] = offset

    def all(self) -> Mapping[str, int]:
        return dict(self._offsets)
