"""Dead letters as they are kept in `log.db`: found again, bounded, marked when tried again.

The newest are kept, up to a number and a size: a sender of rubbish must not fill the disk on
which everybody's readings are committed. What went is counted; the counters of refusals count
all, kept or not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import msgspec

from ingest.reasons import Rejected
from podcore.topic import TopicKind, parse_topic

MAX_LETTERS = 10_000  # five kinds of refusal for each of 2,000 points
MAX_BYTES = 100_000_000  # of payloads and topics; 10,000 of 10 kB, or 380 of the largest
_DOWN_TO = 0.9  # of either bound, so that a flood does not trim at each commit
_CHUNK = 4_000  # letters looked at after a commit; more than a commit can add, which is 2,000
STORED_ALREADY = "it was tried again already, and stored"
TRIMMED = "letters_trimmed"  # the counter of those that went

SCHEMA = """
CREATE TABLE IF NOT EXISTS retried (
  letter INTEGER PRIMARY KEY, request TEXT NOT NULL, at_ns INTEGER NOT NULL,
  stored INTEGER NOT NULL, outcome TEXT NOT NULL);
"""
_SIZE = "length(payload) + length(CAST(topic AS BLOB))"  # as `DeadLetter.kept_bytes` has it
_LETTER = "id, recv_ns, topic, size, payload, detail"
_Kind = TypeVar("_Kind", "KeptLetter", "KeptReading", "Retried")
_why = msgspec.msgpack.Decoder(Rejected)


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A message of which nothing could be used. size : as sent; the payload may be cut."""

    id: int
    recv_ns: int
    topic: str
    size: int
    payload: bytes
    why: Rejected


@dataclass(frozen=True, slots=True)
class KeptReading:
    """Refused readings of one kind: how many, from when to when, and the newest of them."""

    site: str
    node: str
    place: str
    count: int
    first_ns: int
    last_ns: int
    why: Rejected


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of a letter that was tried again. request : which asking it answers."""

    letter: int
    request: str
    at_ns: int
    stored: bool
    outcome: str


def why_not_retried(letter: KeptLetter, before: Retried | None) -> str | None:
    """Why a letter cannot be tried again, or None."""
    if before is not None and before.stored:
        return STORED_ALREADY
    topic = parse_topic(letter.topic)
    if topic is not None and topic.kind is not TopicKind.TELEMETRY:
        return (
            "only readings are tried again: a birth or state of then would replace that of now; "
            "its node says it anew when it connects"
        )
    if letter.size > len(letter.payload):
        return (
            f"only {len(letter.payload)} of its {letter.size} bytes were kept; "
            "send it again in smaller messages"
        )
    return None


def read_letter(connection: sqlite3.Connection, letter: int) -> KeptLetter | None:
    """One letter, or None."""
    query = f"SELECT {_LETTER} FROM dead_letters WHERE id = ?"  # noqa: S608 - constant text
    rows = _rows(connection, query, (letter,))
    return _letter(rows[0]) if rows else None


def read_letters(
    connection: sqlite3.Connection, terms: Sequence[str], values: Sequence[object], limit: int
) -> list[KeptLetter]:
    """Letters that all terms hold of, the newest first."""
    where = f"WHERE {' AND '.join(terms)}" if terms else ""
    query = f"SELECT {_LETTER} FROM dead_letters {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - terms are ours
    return [_letter(row) for row in _rows(connection, query, (*values, limit))]


def read_readings(connection: sqlite3.Connection) -> list[KeptReading]:
    """All kinds of refused readings; `MAX_DEAD_READINGS` at most."""
    query = "SELECT site, node, place, count, first_ns, last_ns, detail FROM dead_readings"
    return [
        _struct((*row[:-1], _refusal(row[-1])), KeptReading) for row in _rows(connection, query)
    ]


def read_retried(connection: sqlite3.Connection, letters: Iterable[int]) -> dict[int, Retried]:
    """What came of those that were tried again."""
    wanted = list(letters)
    marks = ",".join("?" for _ in wanted)
    query = f"SELECT letter, request, at_ns, stored, outcome FROM retried WHERE letter IN ({marks})"  # noqa: S608 - marks alone
    found = [_struct(row, Retried) for row in _rows(connection, query, wanted)]
    return {each.letter: each for each in found}


def write_retried(connection: sqlite3.Connection, retried: Retried) -> None:
    """Marks a letter, in the caller's transaction."""
    connection.execute(
        "INSERT OR REPLACE INTO retried VALUES (?,?,?,?,?)",
        (retried.letter, retried.request, retried.at_ns, retried.stored, retried.outcome),
    )


class LetterBound:
    """How much is kept, without asking the file at each commit."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        max_letters: int = MAX_LETTERS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        query = f"SELECT count(*), coalesce(sum({_SIZE}), 0) FROM dead_letters"  # noqa: S608 - constant text
        letters, size = connection.execute(query).fetchone()
        self._letters, self._bytes = int(letters), int(size)
        self._max_letters = max_letters
        self._max_bytes = max_bytes

    def added(self, letters: int, size: int) -> None:
        """So many more were committed."""
        self._letters += letters
        self._bytes += size

    def passed(self) -> bool:
        """Whether there are more than may be."""
        return self._letters > self._max_letters or self._bytes > self._max_bytes

    def trim(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """Deletes the oldest in the caller's transaction: how many letters, how many bytes.

        Afterwards call `added` with these, negative.
        """
        excess = self._letters - int(self._max_letters * _DOWN_TO)
        too_large = self._bytes - int(self._max_bytes * _DOWN_TO)
        sizes = connection.execute(
            f"SELECT id, {_SIZE} FROM dead_letters ORDER BY id LIMIT ?",  # noqa: S608 - constant text
            (_CHUNK,),
        ).fetchall()
        gone, size, last = 0, 0, 0
        for letter, length in sizes:
            if gone >= excess and size >= too_large:
                break
            gone, size, last = gone + 1, size + length, letter
        connection.execute("DELETE FROM dead_letters WHERE id <= ?", (last,))
        connection.execute("DELETE FROM retried WHERE letter <= ?", (last,))
        return gone, size


def _rows(
    connection: sqlite3.Connection, query: str, values: Sequence[object] = ()
) -> list[tuple[object, ...]]:
    try:
        return connection.execute(query, values).fetchall()
    except sqlite3.OperationalError:  # a log that ingest has not opened yet
        return []


def _letter(row: tuple[object, ...]) -> KeptLetter:
    return _struct((*row[:-1], _refusal(row[-1])), KeptLetter)


def _refusal(detail: object) -> Rejected:
    assert isinstance(detail, bytes)  # noqa: S101 - the column is one
    return _why.decode(detail)


def _struct(row: tuple[object, ...], kind: type[_Kind]) -> _Kind:
    names = (field.name for field in fields(kind))
    return msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False)
