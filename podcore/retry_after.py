"""How long a service asks to be left alone: `Retry-After`, in seconds or as a date."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_ASKED_S: Final = 14_400.0  # of a Retry-After, which else could hold us for ever
_MAX_DIGITS: Final = 20  # of a number of seconds; any longer one is past LONGEST_ASKED_S


def parse_retry_after(text: str | None, now_s: float) -> float | None:
    """Seconds that a `Retry-After` asks for; None for what is neither a number nor a date. [s]

    now_s : Unix time, best by the clock that wrote the date; see `parse_http_date`.
    """
    if text is None:
        return None
    asked = text.strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked[:_MAX_DIGITS]), LONGEST_ASKED_S)
    until_s = parse_http_date(asked)
    return None if until_s is None else min(max(until_s - now_s, 0.0), LONGEST_ASKED_S)


def parse_http_date(text: str | None) -> float | None:
    """Unix time of a date as HTTP writes it, None for what is none. [s]"""
    if text is None:
        return None
    try:
        date = parsedate_to_datetime(text)
        # HTTP's dates are GMT; one of its old forms does not say so.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
