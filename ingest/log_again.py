"""Which numbers of senders are asked for again, after a log was salvaged with holes in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from ingest.dedupe import Seen
from ingest.log_flaw import has
from podcore.frame import Kind

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Hole:
    """Offsets between two Frames that were saved. before : None when nothing comes behind."""

    after: int
    before: int | None


def ask_again(new: sqlite3.Connection, holes: Sequence[Hole]) -> int:
    """Takes numbers that may lie in a hole as not seen, and those of Frames held as seen.

    Returns how many numbers are no longer seen.
    """
    if not has(new, "seen"):
        return 0
    decode = msgspec.msgpack.Decoder(Seen).decode
    found = new.execute("SELECT * FROM seen").fetchall()
    seen: dict[_Key, Seen] = {(site, node, boot): decode(row) for site, node, boot, row in found}
    before = {key: _numbers(each) for key, each in seen.items()}
    # Nothing was ever trimmed: what is not in the log never was in it.
    trims = has(new, "trimmed") and new.execute("SELECT max(up_to) FROM trimmed").fetchone()
    whole_from_start = trims == (0,)
    for key, low, high in _doubtful(new, holes, set(seen), whole_from_start=whole_from_start):
        if key in seen:
            seen[key].forget(low, high)
    for key, _, seq in _numbered(new):
        seen.setdefault(key, Seen()).add(seq)
    again = sum(max(0, n - _numbers(seen[key])) for key, n in before.items())
    new.execute("DELETE FROM seen")
    rows = [(*key, msgspec.msgpack.encode(each)) for key, each in seen.items()]
    new.executemany("INSERT INTO seen VALUES (?, ?, ?, ?)", rows)
    return again


def _doubtful(
    new: sqlite3.Connection, holes: Sequence[Hole], keys: set[_Key], *, whole_from_start: bool
) -> Iterator[tuple[_Key, int, int]]:
    """Per sender the numbers between its last Frame before a hole and its first one behind it."""
    starts = iter(sorted(hole.after for hole in holes))
    start = next(starts, None)
    last: dict[_Key, int] = dict.fromkeys(keys, 0) if whole_from_start else {}
    open_: dict[_Key, int] = {}
    for key, offset, seq in _numbered(new):
        while start is not None and offset > start:
            open_ = {**last, **open_}
            start = next(starts, None)
        if key in open_:
            yield key, open_.pop(key) + 1, seq - 1
        last[key] = max(last.get(key, 0), seq)
    if start is not None:
        open_ = {**last, **open_}
    for key, after in open_.items():
        yield key, after + 1, 2**63


def _numbered(new: sqlite3.Connection) -> Iterator[tuple[_Key, int, int]]:
    query = (
        "SELECT site, node, boot, offset, seq FROM frames "
        "WHERE kind = ? AND seq IS NOT NULL AND boot != '' ORDER BY offset"
    )
    for site, node, boot, offset, seq in new.execute(query, (int(Kind.READING),)):
        yield (site, node, boot), offset, seq


def _numbers(seen: Seen) -> int:
    return sum(end - start + 1 for start, end in zip(seen.starts, seen.ends, strict=True))
