from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reasons import Reason, Rejected
from ingest.timestamps import FUTURE_NS, OLDEST_NS, check_ts, parse_ts
from podcore.clock import rfc3339

NS = 1_000_000_000
NOON_NS = 1_795_521_600 * NS


@pytest.mark.parametrize(
    ("text", "ns"),
    (
        ("2026-11-24T12:00:00Z", NOON_NS),
        ("2026-11-24t12:00:00z", NOON_NS),
        ("2026-11-24 12:00:00Z", NOON_NS),
        ("2026-11-24T13:30:00+01:30", NOON_NS),
        ("2026-11-24T02:00:00-10:00", NOON_NS),
        ("2026-11-24T12:00:00-00:00", NOON_NS),
        ("2026-11-24T12:00:00.5Z", NOON_NS + NS // 2),
        ("2026-11-24T12:00:00.000000001Z", NOON_NS + 1),
        ("2026-11-24T12:00:00.0000000019Z", NOON_NS + 1),
        ("1969-12-31T23:59:59.25Z", -NS + NS // 4),
        ("0001-01-01T00:00:00+14:00", -62_135_596_800 * NS - 14 * 3_600 * NS),
    ),
)
def test_each_form_of_rfc_3339_is_read_exactly(text: str, ns: int) -> None:
    assert parse_ts(text) == ns


@pytest.mark.parametrize(
    "text",
    (
        "",
        "now",
        "2026-11-24",
        "2026-11-24T12:00:00",  # no zone
        "2026-11-24T12:00Z",
        "2026-11-24T12:00:00,5Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T12:00:60Z",
        "2026-02-29T12:00:00Z",
        "2026-11-24T12:00:00+24:00",
        "0000-01-01T00:00:00Z",
        "20261124T120000Z",
        "2026-11-24T12:00:00Z ",
        "٢٠٢٦-11-24T12:00:00Z",
        "2026-11-24T12:00:00Z\0",
    ),
)
def test_what_is_no_rfc_3339_is_refused(text: str) -> None:
    why = parse_ts(text)
    assert isinstance(why, Rejected)
    assert why.reason is Reason.TS_FORMAT


@given(st.integers(-(10**19), 10**19))
def test_an_integer_is_taken_as_ns(ns: int) -> None:
    assert parse_ts(ns) == ns


@given(st.integers(0, 4_000_000_000 * NS))
def test_an_instant_survives_its_text_to_the_nanosecond(ns: int) -> None:
    assert parse_ts(rfc3339(ns)) == ns


@given(st.integers(0, 7_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_a_zone_moves_the_clock_and_not_the_instant(seconds: int, minutes: int) -> None:
    local = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes)))
    assert parse_ts(local.isoformat()) == seconds * NS


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert isinstance(parse_ts(text), int | Rejected)


@pytest.mark.parametrize(
    ("ts_ns", "accepted"),
    (
        (OLDEST_NS, True),
        (OLDEST_NS - 1, False),
        (NOON_NS + FUTURE_NS, True),
        (NOON_NS + FUTURE_NS + 1, False),
        (0, False),
        (-1, False),
    ),
)
def test_a_time_from_2000_to_one_day_from_now_is_accepted(ts_ns: int, accepted: bool) -> None:
    assert (check_ts(ts_ns, NOON_NS) is None) is accepted


@pytest.mark.parametrize("unit", (1, 10**3, 10**6))
def test_seconds_milliseconds_and_microseconds_are_recognised(unit: int) -> None:
    why = check_ts(NOON_NS // NS * unit, NOON_NS)
    assert why is not None
    assert why.way_out.startswith("looks like s, ms or µs; send ns")


def test_a_wrong_year_in_ns_is_not_taken_for_another_unit() -> None:
    why = check_ts(4 * 10**18, NOON_NS)
    assert why is not None
    assert "looks like" not in why.way_out
