"""Packed telemetry is what the JSON is, to the last field; nothing raises, whatever the bytes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from time import process_time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ingesting import BOOT, NOON_NS, Ingest, air_site, topic

from ingest.acks import OwedAck
from ingest.ledger import Ledger
from ingest.native import MAX_PAYLOAD, Telemetry, Unreadable, decode_telemetry
from ingest.native_msgpack import PackedTopics, decode_packed
from ingest.reasons import Reason
from ingest.topic_filter import TopicFilter
from podcore.frame import Kind

pack = msgspec.msgpack.encode
AIR, POWER, METER = "crac-1/supply_air_temp", "rack-01/it_power", "meter-1/power"
SOURCE = PackedTopics(TopicFilter.parse("podtwin/v1/ams-03/+/telemetry"))

SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(max_size=5)
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "v": st.one_of(st.just(1), SCALAR),
        "m": st.one_of(st.dictionaries(st.text(max_size=5), SCALAR, max_size=4), SCALAR),
        "a": st.one_of(st.lists(SCALAR, max_size=4), SCALAR),
        "ts": SCALAR, "boot": SCALAR, "seq": SCALAR, "more": SCALAR,
    },
)  # fmt: skip


def told(message: Telemetry | Unreadable) -> str:
    """All of it as text, in which nan is like nan."""
    return repr(message)


@settings(max_examples=1_000)
@given(FIELDS)
def test_packed_and_json_decode_to_the_same(fields: dict[str, object]) -> None:
    packed, text = decode_packed(pack(fields)), decode_telemetry(json.dumps(fields).encode())
    assert told(packed) == told(text)


def test_a_value_that_is_not_finite_costs_itself_alone() -> None:
    message = decode_packed(pack({"v": 1, "m": {"a/b": math.nan, "a/c": 1.5, "a/d": math.inf}}))
    assert isinstance(message, Telemetry)
    assert message.values == {"a/c": 1.5}
    assert [why.reason for why in message.bad] == [Reason.NOT_FINITE] * 2


def test_values_whose_sum_is_past_float64_are_good() -> None:
    message = decode_packed(pack({"v": 1, "a": [1.7e308, 1.7e308, None]}))
    assert isinstance(message, Telemetry)
    assert (message.values, message.bad) == ([1.7e308, 1.7e308, None], [])


@pytest.mark.parametrize(
    ("payload", "reason"),
    (
        (b"", Reason.EMPTY), (b"\xc1", Reason.NOT_MSGPACK), (pack([1]), Reason.NOT_MSGPACK),
        (b'{"v":1}', Reason.NOT_MSGPACK), (b"\x91" * 100_000, Reason.TOO_DEEP),
        (b"\x81\xa1\xff\x01", Reason.NOT_UTF8), (pack({1: 2}), Reason.MISSING_FIELD),
        (pack({"v": 2, "m": {}}), Reason.WRONG_VERSION), (pack({"v": 1}), Reason.MISSING_FIELD),
    ),
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(payload: bytes, reason: Reason) -> None:
    message = decode_packed(payload)
    assert isinstance(message, Unreadable)
    assert message.why.reason is reason


@settings(max_examples=2_000)
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=20).map(lambda more: b"\x83" + more)))
def test_whatever_the_bytes_nothing_is_raised(payload: bytes) -> None:
    message = decode_packed(payload)
    if isinstance(message, Telemetry) and isinstance(message.values, dict):
        assert all(isinstance(key, str) for key in message.values)


@pytest.mark.parametrize("piece", (b"\x81", b"\x91", b"\xdd\x00\x01\x00\x00", b"\xdb\xff", b"\xc0"))
def test_no_payload_takes_long(piece: bytes) -> None:
    started_s = process_time()
    decode_packed((b"\x83\xa1v\x01\xa1a" + piece * MAX_PAYLOAD)[:MAX_PAYLOAD])
    assert process_time() - started_s < 2.0


def played(folder: Path, *payloads: bytes, packed: bool) -> tuple[Ingest, Ledger]:
    """A birth in JSON, then the messages."""
    folder.mkdir()
    ingest = Ingest(folder, air_site(), sources=(SOURCE,) if packed else ())
    points = [{"id": AIR}, {"id": POWER, "unit": "kW"}, {"id": METER}]
    ingest.send(
        topic("birth"), json.dumps({"v": 1, "boot": BOOT, "first": 1, "points": points}).encode()
    )
    for payload in payloads:
        ingest.send(topic(), payload)
    return ingest, ingest.finish()


MESSAGES: tuple[dict[str, object], ...] = (
    {"v": 1, "boot": BOOT, "seq": 1, "ts": NOON_NS, "m": {AIR: 22.5, POWER: 4.2}},
    {"v": 1, "boot": BOOT, "seq": 2, "ts": "2026-11-24T12:00:00Z", "a": [22, None, 5.5]},
    {"v": 1, "boot": BOOT, "seq": 2, "ts": NOON_NS, "a": [22.0, 4.0, 5.5]},
    {"v": 1, "boot": BOOT, "seq": 4, "m": {AIR: "warm", POWER: 4.3}},
    {"v": 1, "boot": BOOT, "seq": 3, "m": {}, "ts": 5},
)


def test_numbers_duplicates_acks_and_frames_are_those_of_the_json(tmp_path: Path) -> None:
    as_json = [json.dumps(each).encode() for each in MESSAGES]
    as_packed = [pack(each) for each in MESSAGES]
    text, ledger = played(tmp_path / "json", *as_json, packed=False)
    packed, packed_ledger = played(tmp_path / "packed", *as_packed, packed=True)
    assert packed_ledger == ledger
    assert (ledger.stored, ledger.duplicate) == (3, 1)
    assert packed.frames(Kind.READING) == text.frames(Kind.READING)
    assert packed.told.acks == text.told.acks
    assert packed.told.acks[-1] == OwedAck("ams-03", "gw-1", BOOT, 4, refused=1)
    assert packed.refusals() == text.refusals()


def test_other_topics_stay_json(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site(), sources=(SOURCE,), discover=True)
    ingest.send(topic(), b'{"v":1,"m":{}}')
    ingest.send(topic(site="lab"), pack({"v": 1, "m": {}}))
    ingest.finish()
    assert [why.reason for why in ingest.refusals()] == [Reason.NOT_MSGPACK, Reason.NOT_UTF8]
