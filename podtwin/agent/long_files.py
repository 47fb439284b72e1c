"""Long tables from disk in pieces, whatever their form: CSV, Parquet, Arrow file or stream."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import polars as pl

from podcore.errors import ConfigError
from podcore.names import did_you_mean

PIECE_ROWS = 250_000  # about 20 MB of a long table
NEEDED = ("ts", "asset", "point", "value")
KNOWN = (*NEEDED, "site", "source")
_MAX_MESSAGE = 1 << 30  # bytes of an Arrow message; ours are a few MB
_CONTINUED = b"\xff\xff\xff\xff"
_END = _CONTINUED + b"\0\0\0\0"
_RECORD_BATCH = 3  # of the kinds of Arrow messages; 2 is a dictionary


def pieces_of(file: Path) -> Iterator[pl.DataFrame]:
    """The rows of a file in its order, as pieces of the columns that are known.

    Raises
    ------
    ConfigError  When it cannot be read, or has no such columns.
    """
    try:
        with file.open("rb") as stream:
            begin = stream.read(6)
        if begin.startswith(_CONTINUED):
            yield from _arrow_stream(file)
        else:
            yield from _scanned(file, begin)
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        raise ConfigError("FILE", str(file), f"cannot be read: {error}") from error


def _scanned(file: Path, begin: bytes) -> Iterator[pl.DataFrame]:
    if begin.startswith(b"PAR1"):
        scan = pl.scan_parquet(file, hive_partitioning=False)
    elif begin.startswith(b"ARROW1"):
        scan = pl.scan_ipc(file)
    else:
        scan = pl.scan_csv(file, infer_schema=False)
    columns = _columns(file, scan.collect_schema().names())
    yield from scan.select(columns).collect_batches(chunk_size=PIECE_ROWS, maintain_order=True)


def _columns(file: Path, held: list[str]) -> list[str]:
    for name in NEEDED:
        if name not in held:
            rule = f"has no column {name}; an export has {', '.join(KNOWN)}"
            raise ConfigError("FILE", str(file), rule, did_you_mean(name, held))
    return [name for name in KNOWN if name in held]


def _arrow_stream(file: Path) -> Iterator[pl.DataFrame]:
    """A batch at a time; read whole, a stream needs memory for all of it."""
    with file.open("rb") as stream:
        schema = _message(stream, file)
        while message := _message(stream, file):
            if _kind(message) != _RECORD_BATCH:
                rule = "is an Arrow stream with dictionaries, which is read as Parquet only"
                raise ConfigError("FILE", str(file), rule, "write it as Parquet")
            batch = pl.read_ipc_stream(io.BytesIO(schema + message + _END))
            yield batch.select(_columns(file, batch.columns))


def _message(stream: BinaryIO, file: Path) -> bytes:
    """The next message with head and body; empty at the end."""
    prefix = stream.read(8)
    if prefix in {b"", _END}:
        return b""
    if len(prefix) < 8 or not prefix.startswith(_CONTINUED):  # noqa: PLR2004 - marker and length
        raise _broken(file)
    head = stream.read(min(struct.unpack_from("<I", prefix, 4)[0], _MAX_MESSAGE))
    try:
        size = _body_length(head)
    except struct.error:
        raise _broken(file) from None
    body = stream.read(size) if 0 <= size <= _MAX_MESSAGE else b""
    if len(body) != size:
        raise _broken(file)
    return prefix + head + body


def _broken(file: Path) -> ConfigError:
    return ConfigError("FILE", str(file), "ends in the middle, or is no Arrow stream")


def _field(head: bytes, number: int) -> int | None:
    """Where a field of the head lies, a flatbuffer table; None for one that is left out."""
    table = struct.unpack_from("<I", head, 0)[0]
    fields = table - struct.unpack_from("<i", head, table)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", head, fields)[0]:
        return None
    offset = struct.unpack_from("<H", head, fields + 4 + 2 * number)[0]
    return table + offset if offset else None


def _kind(message: bytes) -> int:
    place = _field(message[8:], 1)
    return 0 if place is None else message[8 + place]


def _body_length(head: bytes) -> int:
    place = _field(head, 3)
    return 0 if place is None else int(struct.unpack_from("<q", head, place)[0])
