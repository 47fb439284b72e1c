"""How far behind each reader of the log is, in Frames and in time, and when it will be through."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.log import SharedLogReader
from podcore.clock import NS
from podcore.ports import Clock
from podtwin.status import ReaderLag

RATE_OVER_S = 10.0  # the least stretch of time that a rate is taken over


def reader_name(cursor: str) -> str:
    """What people call the reader of a log's cursor: `seal`, `forward-influx`."""
    kind, *names = cursor.split("/")
    return "seal" if kind == "sealer" else "-".join((kind, *names[:-1]))


@dataclass(slots=True)
class _Sample:
    at_s: float
    frames: int
    per_s: float = 0.0


class Lags:
    """Asked from any thread; remembers what it saw a while ago, for the rate."""

    def __init__(self, log: SharedLogReader, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._samples: dict[str, _Sample] = {}

    def of(self, offsets: Mapping[str, int]) -> tuple[ReaderLag, ...]:
        """Each reader's lag. offsets : how far each has come, by name."""
        now_ns, now_s = self._clock.now_ns(), self._clock.monotonic_s()
        found = []
        for reader, offset in offsets.items():
            frames, oldest_ns = self._log.waiting(offset)
            age_s = 0.0 if oldest_ns is None else max(0.0, (now_ns - oldest_ns) / NS)
            per_s = self._per_s(reader, frames, now_s)
            left_s = round(frames / per_s, 1) if frames and per_s > 0 else None
            found.append(ReaderLag(reader, frames, round(age_s, 1), left_s))
        return tuple(found)

    def _per_s(self, reader: str, frames: int, now_s: float) -> float:
        """How fast its lag shrinks, below 0 where it grows."""
        with self._lock:
            sample = self._samples.setdefault(reader, _Sample(now_s, frames))
            took_s = now_s - sample.at_s
            if took_s >= RATE_OVER_S:
                per_s = (sample.frames - frames) / took_s
                self._samples[reader] = sample = _Sample(now_s, frames, per_s)
            return sample.per_s
