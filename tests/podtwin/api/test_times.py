from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.clock import NS, rfc3339
from podtwin.api.times import MAX_NS, parse_span, parse_time

NOW = 1_795_510_800 * NS  # 2026-11-24T09:00:00Z
HOUR = 3_600 * NS


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("now", NOW),
        ("now-6h", NOW - 6 * HOUR),
        ("now-90s", NOW - 90 * NS),
        ("now-15m", NOW - 900 * NS),
        ("now+1h", NOW + HOUR),
        ("now-1d", NOW - 24 * HOUR),
        ("now-2w", NOW - 14 * 24 * HOUR),
        ("2026-11-24T09:00:00Z", NOW),
        ("2026-11-24T10:00:00+01:00", NOW),
        ("2026-11-24T10:00:00 01:00", NOW),  # a + that nobody encoded
        ("2026-11-24t09:00:00.000000001z", NOW + 1),
        ("1795510800000", NOW),
        ("0", 0),
    ),
)
def test_a_time_is_read_in_each_of_its_forms(text: str, expected: int) -> None:
    assert parse_time(text, NOW) == expected


@pytest.mark.parametrize(
    "text",
    (
        "", "yesterday", "now-", "now-6", "now-6y", "now-6h-1m", "2026-11-24",
        "2026-11-24T09:00:00", "2026-02-31T00:00:00Z", "2026-11-24T25:00:00Z", "1e9", "-1",
        "now-99999999w", "9" * 16, "\0", "٣",
    ),
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time|lies outside"):
        parse_time(text, NOW)


@given(st.integers(0, MAX_NS))
def test_a_printed_instant_reads_as_itself(ns: int) -> None:
    assert parse_time(rfc3339(ns), NOW) == ns


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        assert 0 <= parse_time(text, NOW) <= MAX_NS
    except ValueError as error:
        assert "is no time" in str(error) or "lies outside" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "seconds"), (("10s", 10), ("1m", 60), ("6h", 21_600), ("1w", 604_800))
)
def test_a_span_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds * NS


@pytest.mark.parametrize("text", ("", "0s", "10", "1.5s", "-1s", "10ms", "1y", "999999999999w"))
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no span"):
        parse_span(text)
