from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from support.ingesting import BOOT, NOON_NS, NS, air_site, arrival, empty_registry, topic

from ingest import intake as intake_module
from ingest.acks import OwedAck
from ingest.dedupe import Seen
from ingest.inbox import Arrival
from ingest.intake import Batch, Intake
from ingest.registry_store import SeenKey
from ingest.ticks import Ticks
from podcore.frame import STATE, Frame, Kind

AIR = "crac-1/supply_air_temp"
KEY = ("ams-03", "gw-1", BOOT)


def intake_of(known: dict[SeenKey, Seen] | None = None) -> Intake:
    registry = empty_registry()
    registry.adopt(air_site(), NOON_NS)
    registry.take_changes()
    return Intake(registry, Ticks(NOON_NS), ({} if known is None else known).get)


def telemetry(seq: int | None = None, *, after_s: float = 0.0, boot: str = BOOT) -> Arrival:
    numbered = {} if seq is None else {"boot": boot, "seq": seq}
    payload = msgspec.json.encode({"v": 1, **numbered, "m": {AIR: 22.5}})
    return arrival(topic(), payload, recv_ns=NOON_NS + round(after_s * NS))


def birth(first: int | None = 1, *, after_s: float = 0.0) -> Arrival:
    payload = msgspec.json.encode({"v": 1, "boot": BOOT, "first": first, "points": [{"id": AIR}]})
    return arrival(topic("birth"), payload, recv_ns=NOON_NS + round(after_s * NS))


def shape(frames: list[Frame]) -> list[tuple[Kind, float]]:
    return [(frame.kind, (frame.recv_ns - NOON_NS) / NS) for frame in frames]


def acks(batch: Batch) -> list[tuple[int, bool]]:
    return [(ack.seq, at_once) for ack, at_once in batch.acks()]


def test_a_tick_goes_before_the_first_frame_of_its_second() -> None:
    batch = intake_of().take(
        [telemetry(1, after_s=0.5), telemetry(2, after_s=1.5), telemetry(3, after_s=1.9)],
        NOON_NS + 2 * NS,
    )
    assert shape(batch.frames) == [
        (Kind.READING, 0.5),
        (Kind.TICK, 1.0),
        (Kind.READING, 1.5),
        (Kind.READING, 1.9),
    ]


def test_a_tick_comes_by_itself_when_nothing_else_does() -> None:
    intake = intake_of()
    assert shape(intake.take([], NOON_NS + NS // 2).frames) == []
    assert shape(intake.take([], NOON_NS + NS).frames) == [(Kind.TICK, 1.0)]


def test_a_message_that_is_refused_still_lets_time_pass() -> None:
    bad = arrival(topic(), b"", recv_ns=NOON_NS + NS)
    assert shape(intake_of().take([bad], NOON_NS + NS).frames) == [(Kind.TICK, 1.0)]


def test_frames_keep_the_order_of_arrival_whatever_their_kind() -> None:
    state = arrival(topic("state"), b"online")
    batch = intake_of().take([telemetry(), birth(), state, telemetry()], NOON_NS)
    assert [frame.kind for frame in batch.frames] == [
        Kind.READING,
        Kind.BIRTH,
        Kind.STATE,
        Kind.READING,
    ]


def test_births_and_states_are_counted_apart_from_messages() -> None:
    state = arrival(topic("state"), b'{"v":1,"state":"offline"}')
    batch = intake_of().take([birth(), state, telemetry(1)], NOON_NS)
    assert {name: n for name, n in batch.counts.items() if n} == {
        "births": 1, "states": 1, "stored": 1, "readings_stored": 1,
    }  # fmt: skip
    assert not STATE.decode(batch.frames[1].body).online


def test_a_repeat_is_a_duplicate_and_leaves_nothing_else() -> None:
    batch = intake_of().take([telemetry(1), telemetry(1), telemetry(1)], NOON_NS)
    assert (batch.counts["stored"], batch.counts["duplicate"]) == (1, 2)
    assert batch.counts["readings_stored"] == 1
    assert len(batch.frames) == 1


def test_the_same_number_of_another_boot_or_node_is_new() -> None:
    other_node = telemetry(1)
    other_node.topic = topic(node="gw-2")
    batch = intake_of().take([telemetry(1), telemetry(1, boot="OTHER"), other_node], NOON_NS)
    assert batch.counts["duplicate"] == 0


def test_numbers_of_an_earlier_run_are_looked_up_in_the_log() -> None:
    batch = intake_of({KEY: Seen([1], [5])}).take([telemetry(5), telemetry(6)], NOON_NS)
    assert (batch.counts["stored"], batch.counts["duplicate"]) == (1, 1)
    assert batch.seen[KEY].ends == [6]


def test_without_a_number_nothing_is_a_duplicate() -> None:
    batch = intake_of().take([telemetry(), telemetry()], NOON_NS)
    assert batch.counts["stored"] == 2
    assert batch.seen == {}


def test_a_birth_is_answered_at_once_with_what_lies_before_its_first() -> None:
    batch = intake_of().take([birth(first=41)], NOON_NS)
    assert acks(batch) == [(40, True)]


def test_without_a_birth_no_ack_is_owed() -> None:
    assert acks(intake_of().take([telemetry(1)], NOON_NS)) == []


def test_the_ack_goes_up_to_the_gap() -> None:
    intake = intake_of()
    intake.take([birth()], NOON_NS)
    assert acks(intake.take([telemetry(1), telemetry(2), telemetry(4)], NOON_NS)) == [(2, False)]
    assert acks(intake.take([telemetry(3)], NOON_NS)) == [(4, False)]


def test_a_duplicate_owes_the_ack_again_in_case_it_was_lost() -> None:
    intake = intake_of()
    intake.take([birth(), telemetry(1)], NOON_NS)
    assert acks(intake.take([telemetry(1)], NOON_NS)) == [(1, False)]


def test_an_ack_names_its_node_and_boot() -> None:
    [(ack, _)] = intake_of().take([birth()], NOON_NS).acks()
    assert ack == OwedAck("ams-03", "gw-1", BOOT, 0)


def test_what_a_sender_gave_up_is_counted() -> None:
    intake = intake_of()
    intake.take([birth(), telemetry(1)], NOON_NS)
    assert intake.take([birth(first=10)], NOON_NS).counts["given_up"] == 8


def test_a_refused_message_is_seen_so_that_its_sender_goes_on() -> None:
    intake = intake_of()
    intake.take([birth()], NOON_NS)
    payload = msgspec.json.encode({"v": 1, "boot": BOOT, "seq": 1, "m": {"no/such": 1.0}})
    batch = intake.take([arrival(topic(), payload), telemetry(2)], NOON_NS)
    assert (batch.counts["dead"], acks(batch)) == (1, [(2, False)])


def test_the_ack_says_how_many_readings_of_the_boot_were_refused_so_far() -> None:
    intake = intake_of()
    intake.take([birth(), telemetry(1)], NOON_NS)
    payload = msgspec.json.encode({"v": 1, "boot": BOOT, "seq": 2, "m": {"no/such": 1.0}})
    for _ in range(2):  # the second time it is a duplicate
        [(ack, _)] = intake.take([arrival(topic(), payload)], NOON_NS).acks()
        assert ack == OwedAck("ams-03", "gw-1", BOOT, 2, 1)
    [(ack, _)] = intake.take([telemetry(3)], NOON_NS).acks()
    assert (ack.seq, ack.refused) == (3, 1)


def test_boots_past_the_bound_are_forgotten_but_for_those_not_yet_written() -> None:
    known: dict[SeenKey, Seen] = {}
    intake = intake_of(known)
    limit = intake_module.MAX_SEEN
    for start in (0, limit // 2, limit, limit + limit // 2):
        batch = intake.take(
            [telemetry(1, boot=f"B{n}") for n in range(start, start + limit // 2)], NOON_NS
        )
        known.update(batch.seen)
    assert len(intake._seen) == limit  # noqa: SLF001 -- the bound
    again = intake.take([telemetry(1, boot="B0")], NOON_NS)
    assert again.counts["duplicate"] == 1


@given(
    st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=60),
    st.integers(1, 10),
)
def test_cut_into_batches_of_any_size_the_counts_are_the_same(
    sent: list[tuple[int, bool]], size: int
) -> None:
    messages = [telemetry(seq) if good else arrival(topic(), b"bad") for seq, good in sent]
    intake = intake_of()
    batches = [
        intake.take(messages[start : start + size], NOON_NS)
        for start in range(0, len(messages), size)
    ]
    good = [seq for seq, is_good in sent if is_good]
    assert sum(batch.counts["stored"] for batch in batches) == len(set(good))
    assert sum(batch.counts["duplicate"] for batch in batches) == len(good) - len(set(good))
    assert sum(batch.counts["dead"] for batch in batches) == len(sent) - len(good)
    assert sum(len(batch.frames) for batch in batches) == len(set(good))


def test_long_topics_are_not_remembered() -> None:
    intake = intake_of()
    batch = intake.take([arrival("x" * 60_000, b"1"), arrival("x/telemetry", b"1")], NOON_NS)
    assert batch.counts["dead"] == 2
    assert list(intake._topics) == ["x/telemetry"]  # noqa: SLF001 -- what no one else can see
