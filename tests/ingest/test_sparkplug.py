"""A Sparkplug host: births, aliases, numbers, deaths and requests become what 3.0 says."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sparkplug import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INT32,
    NOON_MS,
    STRING,
    Talk,
    bd_seq,
    metric,
)

from ingest.native import MAX_PAYLOAD
from ingest.reasons import Reason, Rejected
from ingest.sample import Came, Command, Decoded, Names, Turn
from ingest.sparkplug import MAX_METRICS, STATE_PAUSE_NS, Sparkplug
from ingest.sparkplug_edge import FIRST_PAUSE_NS, Life
from ingest.sparkplug_schema import new_payload, read_payload
from podcore.frame import Flag

MS = 1_000_000


def values(decoded: Decoded) -> dict[str, float]:
    return {
        name: value
        for sample in decoded.samples
        for name, value in zip(sample.fields, sample.values, strict=True)
    }


def reasons(decoded: Decoded) -> list[Reason]:
    found = [why for _, _, why in decoded.refusals.kept]
    return [why.reason for why in found + [w for s in decoded.samples for _, w in s.bad]]


def born() -> Talk:
    talk = Talk()
    temperature = metric("Inlet/Temp", 21.5, FLOAT, alias=1)
    talk.send("NBIRTH/e1", bd_seq(3), temperature, metric("Fan", 4, INT32, alias=2))
    talk.send("DBIRTH/e1/ahu", metric("Temp", 12.0, DOUBLE, alias=3), metric("On", True, BOOLEAN))
    return talk


def test_a_birth_gives_values_and_says_that_its_sender_is_there() -> None:
    decoded = Talk().send("NBIRTH/e1", bd_seq(3), metric("T", 21.5, timestamp=NOON_MS - 5))
    (sample,) = decoded.samples
    assert (sample.fields, sample.values, sample.ts_ns) == (("T",), [21.5], (NOON_MS - 5) * MS)
    assert decoded.turns == [Turn("plant/e1", online=True)]
    assert not decoded.commands


def test_names_say_group_edge_node_and_device() -> None:
    host = Sparkplug()
    assert host.names("plant/e1") == Names("e1", {"group": "plant", "edge": "e1"})
    tags = {"group": "plant", "edge": "e1", "device": "ahu"}
    assert host.names("plant/e1/ahu") == Names("ahu", tags)


def test_births_and_data_are_known_under_one_topic() -> None:
    talk = Talk()
    topics = {talk.send(f"{kind}/e1", metric("T", 1.0)).topic for kind in ("NBIRTH", "NDATA")} | {
        talk.send(f"{kind}/e1/d", metric("T", 1.0)).topic for kind in ("DBIRTH", "DDATA")
    }
    assert topics == {"spBv1.0/plant/NDATA/e1", "spBv1.0/plant/DDATA/e1/d"}


def test_an_alias_is_the_metric_that_the_birth_gave_it() -> None:
    talk = born()
    assert values(talk.send("NDATA/e1", metric(None, 22.0, FLOAT, alias=1, typed=False))) == {
        "Inlet/Temp": 22.0
    }
    device = talk.send("DDATA/e1/ahu", metric(None, 13.0, alias=3, typed=False))
    assert values(device) == {"Temp": 13.0}


def test_a_name_without_datatype_has_that_of_the_birth() -> None:
    sent = metric("Fan", 2**32 - 4, INT32, typed=False)
    assert values(born().send("NDATA/e1", sent)) == {"Fan": -4.0}


def test_an_alias_of_another_device_or_of_nobody_is_refused() -> None:
    talk = born()
    for alias in (1, 99):
        decoded = talk.send("DDATA/e1/ahu", metric(None, 1.0, alias=alias, typed=False))
        assert reasons(decoded) == [Reason.NO_BIRTH]
        assert not decoded.samples


def test_null_is_not_sampled_and_controls_are_no_readings() -> None:
    control = metric("Node Control/Rebirth", False, BOOLEAN)
    decoded = born().send("NDATA/e1", metric("Fan", kind=INT32, is_null=True), control)
    assert not decoded.samples
    assert not decoded.refusals.total


def test_a_historical_value_is_recorded() -> None:
    (sample,) = born().send("NDATA/e1", metric("Fan", 1, INT32, is_historical=True)).samples
    assert sample.flags is Flag.RECORDED


def test_without_a_birth_names_are_taken_aliases_are_not_and_a_birth_is_asked_for() -> None:
    decoded = Talk().send(
        "NDATA/e1", metric("T", 1.5), metric(None, 2.0, alias=1), metric("U", 2.0, typed=False)
    )
    assert values(decoded) == {"T": 1.5}
    assert reasons(decoded) == [Reason.NO_BIRTH, Reason.NO_BIRTH]
    (command,) = decoded.commands
    assert command.topic == "spBv1.0/plant/NCMD/e1"
    asked = read_payload(command.payload or b"")
    assert asked is not None
    assert [each.name for each in asked.metrics] == [b"Node Control/Rebirth"]
    assert not asked.HasField("seq")


def test_after_a_lost_message_aliases_wait_for_the_birth_that_is_asked_for() -> None:
    talk = born()
    late = metric(None, 22.0, FLOAT, alias=1, typed=False)
    lost = talk.send("NDATA/e1", late, seq=9)
    assert (reasons(lost), len(lost.commands)) == ([Reason.NO_BIRTH], 1)
    assert not talk.send("NDATA/e1", late).commands  # asked a moment ago
    talk.now_ms += FIRST_PAUSE_NS // MS
    assert talk.send("NDATA/e1", late).commands
    talk.send("NBIRTH/e1", bd_seq(3), metric("Inlet/Temp", 21.5, FLOAT, alias=5))
    again = talk.send("NDATA/e1", metric(None, 23.0, FLOAT, alias=5, typed=False))
    assert values(again) == {"Inlet/Temp": 23.0}


def test_a_device_that_was_not_born_asks_for_births_as_well() -> None:
    decoded = born().send("DDATA/e1/pump", metric("T", 1.0))
    assert values(decoded) == {"T": 1.0}
    assert len(decoded.commands) == 1


def test_a_death_takes_node_and_devices_away_if_it_is_that_of_the_present_birth() -> None:
    talk = born()
    assert not talk.send("NDEATH/e1", bd_seq(2)).turns
    assert talk.host.life("plant", "e1") is Life.ONLINE
    gone = talk.send("NDEATH/e1", bd_seq(3)).turns
    assert gone == [Turn("plant/e1", online=False), Turn("plant/e1/ahu", online=False)]
    assert talk.host.life("plant", "e1") is Life.OFFLINE
    assert talk.send("NDATA/e1", metric("T", 1.0)).commands


def test_a_device_dies_alone() -> None:
    talk = born()
    assert talk.send("DDEATH/e1/ahu").turns == [Turn("plant/e1/ahu", online=False)]
    assert values(talk.send("NDATA/e1", metric(None, 1, INT32, alias=2, typed=False)))
    refused = talk.send("DDATA/e1/ahu", metric(None, 1.0, alias=3, typed=False))
    assert reasons(refused) == [Reason.NO_BIRTH]


@pytest.mark.parametrize(("back_ms", "taken"), ((0, True), (1, False)))
def test_a_letter_tried_again_is_read_by_the_birth_it_came_behind(
    back_ms: int, taken: bool
) -> None:
    talk = born()
    sent = metric(None, 5, INT32, alias=2, typed=False)
    decoded = talk.send("NDATA/e1", sent, seq=200, again_ms=NOON_MS - back_ms)
    assert bool(decoded.samples) is taken
    assert not decoded.commands
    assert talk.host.life("plant", "e1") is Life.ONLINE  # its number was that of long ago


def test_what_births_say_is_bounded_whoever_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sparkplug.MAX_KNOWN", 10)
    talk = Talk()
    talk.send("NBIRTH/e1", *(metric("T", 1.0, alias=alias) for alias in range(50)))
    for number in range(20):
        talk.send(f"DBIRTH/e1/d{number}")
    (edge,) = talk.host._edges.values()  # noqa: SLF001 -- what no one else can see
    assert edge.held == 10


def test_a_node_that_is_born_again_finds_the_room_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sparkplug.MAX_KNOWN", 10)
    talk = Talk()
    for _ in range(3):
        talk.send("NBIRTH/e1", *(metric(f"T{n}", 1.0, alias=n) for n in range(5)))
        assert values(talk.send("NDATA/e1", metric(None, 2.0, alias=4))) == {"T4": 2.0}
    talk.send("NDEATH/e1")
    talk.send("NBIRTH/e2", *(metric(f"T{n}", 1.0, alias=n) for n in range(5)))
    assert values(talk.send("NDATA/e2", metric(None, 2.0, alias=4))) == {"T4": 2.0}


def test_a_clock_that_is_set_back_does_not_silence_requests() -> None:
    talk = Talk()
    assert talk.send("NDATA/e1").commands
    assert not talk.send("NDATA/e1").commands
    talk.now_ms -= 3_600_000
    assert talk.send("NDATA/e1").commands


def test_who_says_that_this_host_is_away_is_answered_yet_not_for_ever() -> None:
    host = Sparkplug("hall")
    topic, gone = "spBv1.0/STATE/hall", b'{"online":false,"timestamp":1}'
    answers = [
        host.decode(payload, 1, Came(to, NOON_MS * MS + at_ns)).commands
        for to, payload, at_ns in (
            (topic, b'{"online":true,"timestamp":1}', 0),
            ("spBv1.0/STATE/other", gone, 0),
            (topic, gone, 1),
            (topic, gone, 2),
            (topic, b"", STATE_PAUSE_NS + 1),
        )
    ]
    assert answers == [[], [], [Command(topic, None)], [], [Command(topic, None)]]


@pytest.mark.parametrize(
    "topic",
    ("spBv1.0/plant/NDATA", "spBv1.0/plant/NDATA/e/d", "spBv1.0/plant/DDATA/e", "spBv1.0//NDATA/e",
     "spAv1.0/plant/NDATA/e", "spBv1.0/plant/STATE/e", "spBv1.0/plant/ndata/e", "x",
     "spBv1.0/plant/NDATA/+", "spBv1.0/#/NDATA/e"),
)  # fmt: skip
def test_a_topic_of_no_sparkplug_is_refused(topic: str) -> None:
    assert reasons(Sparkplug().decode(b"", 1, Came(topic, 1))) == [Reason.BAD_TOPIC]


@pytest.mark.parametrize("kind", ("NCMD/e1", "DCMD/e1/d"))
def test_commands_of_hosts_are_passed_over(kind: str) -> None:
    assert Talk().send(kind, metric("T", 1.0)) == Decoded()


def test_what_is_no_protocol_buffer_is_refused_and_changes_nothing() -> None:
    talk = born()
    assert reasons(talk.hear("spBv1.0/plant/NDATA/e1", b"\xff")) == [Reason.NOT_PROTOBUF]
    assert talk.host.life("plant", "e1") is Life.ONLINE


def test_a_message_has_so_many_metrics() -> None:
    many = [metric(None, alias=1)] * (MAX_METRICS + 1)
    assert reasons(Talk().send("NDATA/e1", *many)) == [Reason.TOO_LARGE]


def test_a_metric_that_cannot_be_read_costs_itself_alone() -> None:
    text, nameless = metric("Model", b"x", STRING), metric(None, 1.0)
    wrong = metric("x", 1.0) | {"name": b"\xff"}
    decoded = born().send("NDATA/e1", text, nameless, wrong, metric("T", 1.0))
    assert values(decoded) == {"T": 1.0}
    expected = [Reason.BAD_RECORD, Reason.BAD_RECORD, Reason.WRONG_TYPE]
    assert reasons(decoded) == expected


NUMBER = st.integers(0, 2**32 - 1)
METRIC = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from((b"T", b"bdSeq", b"\xff", b"", b"Node Control/Rebirth")),
        "alias": st.integers(0, 4), "datatype": st.integers(0, 36), "timestamp": NUMBER,
        "is_null": st.booleans(), "is_historical": st.booleans(),
        "int_value": NUMBER, "long_value": st.integers(0, 2**64 - 1),
        "float_value": st.floats(width=32), "double_value": st.floats(),
        "boolean_value": st.booleans(), "string_value": st.binary(max_size=3),
    },
)  # fmt: skip
PAYLOAD = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda seq, metrics: new_payload(seq=seq, metrics=metrics),
        st.integers(0, 3), st.lists(METRIC, max_size=4),
    ),
)  # fmt: skip
TOPIC = st.sampled_from(
    ("g/NBIRTH/e", "g/NDATA/e", "g/NDEATH/e", "g/DBIRTH/e/d", "g/DDATA/e/d", "g/DDEATH/e/d",
     "g/NCMD/e", "STATE/podtwin", "STATE/other", "g/DDATA/e"),
)  # fmt: skip


@settings(max_examples=1_000)
@given(st.lists(st.tuples(TOPIC, PAYLOAD, st.booleans()), max_size=6))
def test_whatever_comes_in_whatever_order_nothing_is_raised(
    messages: list[tuple[str, bytes, bool]],
) -> None:
    host = Sparkplug()
    for number, (topic, payload, again) in enumerate(messages):
        decoded = host.decode(payload, 1, Came(f"spBv1.0/{topic}", NOON_MS * MS + number, again))
        for sample in decoded.samples:
            assert isinstance(host.names(sample.series), Names)
            assert len(sample.values) == len(sample.fields)
            assert all(isinstance(why, Rejected) for _, why in sample.bad)


@pytest.mark.parametrize(
    "piece", (b"\x12\x00", b"\x12\x02\x10\x01", b"\x12", b"\x0b", b"\x7a\x01a")
)
def test_no_payload_takes_long(piece: bytes) -> None:
    started_s = process_time()
    Sparkplug().decode((piece * MAX_PAYLOAD)[:MAX_PAYLOAD], 1, Came("spBv1.0/g/NBIRTH/e", 1))
    assert process_time() - started_s < 2.0
