"""Redfish reports: text becomes numbers, vendors' names become tags, nothing raises or stalls."""

from __future__ import annotations

import json
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.native import MAX_PAYLOAD
from ingest.reasons import Reason, Rejected
from ingest.redfish import MAX_VALUES, Redfish
from ingest.sample import Decoded, Names, Sample

NOON = "2026-11-24T12:00:00Z"
NOON_NS = 1_795_521_600_000_000_000
FORMAT = Redfish()


def report(*values: object, **fields: object) -> bytes:
    return json.dumps({"Id": "R", "MetricValues": values, **fields}).encode()


def one(value: object, **fields: object) -> Sample:
    decoded = FORMAT.decode(report(value, **fields))
    assert not decoded.refusals.kept, decoded.refusals.kept
    (sample,) = decoded.samples
    return sample


def refused(decoded: Decoded) -> list[Reason]:
    found = [why for _, _, why in decoded.refusals.kept]
    return [why.reason for why in found + [w for s in decoded.samples for _, w in s.bad]]


@pytest.mark.parametrize(
    ("text", "value"),
    (("100", 100.0), ("-3.5", -3.5), ("1.2E+3", 1200.0), (" 7 ", 7.0), ("true", 1.0),
     ("False", 0.0), (41, 41.0), (2.5, 2.5), (True, 1.0)),
)  # fmt: skip
def test_a_text_that_says_a_number_is_one(text: object, value: float) -> None:
    assert one({"MetricId": "m", "MetricValue": text}).values == [value]


@pytest.mark.parametrize(
    ("text", "reason"),
    (("OK", Reason.WRONG_TYPE), ("1_000", Reason.WRONG_TYPE), ("0x10", Reason.WRONG_TYPE),
     ("NaN", Reason.NOT_FINITE), ("-Infinity", Reason.NOT_FINITE), ("1e999", Reason.NOT_FINITE),
     ([1], Reason.WRONG_TYPE)),
)  # fmt: skip
def test_any_other_text_is_refused_under_its_name(text: object, reason: Reason) -> None:
    ((field, why),) = one({"MetricId": "m", "MetricValue": text}).bad
    assert (field, why.reason) == ("m", reason)


@pytest.mark.parametrize("nothing", (None, ""))
def test_a_value_that_is_not_there_is_no_reading_and_no_refusal(nothing: object) -> None:
    decoded = FORMAT.decode(report({"MetricId": "m", "MetricValue": nothing}))
    assert not decoded.samples
    assert not decoded.refusals.total


def test_its_own_time_counts_then_that_of_the_report() -> None:
    value = {"MetricId": "m", "MetricValue": "1"}
    own = {"Timestamp": "2026-11-24T13:30:00+01:00"}
    assert one(value | own, Timestamp=NOON).ts_ns == NOON_NS + 30 * 60 * 10**9
    assert one(value, Timestamp=NOON).ts_ns == NOON_NS
    assert one(value).ts_ns is None


def test_what_was_read_and_the_names_of_the_vendor_are_tags() -> None:
    sample = one({
        "MetricId": "Temp", "MetricValue": "1", "MetricProperty": "/redfish/v1/Chassis/1#/T/0",
        "Oem": {"Dell": {"ContextID": "Inlet", "Deep": {"a": {"b": {"c": "x"}}}, "Count": 3}},
    })  # fmt: skip
    names = FORMAT.names(sample.series)
    assert isinstance(names, Names)
    assert names.measurement == "R"
    assert names.tags["property.4"] == "1"
    assert (names.tags["Dell.ContextID"], names.tags["Dell.Count"]) == ("Inlet", "3")
    assert not any("Deep" in tag for tag in names.tags)  # past the depth that is looked at


def test_a_value_without_id_is_called_as_the_last_part_of_its_property() -> None:
    assert one({"MetricValue": "1", "MetricProperty": "/a/Sensors/Inlet"}).fields == ("Inlet",)


@pytest.mark.parametrize(
    ("value", "reason"),
    (
        ({"MetricValue": "1"}, Reason.BAD_RECORD),
        ({"MetricId": 5, "MetricValue": "1"}, Reason.BAD_RECORD),
        ({"MetricId": "m" * 5_000, "MetricValue": "1"}, Reason.BAD_RECORD),
        ({"MetricId": "m", "MetricValue": "1", "Timestamp": "noon"}, Reason.TS_FORMAT),
        ({"MetricId": "m", "MetricValue": "1", "Timestamp": 5}, Reason.TS_FORMAT),
        ("1", Reason.BAD_RECORD),
    ),
)
def test_a_bad_value_costs_itself_alone(value: object, reason: Reason) -> None:
    decoded = FORMAT.decode(report(value, {"MetricId": "good", "MetricValue": "1"}))
    assert refused(decoded) == [reason]
    assert decoded.samples[-1].fields == ("good",)


@pytest.mark.parametrize(
    ("payload", "reason"),
    (
        (b"", Reason.EMPTY), (b"[]", Reason.BAD_RECORD), (b"{}", Reason.BAD_RECORD),
        (b'{"MetricValues":{}}', Reason.BAD_RECORD), (b"{", Reason.NOT_JSON),
        (report(*[1] * (MAX_VALUES + 1)), Reason.TOO_LARGE), (b'{"a":' * 50_000, Reason.TOO_DEEP),
    ),
)  # fmt: skip
def test_what_is_no_report_is_refused_whole(payload: bytes, reason: Reason) -> None:
    assert FORMAT.decode(payload).refusals.counts == {reason: 1}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
KEYS = ("MetricId", "MetricValue", "MetricProperty", "Timestamp", "Oem", "x")
VALUE = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)


@settings(max_examples=1_000)
@given(
    st.one_of(
        st.binary(max_size=100),
        st.lists(st.one_of(VALUE, JSON), max_size=3).map(lambda values: report(*values)),
    )
)
def test_whatever_comes_nothing_is_raised(payload: bytes) -> None:
    for sample in FORMAT.decode(payload).samples:
        assert isinstance(FORMAT.names(sample.series), Names)
        assert len(sample.values) == len(sample.fields)
        assert all(isinstance(why, Rejected) for _, why in sample.bad)


@pytest.mark.parametrize("text", ("1" * 200_000, "1e" * 100_000, "\\ud800", "-" * 200_000))
def test_no_value_takes_long(text: str) -> None:
    payload = b'{"MetricValues":[{"MetricId":"%s","MetricValue":"%s"}]}'
    for each in (payload % (b"m", text.encode()), payload % (text.encode(), b"1")):
        started_s = process_time()
        FORMAT.decode(each[:MAX_PAYLOAD])
        assert process_time() - started_s < 2.0
