"""What becomes of a batch of messages: Frames, counts, refusals and acks. No I/O of its own.

The batch is decided whole before anything is written, so that a commit that fails (a full disk)
is tried again with the very same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.acks import OwedAck
from ingest.dedupe import Seen
from ingest.feeders import state_frame
from ingest.foreign import ForeignReader, Source, Taken
from ingest.gaps import Gaps
from ingest.inbox import Arrival
from ingest.ledger import is_counted, reason_counter
from ingest.letters import KeptLetter, Retried
from ingest.native import (
    MAX_PAYLOAD,
    Telemetry,
    Unreadable,
    decode_birth,
    decode_state,
    decode_telemetry,
)
from ingest.native_msgpack import PackedTopics, decode_packed
from ingest.reasons import Reason, Rejected, reject
from ingest.registry import Changes, Registry
from ingest.registry_store import DeadLetter, DeadReading, SeenKey
from ingest.sample import Command
from ingest.ticks import Ticks
from ingest.timestamps import parse_ts
from ingest.topic_filter import TopicFilter
from ingest.validate import Accepted, Validator
from podcore.frame import Frame
from podcore.topic import Topic, TopicKind, parse_topic

MAX_TOPICS = 60_000  # three topics of 20,000 nodes
MAX_TOPIC = 512  # characters of one that is remembered: all of PodTwin's own, 30 MB at most
MAX_STARTED_NS = 2**63 - 1  # what a Frame can say; any time at all, it moves nothing
MAX_STRANGERS = 10_000  # nodes of no site whose numbers are remembered, so that they are answered
MAX_SEEN = 20_000  # boots held in memory; the others are read again from the log


@dataclass(slots=True)
class Batch:
    """Everything that one commit writes, and what may be sent once it is written.

    heard : boots that were born, or that memory did not hold; how long ago says which go first.
    """

    frames: list[Frame] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    letters: list[DeadLetter] = field(default_factory=list)
    refused: list[DeadReading] = field(default_factory=list)
    seen: dict[SeenKey, Seen] = field(default_factory=dict)
    born: set[SeenKey] = field(default_factory=set)
    heard: set[SeenKey] = field(default_factory=set)
    changes: Changes = field(default_factory=Changes)
    retried: Retried | None = None
    commands: list[Command] = field(default_factory=list)

    def dead(self, arrival: Arrival, why: Rejected) -> None:
        """Keeps a message of which nothing could be used."""
        self._keep(arrival, why)
        self.counts[reason_counter(why.reason.value)] += 1

    def refuse(self, arrival: Arrival, topic: Topic, bad: Sequence[Rejected]) -> None:
        """Keeps refused readings of a message, or refused points of a birth."""
        for why in bad:
            self.refused.append(DeadReading(arrival.recv_ns, topic.site, topic.node, why))
            self.counts[reason_counter(why.reason.value)] += 1

    def foreign(self, arrival: Arrival, taken: Taken) -> None:
        """Keeps what came of a message of a source; it counts once, whatever it was split into."""
        self.frames += taken.frames
        self.commands += taken.commands
        self.counts["dead" if taken.is_dead else "stored"] += 1
        self.counts["readings_stored"] += taken.readings
        self.counts["readings_dead"] += taken.readings_dead
        for reason, count in taken.refusals.counts.items():
            self.counts[reason_counter(reason.value)] += count
        refused = [DeadReading(arrival.recv_ns, *each) for each in taken.refusals.kept]
        if taken.is_dead:
            self._keep(arrival, refused[0].why)
            refused = refused[1:]
        self.refused += refused

    def tell_refused(self, key: SeenKey, readings: int) -> None:
        """Has the sender told of it, if it numbers its messages."""
        if key in self.seen:
            self.seen[key].refused += readings

    def acks(self) -> list[tuple[OwedAck, bool]]:
        """What the senders may be told after the commit; True answers a birth at once."""
        owed = []
        for key, seen in self.seen.items():
            confirmed = seen.confirmed()
            if confirmed is not None:
                owed.append((OwedAck(*key, confirmed, seen.refused), key in self.born))
        return owed

    def _keep(self, arrival: Arrival, why: Rejected) -> None:
        letter = DeadLetter(arrival.recv_ns, arrival.topic, arrival.size, arrival.payload, why)
        self.letters.append(letter)


class NativeTopic(NamedTuple):
    """A topic of PodTwin's own, and how telemetry on it is read."""

    topic: Topic
    decode: Callable[[bytes], Telemetry | Unreadable]


class Intake:
    """Decides over messages in the order in which they came."""

    def __init__(
        self, registry: Registry, ticks: Ticks, load_seen: Callable[[SeenKey], Seen | None]
    ) -> None:
        self._registry = registry
        self._validator = Validator(registry)
        self._readers: list[ForeignReader] = []
        self._ticks = ticks
        self._load_seen = load_seen
        self._seen: dict[SeenKey, Seen] = {}
        self._gaps = Gaps()
        self._strangers: set[tuple[str, str]] = set()
        self._topics: dict[str, NativeTopic | ForeignReader | None] = {}
        self._packed: list[TopicFilter] = []

    def add_sources(self, sources: Sequence[Source]) -> None:
        """Takes messages of other formats as well, by their topics."""
        for each in sources:
            if isinstance(each, PackedTopics):
                self._packed.append(each.topics)
            else:
                self._readers.append(ForeignReader(each, self._registry, self._validator))
        self._topics.clear()

    def take(self, arrivals: Sequence[Arrival], now_ns: int) -> Batch:
        """The batch that these messages make; with none of them, a tick when it is due."""
        batch = Batch()
        for arrival in arrivals:
            self._tick(batch, arrival.recv_ns)
            self._one(batch, arrival)
        if not arrivals:
            self._tick(batch, now_ns)
        batch.changes = self._registry.take_changes()
        self._bound_seen(batch)
        return batch

    def again(self, letter: KeptLetter, request: str, now_ns: int) -> Batch:
        """The batch of a dead letter that is tried again; see `ingest.retrying`."""
        tried, batch = Batch(), Batch()
        self._one(
            tried,
            Arrival(0, 0, 0, letter.topic, letter.payload, letter.size, now_ns, letter.recv_ns),
        )
        self._tick(batch, now_ns)
        batch.frames += tried.frames
        batch.changes = self._registry.take_changes()
        stored = tried.counts["stored"] > 0
        batch.counts["retries_stored" if stored else "retries_dead"] = 1
        batch.counts["retried_readings"] = tried.counts["readings_stored"]
        outcome = _outcome(tried)
        batch.retried = Retried(letter.id, request, now_ns, stored, outcome)
        return batch

    def _tick(self, batch: Batch, recv_ns: int) -> None:
        tick = self._ticks.due(recv_ns)
        if tick is not None:
            batch.frames.append(tick)
            batch.frames += self._gaps.frames(tick.recv_ns)

    def _one(self, batch: Batch, arrival: Arrival) -> None:
        place = self._place(arrival.topic)
        if isinstance(place, ForeignReader):
            self._of_source(batch, arrival, place)
        elif place is None or place.topic.kind is TopicKind.ACK:
            batch.dead(arrival, reject(Reason.BAD_TOPIC, "topic", arrival.topic))
            if is_counted(arrival.topic):
                batch.counts["dead"] += 1
        elif place.topic.kind is TopicKind.TELEMETRY:
            self._telemetry(batch, arrival, place)
        elif place.topic.kind is TopicKind.BIRTH:
            self._birth(batch, arrival, place.topic)
        else:
            self._state(batch, arrival, place.topic)

    def _place(self, text: str) -> NativeTopic | ForeignReader | None:
        """What reads a topic; None when nothing does."""
        if text in self._topics:
            return self._topics[text]
        place = self._native(text) or self._reader(text)
        if len(text) <= MAX_TOPIC:
            if len(self._topics) >= MAX_TOPICS:
                self._topics.clear()
            self._topics[text] = place
        return place

    def _native(self, text: str) -> NativeTopic | None:
        topic = parse_topic(text)
        if topic is None:
            return None
        packed = any(each.matches(text) for each in self._packed)
        return NativeTopic(topic, decode_packed if packed else decode_telemetry)

    def _reader(self, topic: str) -> ForeignReader | None:
        return next((each for each in self._readers if each.topics.matches(topic)), None)

    def _of_source(self, batch: Batch, arrival: Arrival, reader: ForeignReader) -> None:
        if arrival.size > MAX_PAYLOAD:
            batch.counts["dead"] += 1
            batch.dead(arrival, _too_large(arrival))
            return
        batch.foreign(arrival, reader.take(arrival))

    def _telemetry(self, batch: Batch, arrival: Arrival, place: NativeTopic) -> None:
        topic = place.topic
        if arrival.size > MAX_PAYLOAD:
            batch.counts["dead"] += 1
            batch.dead(arrival, _too_large(arrival))
            return
        message = place.decode(arrival.payload)
        retried = arrival.came_ns is not None  # its number is in the log, from when it came
        if not retried and not self._is_new(batch, topic, message.boot, message.seq):
            batch.counts["duplicate"] += 1
            return
        if isinstance(message, Unreadable):
            batch.counts["dead"] += 1
            batch.dead(arrival, message.why)
            return
        self._new_telemetry(batch, arrival, topic, message)

    def _new_telemetry(
        self, batch: Batch, arrival: Arrival, topic: Topic, message: Telemetry
    ) -> None:
        counts, key = batch.counts, (topic.site, topic.node, message.boot or "")
        answer = self._validator.telemetry(
            topic.site, topic.node, message, arrival.recv_ns, came_ns=arrival.came_ns
        )
        if isinstance(answer, Accepted):
            counts["stored"] += 1
            counts["readings_stored"] += answer.readings
            counts["readings_dead"] += len(answer.bad)
            batch.frames.append(answer.frame)
            if answer.bad:
                batch.refuse(arrival, topic, answer.bad)
                batch.tell_refused(key, len(answer.bad))
            return
        counts["dead"] += 1
        counts["readings_dead"] += _offered(message)
        batch.tell_refused(key, _offered(message))
        batch.dead(arrival, answer[0])
        batch.refuse(arrival, topic, answer[1:])

    def _is_new(self, batch: Batch, topic: Topic, boot: str | None, seq: int | None) -> bool:
        if boot is None or seq is None:
            return True  # by hand or foreign: (point, ts) settles repeats in the store
        if not self._is_remembered(topic):
            return True
        key = (topic.site, topic.node, boot)
        seen = self._seen_of(batch, key)
        batch.seen[key] = seen
        is_new = seen.add(seq)
        if self._registry.is_member(topic.site, topic.node):
            self._gaps.saw(key, seen)
        return is_new

    def _is_remembered(self, topic: Topic) -> bool:
        """Whether a node has a place for its numbers; names can be invented without end."""
        key = (topic.site, topic.node)
        if self._registry.is_member(*key) or key in self._strangers:
            return True
        if len(self._strangers) >= MAX_STRANGERS:
            return False
        self._strangers.add(key)
        return True

    def _seen_of(self, batch: Batch, key: SeenKey) -> Seen:
        seen = self._seen.get(key)
        if seen is None:
            batch.heard.add(key)
            seen = self._seen[key] = self._load_seen(key) or Seen()
        return seen

    def _bound_seen(self, batch: Batch) -> None:
        excess = len(self._seen) - MAX_SEEN
        if excess > 0:
            # What this batch changed is not in the log yet and must stay.
            idle = [key for key in self._seen if key not in batch.seen]
            for key in idle[:excess]:
                del self._seen[key]

    def _birth(self, batch: Batch, arrival: Arrival, topic: Topic) -> None:
        batch.counts["births"] += 1
        if arrival.size == 0:  # a retained birth was cleared
            return
        birth = decode_birth(arrival.payload) if arrival.size <= MAX_PAYLOAD else None
        if birth is None or isinstance(birth, Rejected):
            batch.dead(arrival, birth or _too_large(arrival))
            return
        started = parse_ts(birth.started) if birth.started is not None else None
        if isinstance(started, int) and not 0 <= started <= MAX_STARTED_NS:
            started = reject(Reason.TS_RANGE, "started", started)
        if isinstance(started, Rejected):
            batch.refuse(arrival, topic, [started])
            started = None
        born = self._registry.birth(topic.site, topic.node, birth, started, arrival.recv_ns)
        batch.frames.extend(born.frames)
        batch.refuse(arrival, topic, born.bad)
        if birth.boot is not None and self._is_remembered(topic):
            key = (topic.site, topic.node, birth.boot)
            batch.seen[key] = seen = self._seen_of(batch, key)
            batch.counts["given_up"] += seen.born(birth.first)
            batch.born.add(key)
            batch.heard.add(key)

    def _state(self, batch: Batch, arrival: Arrival, topic: Topic) -> None:
        batch.counts["states"] += 1
        if arrival.size == 0:  # a retained state was cleared
            return
        state = decode_state(arrival.payload[:MAX_PAYLOAD])
        if isinstance(state, Rejected):
            batch.dead(arrival, state)
            return
        registry, site, node = self._registry, topic.site, topic.node
        fault = registry.site_fault(site) or registry.node_fault(site, node)
        if fault is not None:
            batch.dead(arrival, fault)
            return
        registry.join(site, node)
        online, standing, recv_ns = state.online, state.standing, arrival.recv_ns
        batch.frames.append(state_frame(site, node, recv_ns, online=online, standing=standing))


def _too_large(arrival: Arrival) -> Rejected:
    return reject(Reason.TOO_LARGE, "payload", f"{arrival.size} bytes")


def _outcome(tried: Batch) -> str:
    """What came of a letter that was tried again, in a sentence."""
    if not tried.counts["stored"]:
        return str(tried.letters[0].why) if tried.letters else "nothing in it could be used"
    if not tried.refused:
        return "stored"
    first = tried.refused[0].why
    return f"stored, but for {len(tried.refused)} of its readings; the first: {first}"


def _offered(message: Telemetry) -> int:
    values = message.values.values() if isinstance(message.values, dict) else message.values
    return sum(value is not None for value in values) + len(message.bad)
