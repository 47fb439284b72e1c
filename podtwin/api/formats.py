"""Formats of a range, chosen by `Accept`; the tables are long: one row a value."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from podtwin.api.aggregate import COLUMNS

JSON: Final = "application/json"
CSV: Final = "text/csv"
PARQUET: Final = "application/vnd.apache.parquet"
ARROW: Final = "application/vnd.apache.arrow.stream"
MEDIA_TYPES: Final = (JSON, CSV, PARQUET, ARROW)

SCHEMA: Final[dict[str, pl.DataType]] = {
    "ts": pl.Datetime("ns", "UTC"),
    "site": pl.String(),
    "asset": pl.String(),
    "point": pl.String(),
    "source": pl.String(),
    "value": pl.Float64(),
    "flags": pl.UInt8(),
    "sd": pl.Float32(),
}
_RFC3339 = "%Y-%m-%dT%H:%M:%S%.fZ"
# Ends an Arrow stream: the marker of a message, and its length of zero.
_ARROW_END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
# Strings as every reader knows them, not as views, which older ones do not.
_OLDEST = pl.CompatLevel.oldest()


def chosen_format(accept: str) -> str | None:
    """The media type to answer with; None when none that is accepted can be given."""
    best, best_quality = None, 0.0
    for part in accept.split(",") if accept.strip() else ("*/*",):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        media_type = JSON if name in ("*/*", "application/*") else CSV if name == "text/*" else name
        quality = _quality(parameters)
        if media_type in MEDIA_TYPES and quality > best_quality:
            best, best_quality = media_type, quality
    return best


def csv_parts(pieces: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """CSV, with the header even when there are no rows."""
    yield (",".join(COLUMNS) + "\r\n").encode()
    for piece in pieces:
        plain = _in_order(piece).with_columns(pl.col("ts").dt.replace_time_zone(None))
        text = plain.write_csv(
            include_header=False, datetime_format=_RFC3339, line_terminator="\r\n"
        )
        yield text.encode()


def arrow_parts(pieces: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """One Arrow stream: its schema once, then the record batches of all pieces."""
    schema, _ = _arrow(pl.DataFrame(schema=SCHEMA))
    yield schema
    for piece in pieces:
        yield _arrow(_in_order(piece))[1]
    yield _ARROW_END


def parquet_bytes(pieces: Iterable[pl.DataFrame]) -> bytes:
    """A Parquet file."""
    whole = pl.concat([pl.DataFrame(schema=SCHEMA), *(_in_order(piece) for piece in pieces)])
    buffer = io.BytesIO()
    whole.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _in_order(piece: pl.DataFrame) -> pl.DataFrame:
    return piece.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _arrow(table: pl.DataFrame) -> tuple[bytes, bytes]:
    """The schema message of a table's stream, and the batches after it."""
    buffer = io.BytesIO()
    table.write_ipc_stream(buffer, compat_level=_OLDEST)
    whole = buffer.getvalue().removesuffix(_ARROW_END)
    # A message is a marker, the length of its head, and the head; a schema has nothing after it.
    end = 8 + int.from_bytes(whole[4:8], "little")
    return whole[:end], whole[end:]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
