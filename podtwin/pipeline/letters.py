"""Dead letters of all stages out of a data directory, beside whatever process runs on it."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from ingest.letters import (
    STORED_ALREADY,
    KeptLetter,
    KeptReading,
    Retried,
    read_letter,
    read_letters,
    read_readings,
    read_retried,
    why_not_retried,
)
from ingest.log import SqliteLogReader
from podcore.errors import ConfigError, shorten
from podcore.retry import FORWARD, INTAKE, RetryRequest
from podcore.topic import parse_topic
from podtwin.letters import PREVIEW_BYTES, Letter, LetterQuery, Position, Stage
from podtwin.store.retries import Retries
from podtwin.store.state import StateStore
from podtwin.store.undelivered import KeptUndelivered, UndeliveredRows

_CHUNK = 200  # letters read at once: 50 MB of the largest
_NEXT_ONES = "the message around it was not kept; once it is put right, the next ones are stored"


class DeadLetters:
    """Implements `podtwin.letters.LetterBook`; may be asked from several threads."""

    def __init__(self, log: Path, store: StateStore) -> None:
        self._log = log
        self._undelivered = UndeliveredRows(store)
        self._retries = {stage: Retries(store, stage) for stage in (INTAKE, FORWARD)}

    def page(self, query: LetterQuery) -> tuple[list[Letter], Position | None]:
        """A page, and where the next one begins; None when there is none."""
        with closing(_reader(self._log)) as log:
            stages = (self._messages(log, query), _readings(log, query), self._forwarded(query))
            merged = heapq.merge(*stages, key=lambda letter: -letter.at_ns)
            found = list(islice(filter(query.wants, merged), query.limit + 1))
        if len(found) <= query.limit:
            return found, None
        return found[:-1], _after(query.after, found[:-1])

    def get(self, letter: str) -> Letter | None:
        """One of them, or None."""
        kind, number = letter[:1], letter[1:]
        with closing(_reader(self._log)) as log:
            if kind == "r":
                return next((each for each in _all_readings(log) if each.id == letter), None)
            if not (number.isascii() and number.isdigit()) or len(number) > 18:  # noqa: PLR2004 - what SQLite holds
                return None
            if kind == "i":
                kept = read_letter(log.connection, int(number))
                return self._shown(log, [kept])[0] if kept is not None else None
        line = self._undelivered.get(int(number)) if kind == "f" else None
        return None if line is None else _line(line, self._retries[FORWARD].waiting())

    def retry(self, letter: Letter, by: str, now_ns: int, new_id: str) -> str:
        """Asks for a letter to be tried again; the id of what was asked.

        Raises
        ------
        ConfigError  When it cannot be, or too many wait.
        """
        if letter.why_not:
            raise ConfigError("letter", letter.id, letter.why_not)
        request = RetryRequest(new_id, int(letter.id[1:]), by, now_ns)
        return self._retries[letter.stage.value].ask(request, f"deadletter/{letter.id}")

    def _messages(self, log: SqliteLogReader, query: LetterQuery) -> Iterator[Letter]:
        if query.stage not in {None, Stage.INTAKE}:
            return
        terms, values = _terms(query)
        before = query.after.intake
        while True:
            paged = [*terms, "id < ?"] if before else terms
            held = [*values, int(before)] if before else values
            letters = read_letters(log.connection, paged, held, _CHUNK)
            yield from self._shown(log, letters)
            if len(letters) < _CHUNK:
                return
            before = str(letters[-1].id)

    def _shown(self, log: SqliteLogReader, letters: list[KeptLetter]) -> list[Letter]:
        retried = read_retried(log.connection, (letter.id for letter in letters))
        waiting = self._retries[INTAKE].waiting()
        return [
            _message(each, retried.get(each.id), waiting=each.id in waiting) for each in letters
        ]

    def _forwarded(self, query: LetterQuery) -> Iterator[Letter]:
        if query.stage not in {None, Stage.FORWARD}:
            return
        before = int(query.after.forward) if query.after.forward else None
        chosen = {"site": query.site or "", "reason": query.reason or ""}
        while rows := self._undelivered.page(_CHUNK, before, **chosen):
            waiting = self._retries[FORWARD].waiting()
            yield from (_line(row, waiting) for row in rows)
            before = rows[-1].id


def _reader(path: Path) -> SqliteLogReader:
    if not path.exists():
        raise ConfigError("--data-dir", str(path.parent), "holds no log.db", "name that of a run")
    return SqliteLogReader(path)


def _terms(query: LetterQuery) -> tuple[list[str], list[object]]:
    """What the file itself can leave out; ids hold no wildcard."""
    terms: list[str] = []
    values: list[object] = []
    if query.site is not None or query.node is not None:
        terms.append("topic GLOB ?")
        values.append(f"podtwin/v1/{query.site or '*'}/{query.node or '*'}/*")
    if query.reason is not None:
        terms.append("reason = ?")
        values.append(query.reason)
    if query.since_ns is not None:
        terms.append("recv_ns >= ?")
        values.append(query.since_ns)
    return terms, values


def _message(kept: KeptLetter, retried: Retried | None, *, waiting: bool) -> Letter:
    topic = parse_topic(kept.topic)
    return Letter(
        id=f"i{kept.id}",
        stage=Stage.INTAKE,
        at_ns=kept.recv_ns,
        first_ns=kept.recv_ns,
        count=1,
        site=topic.site if topic else "",
        node=topic.node if topic else "",
        topic=kept.topic,
        reason=kept.why.reason.value,
        place=kept.why.place,
        value=kept.why.value,
        rule=kept.why.rule,
        way_out=kept.why.way_out,
        payload=kept.payload[:PREVIEW_BYTES],
        size=kept.size,
        why_not=why_not_retried(kept, retried) or "",
        waiting=waiting,
        retried_ns=retried.at_ns if retried else None,
        stored=retried is not None and retried.stored,
        outcome=retried.outcome if retried else "",
    )


def _line(kept: KeptUndelivered, waiting: frozenset[int]) -> Letter:
    what = kept.what
    why_not = STORED_ALREADY if kept.stored else ""
    if not what.whole:
        why_not = f"only {len(what.line)} of its {what.size} characters were kept"
    return Letter(
        id=f"f{kept.id}",
        stage=Stage.FORWARD,
        at_ns=kept.at_ns,
        first_ns=kept.at_ns,
        count=1,
        site=what.site,
        node=what.node,
        topic="",
        reason=what.reason,
        place=f"{what.log} offset {what.offset}",
        value=shorten(what.line),
        rule=f"{what.sink} answered: {what.detail}",
        way_out="the reading is stored here; put the database right, then try again",
        payload=what.line.encode()[:PREVIEW_BYTES],
        size=what.size,
        why_not=why_not,
        waiting=kept.id in waiting,
        retried_ns=kept.retried_ns,
        stored=kept.stored,
        outcome=kept.outcome,
    )


def _readings(log: SqliteLogReader, query: LetterQuery) -> Iterator[Letter]:
    if query.stage not in {None, Stage.READING}:
        return
    at, _, letter = query.after.reading.partition(" ")
    for each in sorted(_all_readings(log), key=lambda each: (each.at_ns, each.id), reverse=True):
        if not at or (each.at_ns, each.id) < (int(at), letter):
            yield each


def _all_readings(log: SqliteLogReader) -> Iterator[Letter]:
    return (_reading(each) for each in read_readings(log.connection))


def _reading(kept: KeptReading) -> Letter:
    key = f"{kept.site}\0{kept.node}\0{kept.place}\0{kept.why.reason.value}"
    return Letter(
        id=f"r{hashlib.sha256(key.encode()).hexdigest()[:16]}",
        stage=Stage.READING,
        at_ns=kept.last_ns,
        first_ns=kept.first_ns,
        count=kept.count,
        site=kept.site,
        node=kept.node,
        topic="",
        reason=kept.why.reason.value,
        place=kept.place,
        value=kept.why.value,
        rule=kept.why.rule,
        way_out=kept.why.way_out,
        why_not=_NEXT_ONES,
    )


def _after(before: Position, shown: list[Letter]) -> Position:
    """Where the stages are after a page; one that gave nothing stays where it was."""
    last = {letter.stage: letter for letter in shown}
    intake, forward = last.get(Stage.INTAKE), last.get(Stage.FORWARD)
    reading = last.get(Stage.READING)
    return Position(
        intake.id[1:] if intake else before.intake,
        f"{reading.at_ns} {reading.id}" if reading else before.reading,
        forward.id[1:] if forward else before.forward,
    )
