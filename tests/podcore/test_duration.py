from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    (
        ("90s", 90.0),
        ("90", 90.0),
        ("1.5h", 5_400.0),
        ("250ms", 0.25),
        ("2m", 120.0),
        ("1d", 86_400.0),
    ),
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ("", "s", "-5s", "5 s", "1e3", "5x", "inf", "٣s", "5s\n", "1h30m"))
def test_what_is_none_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="as in 90s or 24h"):
        parse_duration(text)


@given(st.text(max_size=30))
def test_any_text_is_a_length_of_time_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= 0.0
