"""SenML: records resolve as RFC 8428 says, what is wrong is named, nothing raises or stalls."""

from __future__ import annotations

import json
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.native import MAX_PAYLOAD
from ingest.reasons import Reason, Rejected
from ingest.sample import Came, Decoded, Names, Sample
from ingest.senml import MAX_RECORDS, SenML
from podcore.frame import Flag

NOON_NS = 1_795_521_600_000_000_000
NOON = 1_795_521_600
FORMAT = SenML()


def decode(pack: object) -> Decoded:
    text = pack if isinstance(pack, bytes) else json.dumps(pack).encode()
    return FORMAT.decode(text, 1, Came("t", NOON_NS))


def samples(*records: object) -> list[Sample]:
    decoded = decode(records)
    assert not decoded.refusals.kept, decoded.refusals.kept
    return decoded.samples


def refused(*records: object) -> list[tuple[Reason, str]]:
    decoded = decode(records)
    found = [why for _, _, why in decoded.refusals.kept]
    found += [why for sample in decoded.samples for _, why in sample.bad]
    return [(why.reason, why.place) for why in found]


def test_a_name_is_the_base_and_its_own_and_falls_into_measurement_and_field() -> None:
    one, other = samples({"bn": "urn:dev:1:", "n": "temp", "v": 1}, {"n": "a/rh", "u": "%", "v": 2})
    assert one.fields == ("temp",)
    assert FORMAT.names(one.series) == Names("urn:dev:1", {"name": "urn:dev:1:temp", "unit": ""})
    tags = {"name": "urn:dev:1:a/rh", "unit": "%"}
    assert FORMAT.names(other.series) == Names("urn:dev:1:a", tags)


@pytest.mark.parametrize("split", range(1, 14))
def test_where_a_sender_parts_a_name_makes_no_difference(split: int) -> None:
    name = "urn:dev:1/temp"
    parted, whole = samples(
        {"bn": name[:split], "n": name[split:], "v": 1}, {"bn": "", "n": name, "v": 1}
    )
    assert (parted.series, parted.fields) == (whole.series, whole.fields)


def test_base_fields_hold_until_the_next_ones() -> None:
    pack: list[dict[str, object]] = [
        {"bn": "a/", "bu": "Cel", "bt": NOON, "bv": 20},
        {"n": "x", "v": 1.5, "t": 2},
        {"n": "y", "u": "K", "v": -1},
        {"bn": "b/", "bt": NOON + 60, "n": "x", "v": 3},
    ]
    got = [(one.series, one.values, one.ts_ns) for one in samples(*pack)]
    assert got == [
        ("a/x Cel", [21.5], NOON_NS + 2 * 10**9),
        ("a/y K", [19.0], NOON_NS),
        ("b/x Cel", [23.0], NOON_NS + 60 * 10**9),
    ]


def test_a_small_time_counts_from_the_arrival_and_says_that_it_has_no_source() -> None:
    ago, now, absolute = samples(
        {"n": "a", "v": 1, "t": -0.5}, {"n": "a", "v": 1, "t": 0}, {"n": "a", "v": 1, "t": 2**28}
    )
    assert (ago.ts_ns, ago.flags) == (NOON_NS - 5 * 10**8, Flag.NO_SOURCE_TIME)
    assert now.ts_ns is None
    assert (absolute.ts_ns, absolute.flags) == (2**28 * 10**9, Flag.NONE)


def test_booleans_are_states_and_text_is_no_reading() -> None:
    (on,) = samples({"n": "a", "vb": True, "bv": 5})
    assert on.values == [1.0]
    for kind in ("vs", "vd"):
        assert refused({"n": "a", kind: "x"}) == [(Reason.WRONG_TYPE, f"record 1 {kind}")]


def test_a_sum_beside_a_value_is_not_read_and_one_alone_is_refused() -> None:
    assert samples({"n": "a", "v": 1, "s": 100})[0].values == [1.0]
    assert refused({"n": "a", "s": 100}) == [(Reason.WRONG_TYPE, "record 1 s")]


@pytest.mark.parametrize(
    ("record", "reason", "place"),
    (
        ({"n": "a", "v": "1"}, Reason.WRONG_TYPE, "record 1 v"),
        ({"n": "a", "v": True}, Reason.WRONG_TYPE, "record 1 v"),
        ({"n": "a", "v": float("nan")}, Reason.NOT_FINITE, "record 1 v"),
        ({"n": "a", "v": 10**310}, Reason.NOT_FINITE, "record 1 v"),
        ({"n": "a", "vb": 1}, Reason.WRONG_TYPE, "record 1 vb"),
        ({"n": "a", "v": 1, "t": "x"}, Reason.TS_FORMAT, "record 1 t"),
        ({"n": "a", "v": 1, "t": 1e17}, Reason.TS_FORMAT, "record 1 t"),
        ({"n": "a", "v": 1, "u": 3}, Reason.BAD_RECORD, "record 1 u"),
        ({"n": "a", "v": 1, "vb": True}, Reason.BAD_RECORD, "record 1"),
        ({"n": "a b", "v": 1}, Reason.BAD_RECORD, "record 1 n"),
        ({"n": 7, "v": 1}, Reason.BAD_RECORD, "record 1 n"),
        ({"v": 1}, Reason.BAD_RECORD, "record 1 n"),
    ),
)
def test_a_bad_record_costs_itself_alone(record: object, reason: Reason, place: str) -> None:
    assert refused(record, {"n": "b", "v": 1}) == [(reason, place)]


@pytest.mark.parametrize(
    "record",
    ({"bn": 1}, {"bt": "now"}, {"bv": "x"}, {"bver": 11}, {"bver": 0}, {"n": "a", "new_": 1}, 7),
)
def test_what_cannot_be_resolved_takes_the_records_behind_it_along(record: object) -> None:
    decoded = decode([{"n": "a", "v": 1}, record, {"n": "b", "v": 1}])
    assert len(decoded.samples) == 1
    assert decoded.refusals.counts == {Reason.BAD_RECORD: 2}


@pytest.mark.parametrize(
    ("payload", "reason"),
    (
        (b"", Reason.EMPTY), (b"[]", Reason.EMPTY), (b"{}", Reason.BAD_RECORD),
        (b"[", Reason.NOT_JSON), (b"\xff", Reason.NOT_UTF8), (b"[" * 100_000, Reason.TOO_DEEP),
        (b"[" + b"{}," * MAX_RECORDS + b"{}]", Reason.TOO_LARGE),
    ),
)  # fmt: skip
def test_what_is_no_pack_is_refused_whole(payload: bytes, reason: Reason) -> None:
    assert decode(payload).refusals.counts == {reason: 1}


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.just(["x"])
)
KEYS = ("bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "s", "t", "vs", "vb", "vd", "x", "x_")
RECORD = st.dictionaries(st.sampled_from(KEYS), VALUE, max_size=5)


@settings(max_examples=1_000)
@given(st.one_of(st.binary(max_size=100), st.lists(st.one_of(RECORD, VALUE), max_size=5)))
def test_whatever_comes_nothing_is_raised(pack: object) -> None:
    for sample in decode(pack).samples:
        assert isinstance(FORMAT.names(sample.series), Names)
        assert len(sample.values) == len(sample.fields)
        assert all(isinstance(why, Rejected) for _, why in sample.bad)


@pytest.mark.parametrize("piece", (b"[", b'[{"n":"', b'{"bn":"a","v":1},', b"1e", b'{"n_":1},'))
def test_no_payload_takes_long(piece: bytes) -> None:
    started_s = process_time()
    decode((b"[" + piece * MAX_PAYLOAD)[: MAX_PAYLOAD - 1] + b"]")
    assert process_time() - started_s < 2.0
