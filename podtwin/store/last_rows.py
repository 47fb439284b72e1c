"""The last row of each series in a file, kept in its footer: what `latest` reads of it.

A file is sorted by point, so its newest rows lie all over it, and finding them is reading it
whole (300 ms for a day of 500 points). The footer's metadata hold them once more, 20 bytes each.
"""

from __future__ import annotations

import base64
import io
import mmap
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from podcore.frame import READING, Frame, Kind, ReadingBody, Source
from podtwin.store.rows import ANSWERED, NS_PER_MS, SCHEMA, SERIES

KEY: Final = "podtwin.last"
FOOTER_BYTES: Final = 4_000_000  # of 2,000 points and hundreds of row groups, from the end
HEADS: Final = 16  # nodes of a site that say the same points again and again, and some
# Files that do not change, in memory for who asks again: 25 MB for sites of 500 points.
REMEMBERED: Final = 256

_SCHEMA: Final = {name: SCHEMA[name] for name in ANSWERED}
_MARK: Final = KEY.encode() + b"\x18"  # then the length, as a varint of Thrift, and the text


def may_be_last() -> pl.Expr:
    """Rows that another series follows, or no later time: of sorted rows the last of each."""
    changes = [pl.col(name) != pl.col(name).shift(-1) for name in SERIES]
    last = pl.any_horizontal(*changes, pl.col("ts") >= pl.col("ts").shift(-1))
    return last.fill_null(value=True)


def newest(rows: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The newest row of each series, of several by the rule of `rows.settle`."""
    ordered = pl.concat(rows).sort("ts", "recv_delay_ms", maintain_order=True)
    return ordered.unique(subset=SERIES, keep="last", maintain_order=True).sort(SERIES)


def pack(rows: pl.DataFrame) -> str:
    """The text that stands in the footer."""
    buffer = io.BytesIO()
    rows.write_ipc(buffer, compression="zstd")
    return base64.b64encode(buffer.getvalue()).decode()


def read_last(path: Path) -> pl.DataFrame | None:
    """The last rows of a file as its footer has them; None when it has none.

    Raises
    ------
    FileNotFoundError  When it is gone.
    """
    stat = path.stat()
    return _remembered(path, stat.st_ino, stat.st_mtime_ns)


@lru_cache(maxsize=REMEMBERED)
def _remembered(path: Path, _inode: int, _mtime_ns: int) -> pl.DataFrame | None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.rfind(_MARK, max(0, len(content) - FOOTER_BYTES))
        if at < 0:
            return None
        at, length = _varint(content, at + len(_MARK))
        return pl.read_ipc(io.BytesIO(base64.b64decode(content[at : at + length], validate=True)))


def last_of_frames(frames: Iterable[Frame]) -> pl.DataFrame:
    """The newest row of each series in Frames of one log, which come by offset."""
    known: dict[Source, set[str]] = {}
    heads: dict[Source, tuple[bytes, ...]] = {}
    rows: list[tuple[object, ...]] = []
    # The newest first: of later ones nothing is taken but what no newer Frame had. Nodes say the
    # same points again and again, which the first bytes of a Frame tell without a decoding.
    for frame in sorted(frames, key=lambda f: (f.ts_ns, _delay_ms(f), f.offset), reverse=True):
        of_source = heads.get(frame.source, ())
        if frame.kind is Kind.READING and not frame.body.startswith(of_source):
            body, seen = READING.decode(frame.body), known.setdefault(frame.source, set())
            rows += _rows_of(frame, body, seen)
            seen.update(body.points)
            heads[frame.source] = (*of_source, _head(frame, body))[-HEADS:]
    if not rows:
        return pl.DataFrame(schema=_SCHEMA)
    columns = dict(zip(ANSWERED, zip(*rows, strict=True), strict=True))
    whole = pl.DataFrame(columns, schema={**_SCHEMA, "ts": pl.Int64()})
    return whole.with_columns(pl.col("ts").cast(SCHEMA["ts"]))


def _rows_of(frame: Frame, body: ReadingBody, seen: set[str]) -> Iterator[tuple[object, ...]]:
    flags, sd, delay_ms = body.flags, body.sd, _delay_ms(frame)
    for at, local in enumerate(body.points):
        if local not in seen:
            asset, _, point = local.partition("/")
            its_flags = frame.flags | (flags[at] if flags else 0)
            its_sd = sd[at] if sd else None
            word = frame.source.word
            yield frame.ts_ns, asset, point, word, body.values[at], its_flags, its_sd, delay_ms


def _head(frame: Frame, body: ReadingBody) -> bytes:
    """The bytes of a Frame up to the end of its points."""
    points = msgspec.msgpack.encode(body.points)
    at = frame.body.find(points)
    return frame.body[: at + len(points)] if at >= 0 else frame.body


def _delay_ms(frame: Frame) -> int:
    return (frame.recv_ns - frame.ts_ns) // NS_PER_MS


def _varint(content: mmap.mmap, at: int) -> tuple[int, int]:
    """Where a number ends, and the number."""
    value = shift = 0
    while True:
        byte = content[at]
        at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the top bit says that more follows
            return at, value
