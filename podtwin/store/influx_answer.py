r"""What an answer of InfluxDB to a write means, and which lines it is about.

As InfluxDB 2.8 answers [m]: 204 when all is stored. 400 with `unable to parse '<line>': …`, one
line of text for each bad line, when none is stored. 422 with `partial write: … dropped=N` when all
but N are stored: a field of another type (`input field "k" on measurement "m" is type float,
already exists as type integer`), whose whole line it drops, or times before the bucket's
retention (`Lower Bound at <time>`). N counts one kind of fault at a time, so it is at most what
was dropped. 401, 403 and 404 are about us. Any other 4xx is of a server or a proxy that
does not speak of lines, so nobody may conclude that the lines are bad.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from podcore.errors import shorten
from podcore.retry_after import parse_http_date, parse_retry_after


class Verdict(enum.Enum):
    """What to do about an answer."""

    WRITTEN = enum.auto()
    LINES_REFUSED = enum.auto()
    TOO_LARGE = enum.auto()
    LATER = enum.auto()
    DENIED = enum.auto()


class LineReason(enum.StrEnum):
    """Why a line is refused; the closed list of what is counted and shown."""

    RETENTION = "bucket retention"
    TYPE_CONFLICT = "field type conflict"
    UNPARSABLE = "not line protocol"
    DROPPED = "partial write"
    TOO_LARGE = "too large"
    NOT_FINITE = "no finite number"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, understood.

    text : InfluxDB's words, for a person.
    dropped : how many lines it dropped at least, 0 when it did not say.
    """

    verdict: Verdict
    text: str = ""
    reason: LineReason = LineReason.DROPPED
    dropped: int = 0
    retry_after_s: float | None = None


WRITTEN: Final = Answer(Verdict.WRITTEN)
_WAY_OUT: Final = {
    401: "the token is not known there; set influx.token to one that may write the bucket",
    403: "the token may not write the bucket; give it the right write:buckets for this one",
    404: "make the organisation and the bucket, or name those that are there",
}
_REASONS: Final = (
    ("outside retention policy", LineReason.RETENTION),
    ("beyond retention policy", LineReason.RETENTION),
    ("field type conflict", LineReason.TYPE_CONFLICT),
    ("unable to parse", LineReason.UNPARSABLE),
    ("partial write", LineReason.DROPPED),
)
_DROPPED = re.compile(r"dropped=(\d+)")
_CONFLICT = re.compile(r'input field "((?:[^"\\]|\\.)*)" on measurement "((?:[^"\\]|\\.)*)"')
_LOWER_BOUND = re.compile(r"Lower Bound at (\S+?)(?:,|\s|$)")
_UNPARSABLE = re.compile(r"unable to parse '(.*?)': ")


class _Problem(msgspec.Struct):
    """How InfluxDB words a refusal."""

    code: str = ""
    message: str = ""


def understand(status: int, headers: Mapping[str, str], body: str, now_s: float) -> Answer:
    """The meaning of an answer. now_s : Unix time, for a `Retry-After` that is a date."""
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's classes of statuses
        return WRITTEN
    text = _words(body)
    if status == 413:  # noqa: PLR2004
        return Answer(Verdict.TOO_LARGE, text, LineReason.TOO_LARGE)
    if status in {408, 425, 429} or status >= 500:  # noqa: PLR2004
        said_s = parse_http_date(headers.get("date"))
        asked_s = parse_retry_after(headers.get("retry-after"), now_s if said_s is None else said_s)
        return Answer(Verdict.LATER, f"{status} {text}".strip(), retry_after_s=asked_s)
    reason = next((reason for words, reason in _REASONS if words in text), None)
    if status in {400, 422} and reason is not None:
        dropped = _DROPPED.search(text)
        return Answer(Verdict.LINES_REFUSED, text, reason, int(dropped[1]) if dropped else 0)
    way_out = _WAY_OUT.get(status, "is that InfluxDB 2?")
    return Answer(Verdict.DENIED, f"{status} {shorten(text)}: {way_out}")


def conflicting_field(answer: Answer) -> tuple[str, str] | None:
    """Measurement and field of a type conflict, or None."""
    found = _CONFLICT.search(answer.text)
    return None if found is None else (found[2], found[1])


def suspects(answer: Answer, lines: Sequence[bytes]) -> list[bool]:
    """Which lines the answer is about, by its own words; all False when they do not say."""
    match answer.reason:
        case LineReason.RETENTION:
            bound_ns = _lower_bound_ns(answer.text)
            return [time_ns(line) < bound_ns for line in lines]
        case LineReason.UNPARSABLE:
            named = set(_UNPARSABLE.findall(answer.text))
            return [line.decode().rstrip("\n") in named for line in lines]
        case LineReason.TYPE_CONFLICT:
            found = conflicting_field(answer)
            return [found is not None and has_field(line, *found) for line in lines]
        case _:
            return [False] * len(lines)


def has_field(line: bytes, measurement: str, field: str) -> bool:
    """Whether a line of ours is of that measurement and has that field."""
    head, fields, _ = line.rsplit(b" ", 2)
    return head.startswith(f"{measurement},".encode()) and f",{field}=".encode() in b"," + fields


def split_fields(line: bytes) -> list[bytes]:
    """A line for each field of a line of ours, whose fields hold neither commas nor blanks.

    Here and below a line has its end, which stays with the time.
    """
    head, fields, time = line.rsplit(b" ", 2)
    return [b"%s %s %s" % (head, field, time) for field in fields.split(b",")]


def without_field(line: bytes, field: str) -> tuple[bytes | None, bytes]:
    """The line without a field (None when nothing is left), and the line of that field alone."""
    head, fields, time = line.rsplit(b" ", 2)
    start = f"{field}=".encode()
    each = fields.split(b",")
    kept = b",".join(one for one in each if not one.startswith(start))
    alone = b",".join(one for one in each if one.startswith(start))
    rest = b"%s %s %s" % (head, kept, time) if kept else None
    return rest, b"%s %s %s" % (head, alone, time)


def time_ns(line: bytes) -> int:
    """The time of a line of ours."""
    return int(line[line.rindex(b" ") + 1 :])


def _lower_bound_ns(text: str) -> int:
    """The oldest time that the bucket takes, to the second; 0 when the answer does not say."""
    found = _LOWER_BOUND.search(text)
    if found is None:
        return 0
    try:
        # Python's dates end at microseconds; a second more of lines is asked about, not refused.
        seconds = datetime.fromisoformat(found[1][:19] + "+00:00").timestamp()
    except ValueError:
        return 0
    return (int(seconds) + 1) * 1_000_000_000


def _words(body: str) -> str:
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return " ".join(body[:500].split())
    return problem.message or problem.code
