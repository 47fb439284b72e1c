from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.retry_after import LONGEST_ASKED_S, parse_retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    (
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("9" * 400, LONGEST_ASKED_S),
        ("-5", None),
        ("1.5", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0),
        ("Wed Oct 21 07:28:00 2026", 60.0),
        ("Wed, 21 Oct 2026 07:26:00 GMT", 0.0),
        ("Fri, 21 Oct 2126 07:28:00 GMT", LONGEST_ASKED_S),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
        ("tomorrow", None),
        ("٣", None),
        ("", None),
    ),
)
def test_retry_after_is_read_as_seconds_from_now(text: str | None, seconds: float | None) -> None:
    now_s = datetime(2026, 10, 21, 7, 27, tzinfo=UTC).timestamp()
    assert parse_retry_after(text, now_s) == seconds


@given(st.text())
def test_no_text_of_a_service_breaks_the_wait(text: str) -> None:
    assert 0.0 <= (parse_retry_after(text, 0.0) or 0.0) <= LONGEST_ASKED_S
