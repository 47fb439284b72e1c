"""The checksum that a Parquet file of ours carries of itself, and what else tells damage.

Of single flipped bits in a file without one, polars read two in three as other values without a
word. The checksum stands in the footer's metadata, where other tools pass it over; it is counted
with zeros in its own place.
"""

from __future__ import annotations

import mmap
import zlib
from pathlib import Path
from typing import Final

import polars as pl

KEY: Final = "podtwin.crc32"
UNSET: Final = "00000000"
# What polars raises for a file that is none, or no longer.
UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

# The key as the footer holds it: a binary field of eight bytes follows (Thrift compact protocol).
_MARK: Final = KEY.encode() + b"\x18\x08"
_MAGIC: Final = b"PAR1"


def stamp(path: Path) -> None:
    """Writes the checksum of a finished file into its place, which holds `UNSET`."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        at = content.rfind(_MARK) + len(_MARK)
        content[at : at + len(UNSET)] = f"{zlib.crc32(content):08x}".encode()


def told(path: Path) -> str:
    """The checksum that a file says it has; empty when it says none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.rfind(_MARK) + len(_MARK)
        return content[at : at + len(UNSET)].decode("ascii", "replace") if at >= len(_MARK) else ""


def flaw(path: Path) -> str:
    """What is wrong with a file, empty for nothing. Reads all of it.

    A file without a checksum (of an older PodTwin, or from elsewhere) is decoded instead, which
    finds what is torn and some of what is flipped.

    Raises
    ------
    OSError  When it cannot be read at all, which says nothing about its content.
    """
    if path.stat().st_size < 3 * len(_MAGIC):
        return "it is shorter than any Parquet file"
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content[:4] != _MAGIC or content[-4:] != _MAGIC:
            return "it does not begin and end as Parquet does: torn, or overwritten"
        at = content.rfind(_MARK)
        if at >= 0:
            return _compared(content, at + len(_MARK))
    return _undecodable(path)


def _compared(content: mmap.mmap, at: int) -> str:
    told = content[at : at + len(UNSET)]
    with memoryview(content) as view, view[:at] as before, view[at + len(told) :] as after:
        found = zlib.crc32(after, zlib.crc32(UNSET.encode(), zlib.crc32(before)))
    return "" if told == f"{found:08x}".encode() else f"checksum {found:08x} is not the written one"


def _undecodable(path: Path) -> str:
    try:
        pl.scan_parquet(path, glob=False, hive_partitioning=False).collect()
    except UNREADABLE as error:
        return f"it cannot be decoded: {str(error).partition(chr(10))[0]}"
    return ""
