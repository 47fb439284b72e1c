"""A backlog in memory, numbered like an outbox."""

from __future__ import annotations

from ingest.native import encode_telemetry
from podcore.ports import Message

POINT = "meter-1/power"
_START_NS = 1_795_521_600_000_000_000


class MemoryBacklog:
    """Messages 1 to n of one boot, a second apart; lets go of what is confirmed when it `trims`.

    after_s : Unix time before the first; with 0 they are of 1970, too early to be stored.
    """

    def __init__(self, boot: str, count: int = 0, *, trims: bool = True, after_s: int = 0) -> None:
        self._after_s = after_s
        self._boot = boot
        self._first = 1
        self._last = count
        self._trims = trims
        self._dropped = 0

    @property
    def boot(self) -> str:
        return self._boot

    @property
    def dropped(self) -> int:
        return self._dropped

    def drop(self, up_to: int) -> None:
        """As if the oldest had been given up."""
        self._dropped += max(0, up_to + 1 - self._first)
        self._first = max(self._first, up_to + 1)

    def first(self) -> int:
        return self._first

    def last(self) -> int:
        return self._last

    def grow(self, count: int) -> None:
        """As if so many had been appended."""
        self._last += count

    def read(self, after: int, limit: int) -> list[Message]:
        low, high = max(after + 1, self._first), min(after + limit, self._last)
        return [
            Message(seq, encode_telemetry(self._boot, seq, self._ts_ns(seq), {"a/x": float(seq)}))
            for seq in range(low, high + 1)
        ]

    def _ts_ns(self, seq: int) -> int:
        return (self._after_s + seq) * 10**9

    def confirm(self, seq: int) -> None:
        if self._trims:
            self._first = max(self._first, min(seq, self._last) + 1)


class ReadingBacklog(MemoryBacklog):
    """A backlog of readings of one point, a second apart, whose value is their number."""

    def read(self, after: int, limit: int) -> list[Message]:
        return [
            Message(
                one.seq,
                encode_telemetry(
                    self.boot, one.seq, _START_NS - one.seq * 10**9, {POINT: float(one.seq)}
                ),
            )
            for one in super().read(after, limit)
        ]
