"""Rows of the history: what a Frame becomes when it is sealed, and how doubles are settled.

A row is one value of one point. What comes twice for the same (point, source, ts) falls to
the newest receive, and to the higher offset where both came in the same millisecond (a row
keeps no more of it): `settle` and `RowBuilder` apply the same rule, so it does not matter
whether two rows meet in a seal or in a query.
"""

from __future__ import annotations

from itertools import repeat
from typing import Final

import numpy as np
import polars as pl

from podcore.frame import READING, Frame, Kind, Source

NS_PER_MS: Final = 1_000_000
TS: Final = pl.Datetime("ns", "UTC")

SCHEMA: Final[dict[str, pl.DataType]] = {
    "ts": TS,
    "asset": pl.String(),
    "point": pl.String(),
    "value": pl.Float64(),
    "flags": pl.UInt8(),
    "source": pl.String(),
    "sd": pl.Float32(),
    "recv_delay_ms": pl.Int64(),
    "node": pl.String(),
    "seq": pl.Int64(),
}
# Source before time: one point's rows of one source lie together, and compress together.
ORDER: Final = ("asset", "point", "source", "ts")
SERIES: Final = ("asset", "point", "source")
# What of a row an answer is made of; who sent it, and under which number, is not among it.
ANSWERED: Final = ("ts", *SERIES, "value", "flags", "sd", "recv_delay_ms")

_SOURCE_WORDS = pl.Series([""] + [source.word for source in Source], dtype=pl.String)


class RowBuilder:
    """Rows from Frames, in columns.

    Parameters
    ----------
    wanted : local ids `asset/point` to keep, or None for all.
    """

    def __init__(self, wanted: frozenset[str] | None = None) -> None:
        self._wanted = wanted
        self._codes = _Codes()
        self._frames: list[Frame] = []
        self._counts: list[int] = []
        self._points: list[int] = []
        self._values: list[float] = []
        self._flags: list[int] = []
        self._sd: list[float | None] = []

    def __len__(self) -> int:
        return len(self._values)

    def add(self, frame: Frame) -> None:
        """Appends the values of a reading Frame; other kinds hold none. Frames come by offset."""
        if frame.kind is not Kind.READING:
            return
        body = READING.decode(frame.body)
        points, values = body.points, body.values
        flags, sd = body.flags, body.sd
        if self._wanted is not None:
            kept = [i for i, point in enumerate(points) if point in self._wanted]
            points, values = [points[i] for i in kept], [values[i] for i in kept]
            flags = flags and [flags[i] for i in kept]
            sd = sd and [sd[i] for i in kept]
        if not points:
            return
        self._frames.append(frame)
        self._counts.append(len(points))
        self._points.extend(map(self._codes.__getitem__, points))
        self._values.extend(values)
        self._flags.extend(flags or repeat(0, len(points)))
        self._sd.extend(sd or repeat(None, len(points)))

    def build(self) -> pl.DataFrame:
        """All rows, sorted by `ORDER`, each (point, source, ts) once."""
        if not self._values:
            return pl.DataFrame(schema=SCHEMA)
        of = np.repeat(np.arange(len(self._counts)), self._counts)
        ts = self._column("ts_ns")[of]
        delay = (self._column("recv_ns")[of] - ts) // NS_PER_MS
        source = self._column("source")[of]
        names, ranks = self._codes.ranked()
        point = ranks[np.array(self._points)]
        # lexsort is stable and its last key leads: rows of one key end with the newest receive.
        order = np.lexsort((delay, ts, source, point))
        keys = np.stack((point[order], source[order], ts[order]))
        last = np.append((keys[:, 1:] != keys[:, :-1]).any(axis=0), True)
        take = order[last]
        of = of[take]
        flags = (self._column("flags")[of] | np.array(self._flags)[take]).astype(np.uint8)
        sd = pl.Series(self._sd, dtype=pl.Float32)
        nodes = pl.Series([frame.node for frame in self._frames], dtype=pl.String)
        seqs = pl.Series([frame.seq for frame in self._frames], dtype=pl.Int64)
        columns = {
            "ts": pl.Series(ts[take]).cast(TS),
            "asset": names["asset"].gather(point[take]),
            "point": names["point"].gather(point[take]),
            "value": np.array(self._values)[take],
            "flags": flags,
            "source": _SOURCE_WORDS.gather(source[take]),
            "sd": sd.gather(take),
            "recv_delay_ms": delay[take],
            "node": nodes.gather(of),
            "seq": seqs.gather(of),
        }
        return pl.DataFrame(columns, schema=SCHEMA)

    def _column(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([getattr(frame, name) for frame in self._frames], dtype=np.int64)


def settle(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows sorted by `ORDER`, each (point, source, ts) once.

    Of rows with the same `recv_delay_ms` the later one in `rows` stays, so callers pass older
    offsets first.
    """
    ordered = rows.sort(*ORDER, "recv_delay_ms", maintain_order=True)
    return ordered.unique(subset=ORDER, keep="last", maintain_order=True)


class _Codes(dict[str, int]):
    """Small integers for point ids, so that sorting compares no text."""

    def __missing__(self, point: str) -> int:
        self[point] = code = len(self)
        return code

    def ranked(self) -> tuple[pl.DataFrame, np.ndarray[tuple[int], np.dtype[np.int64]]]:
        """The names in sorted order, and for each code its place there."""
        split = [point.partition("/") for point in self]
        order = sorted(range(len(split)), key=lambda code: split[code])
        ranks = np.empty(len(order), dtype=np.int64)
        ranks[order] = np.arange(len(order))
        names = pl.DataFrame(
            {
                "asset": [split[code][0] for code in order],
                "point": [split[code][2] for code in order],
            },
            schema={"asset": pl.String, "point": pl.String},
        )
        return names, ranks
