"""Fuzzing of what ingest reads: no crash, a ledger that closes, a millisecond a bad message.

A case is known by codec, seed and number. Cases come in blocks, each in a world of its own, so
that a case is found again by playing its block up to it.
"""

from __future__ import annotations

import base64
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from support.codecs import Codec, World
from support.ingesting import NOON_NS, NS, arrival
from support.mutations import mutated

from ingest.boots import SCHEMA as BOOT_SCHEMA
from ingest.intake import Batch
from ingest.ledger import SCHEMA as LEDGER_SCHEMA
from ingest.ledger import is_counted, read_ledger
from ingest.letters import SCHEMA as LETTER_SCHEMA
from ingest.registry_store import SCHEMA, load_registry
from ingest.writer import write_batch
from podcore.frame import BIRTH, CONFIG, READING, STATE, Frame, Kind

BLOCK = 2_000  # cases a world: few enough to play again, many enough to fill its bounds
BATCH = 100  # cases written at once
SLOW_S = 1e-3  # of processor time, for what is wrong and of common length
BYTES_A_SLOW = 1_024  # longer ones may take as much longer
TRIES = 25  # in fresh worlds, before a case is called slow: a busy machine is no failure
STALL = 4.0  # times as long is a failure; up to there the machine may be to blame, and it is told
_REFERENCE_STEPS, _REFERENCE_S = 100_000, 6e-3  # on one quiet core of 2.5 GHz


@dataclass(frozen=True, slots=True)
class Case:
    """One message, and how to find it again."""

    codec: str
    seed: int
    number: int
    topic: str
    payload: bytes

    def __str__(self) -> str:
        shown = base64.b64encode(self.payload[:1_500]).decode()
        where = f"codec {self.codec}, seed {self.seed}, case {self.number}"
        return f"{where}: {len(self.payload)} bytes on {self.topic!r}, base64 {shown}"


class FoundError(AssertionError):
    """A case that must not be."""


@dataclass(slots=True)
class Report:
    """What came of a run. worst_s : the longest case of common length."""

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    worst_s: float = 0.0
    worst: Case | None = None

    def add(self, other: Report) -> None:
        """Takes another run in."""
        self.cases += other.cases
        self.outcomes.update(other.outcomes)
        if other.worst_s > self.worst_s:
            self.worst_s, self.worst = other.worst_s, other.worst


def fuzz(codec: Codec, seed: int, block: int, cases: int = BLOCK) -> Report:
    """Plays a block.

    Raises
    ------
    FoundError  For the first case that must not be.
    """
    world, report = World(codec), Report()
    database = _database()
    batches = _prepared(world, codec)
    case = Case(codec.name, seed, block * BLOCK, "", b"")
    for case in _cases(codec, seed, block, cases):
        batch, took_s = _measured(world, case)
        _check(case, batch)
        limit_s = _limit_s(case)
        bad = bool(batch.letters or batch.refused)
        if bad and took_s > limit_s:
            took_s = _alone_s(codec, case, limit_s)
        if bad and took_s > STALL * limit_s:
            raise FoundError(f"{took_s * 1e3:.2f} ms, more than {limit_s * 1e3:.2f}: {case}")
        if bad and took_s > report.worst_s and limit_s == SLOW_S:
            report.worst_s, report.worst = took_s, case
        report.cases += 1
        report.outcomes.update(_outcome(batch))
        batches.append(batch)
        if len(batches) >= BATCH:
            _write(database, batches, case)
    _write(database, batches, case)
    _check_kept(database, world, case)
    database.close()
    return report


def play(codec: Codec, topic: str, payload: bytes) -> None:
    """Plays one message that was found before.

    Raises
    ------
    FoundError  When it crashes, is lost, or takes too long again.
    """
    case = Case(codec.name, 0, 0, topic, payload)
    world = World(codec)
    _prepared(world, codec)
    _check(case, _measured(world, case)[0])
    if (took_s := _alone_s(codec, case, _limit_s(case))) > STALL * _limit_s(case):
        raise FoundError(f"{took_s * 1e3:.2f} ms: {case}")


def _limit_s(case: Case) -> float:
    return SLOW_S * max(1.0, len(case.payload) / BYTES_A_SLOW)


def _cases(codec: Codec, seed: int, block: int, cases: int) -> Iterator[Case]:
    random = Random(f"{codec.name} {seed} {block}")
    payloads = [payload for _, payload in codec.seeds]
    for number in range(block * BLOCK, block * BLOCK + cases):
        topic, payload = random.choice(codec.seeds)
        payload = mutated(random, payload, payloads, codec.form)
        if random.random() < 0.02:
            topic = mutated(random, topic.encode(), [t.encode() for t, _ in codec.seeds], None)[
                :500
            ].decode(errors="replace")
        yield Case(codec.name, seed, number, topic, payload)


def _prepared(world: World, codec: Codec) -> list[Batch]:
    """Lets the messages come that go before all cases."""
    return [world.intake.take([arrival(*message)], NOON_NS) for message in codec.setup]


def _measured(world: World, case: Case) -> tuple[Batch, float]:
    """What a case makes, and for how long; a processor's own time is dear to ask for."""
    came = arrival(case.topic, case.payload, recv_ns=NOON_NS + case.number * NS // 100)
    began_s = time.perf_counter()
    try:
        batch = world.intake.take([came], came.recv_ns)
    except Exception as error:
        raise FoundError(f"{type(error).__name__}: {error}: {case}") from error
    return batch, time.perf_counter() - began_s


def _alone_s(codec: Codec, case: Case, limit_s: float) -> float:
    """Processor time in fresh worlds, the least of a few, as of the machine of the limit."""
    least_s = math.inf
    for _ in range(TRIES):
        world = World(codec)
        _prepared(world, codec)
        slowness, began_s = _slowness(), time.process_time()
        _measured(world, case)
        least_s = min(least_s, (time.process_time() - began_s) / slowness)
        if least_s <= limit_s:
            break
    return least_s


def _slowness() -> float:
    """How much slower than the machine that the limit is for this one is right now, at least 1."""
    began_s = time.process_time()
    sum(number * number for number in range(_REFERENCE_STEPS))
    return max(1.0, (time.process_time() - began_s) / _REFERENCE_S)


def _outcome(batch: Batch) -> Iterator[str]:
    yield from (name for name in ("stored", "dead", "duplicate") if batch.counts[name])


def _check(case: Case, batch: Batch) -> None:
    """Whether the ledger closes: each message once, each value of a Frame, all of them numbers."""
    counts = batch.counts
    settled = counts["stored"] + counts["duplicate"] + counts["dead"]
    if settled != is_counted(case.topic):
        raise FoundError(f"counted {settled} times: {case}")
    if any(count < 0 for count in counts.values()):
        raise FoundError(f"counted below nothing: {dict(counts)}: {case}")
    stored = sum(_readings(case, frame) for frame in batch.frames)
    if stored != counts["readings_stored"]:
        raise FoundError(f"{stored} values, {counts['readings_stored']} counted: {case}")
    if counts["dead"] and len(batch.letters) != 1:
        raise FoundError(f"dead and {len(batch.letters)} dead letters: {case}")


def _readings(case: Case, frame: Frame) -> int:
    """How many values a Frame holds; its body can be read again."""
    if frame.kind is not Kind.READING:
        _read_other(frame)
        return 0
    body = READING.decode(frame.body)
    if len(body.points) != len(body.values) or not all(map(math.isfinite, body.values)):
        raise FoundError(f"a Frame of {len(body.points)} points holds {body.values}: {case}")
    return len(body.values)


def _read_other(frame: Frame) -> None:
    if frame.kind is Kind.BIRTH:
        BIRTH.decode(frame.body)
    elif frame.kind is Kind.STATE:
        STATE.decode(frame.body)
    elif frame.kind is Kind.CONFIG:
        CONFIG.decode(frame.body)


def _database() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript(SCHEMA + BOOT_SCHEMA + LETTER_SCHEMA + LEDGER_SCHEMA)
    return database


def _write(database: sqlite3.Connection, batches: list[Batch], case: Case) -> None:
    """Writes what came of some cases as a commit does."""
    for batch in batches:
        try:
            write_batch(database, batch, NOON_NS)
        except Exception as error:
            raise FoundError(
                f"{type(error).__name__} on commit: {error}; at most 100 cases before {case}"
            ) from error
    batches.clear()


def _check_kept(database: sqlite3.Connection, world: World, case: Case) -> None:
    """Whether another start knows what this one knew, and counts what was counted."""
    kept = load_registry(database, discover=True)
    for site in world.registry.sites():
        if site.discovered and kept.site(site.id) != site:
            raise FoundError(f"{site.id} is another site after a restart: before {case}")
    read_ledger(database)
