from __future__ import annotations

import json
import math

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.native import (
    Birth,
    SentPoint,
    SentState,
    Telemetry,
    Unreadable,
    decode_ack,
    decode_birth,
    decode_state,
    decode_telemetry,
    encode_ack,
    encode_birth,
    encode_state,
    encode_telemetry,
)
from ingest.reasons import Reason, Rejected
from podcore.frame import BirthPoint

BOOT = "01JD0000000000000000000000"
names = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]/[a-z][a-z0-9_]{0,8}", fullmatch=True)
finite = st.floats(allow_nan=False, allow_infinity=False)
seqs = st.integers(1, 2**63 - 1)
values = st.dictionaries(names, st.none() | finite, max_size=8)

TELEMETRY = b'{"v":1,"boot":"B","seq":7,"ts":"2026-11-24T12:00:00Z","m":{"a/b":1.5,"c/d":null}}'
BIRTH = b'{"v":1,"boot":"B","first":1,"clock":"live","points":[{"id":"a/b","unit":"W"}]}'


@given(seqs, st.integers(0, 2**62), values)
def test_telemetry_comes_back_as_it_was_sent(
    seq: int, ts_ns: int, sent: dict[str, float | None]
) -> None:
    message = decode_telemetry(encode_telemetry(BOOT, seq, ts_ns, sent))
    assert message == Telemetry(sent, ts_ns, BOOT, seq, [])


@given(st.integers(0, 2**62), seqs, st.booleans(), st.lists(names, unique=True, max_size=5))
def test_a_birth_comes_back_as_it_was_sent(
    started_ns: int, first: int, recorded: bool, ids: list[str]
) -> None:
    points = [BirthPoint(point_id, "power", "kW", 1.0) for point_id in ids]
    birth = decode_birth(encode_birth(BOOT, started_ns, first, recorded=recorded, points=points))
    sent = [SentPoint(point_id, "kW", "power", 1.0) for point_id in ids]
    assert birth == Birth(BOOT, started_ns, first, recorded, sent)


@pytest.mark.parametrize("online", (True, False))
def test_a_state_comes_back_as_it_was_sent(online: bool) -> None:
    assert decode_state(encode_state(online=online)) == SentState(online)


@pytest.mark.parametrize(("word", "online"), ((b"online", True), (b"offline", False)))
def test_a_state_may_be_a_bare_word(word: bytes, online: bool) -> None:
    assert decode_state(word) == SentState(online)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_an_ack_comes_back_as_it_was_sent(seq: int, refused: int) -> None:
    ack = decode_ack(encode_ack(BOOT, seq, refused))
    assert ack is not None
    assert (ack.boot, ack.seq, ack.refused) == (BOOT, seq, refused)


def test_an_ack_speaks_of_refused_readings_only_when_there_are_some() -> None:
    assert encode_ack("B", 7) == b'{"v":1,"boot":"B","seq":7}'


@pytest.mark.parametrize(
    "payload", (b"", b"{}", b'{"v":2,"boot":"B","seq":1}', b'{"v":1,"boot":"B","seq":-1}', b"\xff")
)
def test_what_is_no_ack_of_ours_is_none(payload: bytes) -> None:
    assert decode_ack(payload) is None


@given(seqs, values, st.lists(names, unique=True, min_size=1, max_size=4))
def test_bad_values_are_named_and_the_good_ones_are_those_of_the_strict_way(
    seq: int, sent: dict[str, float | None], bad_names: list[str]
) -> None:
    good = {name: value for name, value in sent.items() if name not in bad_names}
    bad = dict.fromkeys(bad_names, math.nan)
    payload = json.dumps({"v": 1, "boot": BOOT, "seq": seq, "ts": 5, "m": good | bad}).encode()
    message = decode_telemetry(payload)
    assert isinstance(message, Telemetry)
    assert message.values == good
    assert (message.boot, message.seq, message.ts) == (BOOT, seq, 5)
    assert [why.place for why in message.bad] == [f"m[{name!r}]" for name in bad_names]


def test_a_bad_entry_of_the_compact_form_keeps_its_place() -> None:
    message = decode_telemetry(b'{"v":1,"a":[1,NaN,null,4]}')
    assert isinstance(message, Telemetry)
    assert message.values == [1.0, None, None, 4.0]
    assert [why.place for why in message.bad] == ["a[1]"]


def test_m_goes_before_a() -> None:
    message = decode_telemetry(b'{"v":1,"a":[1],"m":{"a/b":2}}')
    assert isinstance(message, Telemetry)
    assert message.values == {"a/b": 2.0}


def test_fields_that_are_not_known_are_passed_over() -> None:
    assert isinstance(decode_telemetry(b'{"v":1,"m":{},"vendor":{"x":[1]}}'), Telemetry)


@pytest.mark.parametrize(
    "rest", (b'"v":2,"m":{}', b'"v":1', b'"v":1,"m":5', b'"v":1,"m":{"a/b":NaN},"ts":1.5')
)
def test_what_cannot_be_used_still_has_its_number(rest: bytes) -> None:
    """So that it is counted once and confirmed, and its sender goes on."""
    message = decode_telemetry(b'{"boot":"B","seq":7,' + rest + b"}")
    assert isinstance(message, Unreadable)
    assert (message.boot, message.seq) == ("B", 7)


@pytest.mark.parametrize("levels", range(900, 1_000, 7))
def test_depths_near_the_limit_of_the_parser_are_refused_and_nothing_raises(levels: int) -> None:
    message = decode_telemetry(b'{"v":1,"m":{"a/b":' + b"[" * levels + b"]" * levels + b"}}")
    assert isinstance(message, Telemetry | Unreadable)


def test_a_birth_of_another_first_names_first() -> None:
    why = decode_birth(b'{"v":1,"boot":"B","first":0,"points":[]}')
    assert isinstance(why, Rejected)
    assert why.place == "first"


def mutated(valid: bytes) -> st.SearchStrategy[bytes]:
    """The payload with some of its bytes replaced, removed, or doubled."""
    edits = st.tuples(st.integers(0, len(valid) - 1), st.integers(0, 3), st.binary(max_size=4))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        text = valid
        for place, length, new in changes:
            text = text[:place] + new + text[place + length :]
        return text

    return st.lists(edits, min_size=1, max_size=4).map(apply)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["v", "m", "a", "ts", "boot", "seq", "points", "first", "clock", "state"])
objects = st.dictionaries(fields, json_values | st.just(1), max_size=6)
payloads = st.one_of(
    st.binary(max_size=64),
    mutated(TELEMETRY),
    mutated(BIRTH),
    objects.map(lambda value: json.dumps(value).encode()),
)


@given(payloads)
@example(b'{"v":1,"m":{"\\ud800":1}}')
@example(b'{"v":1,"boot":"\\ud800","m":{}}')
@example(b'{"v":1,"ts":' + b"9" * 5_000 + b',"m":{}}')
@example(b'{"v":' + b"9" * 5_000 + b',"m":{}}')
def test_no_bytes_raise_and_what_is_kept_of_them_can_be_written(payload: bytes) -> None:
    telemetry = decode_telemetry(payload)
    birth = decode_birth(payload)
    state = decode_state(payload)
    decode_ack(payload)
    refused = [why for why in (birth, state) if isinstance(why, Rejected)]
    refused += telemetry.bad if isinstance(telemetry, Telemetry) else [telemetry.why]
    for why in refused:
        assert isinstance(why.reason, Reason)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(why), type=Rejected) == why
    assert telemetry.boot is None or telemetry.boot.encode()
