"""Times and spans as a caller writes them: `now-6h`, RFC 3339, Unix milliseconds; `10s`, `1h`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from podcore.clock import NS
from podcore.errors import shorten

MS = 1_000_000
MAX_NS = 4_102_444_800 * NS  # 2100-01-01, as far as an accepted reading can lie
MAX_SPAN_NS = 100 * 366 * 86_400 * NS  # a century: what is longer is a slip of the pen

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
TIME_RULE = "a time is now, now-6h (s, m, h, d, w), RFC 3339 with its offset, or Unix milliseconds"
SPAN_RULE = "a span is a whole number and a unit, one of s, m, h, d, w, as in 10s"

_RELATIVE = re.compile(r"now(?:([+-])([0-9]{1,12})([smhdw]))?")
_SPAN = re.compile(r"([0-9]{1,12})([smhdw])")
_MILLISECONDS = re.compile(r"-?[0-9]{1,16}")
# In a query an unencoded + arrives as a space.
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9})[0-9]*)?"
    r"(Z|z|[+ -][0-9]{2}:[0-9]{2})"
)


def parse_time(text: str, now_ns: int) -> int:
    """Nanoseconds since 1970 UTC of a written time; relative ones count from `now_ns`.

    Raises
    ------
    ValueError  When it is none of the known forms, or lies outside of 1970 to 2100.
    """
    instant = _instant(text.strip(), now_ns)
    if instant is None:
        raise ValueError(f"{shorten(text)} is no time: {TIME_RULE}")
    if not 0 <= instant <= MAX_NS:
        raise ValueError(f"{shorten(text)} lies outside of 1970 to 2100")
    return instant


def parse_span(text: str) -> int:
    """Nanoseconds of a written span, at least a second.

    Raises
    ------
    ValueError  When it is not a whole number with a unit, is 0, or is longer than a century.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{shorten(text)} is no span: {SPAN_RULE}")
    span = _span_ns(match[1], match[2])
    if not 0 < span <= MAX_SPAN_NS:
        raise ValueError(f"{shorten(text)} is no span between 1s and a century")
    return span


def _instant(text: str, now_ns: int) -> int | None:
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        sign, number, unit = relative.groups()
        if sign is None:
            return now_ns
        span = _span_ns(number, unit)
        return now_ns - span if sign == "-" else now_ns + span
    if _MILLISECONDS.fullmatch(text):
        return int(text) * MS
    return _rfc3339_ns(text)


def _span_ns(number: str, unit: str) -> int:
    return int(number) * UNITS_S[unit] * NS


def _rfc3339_ns(text: str) -> int | None:
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    day_time, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(day_time.upper() + offset.upper().replace(" ", "+"))
    except ValueError:  # the 31st of February
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    whole_s = since.days * 86_400 + since.seconds
    return whole_s * NS + int((fraction or "0").ljust(9, "0"))
