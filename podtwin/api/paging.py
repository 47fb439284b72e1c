"""Cursors of lists: opaque to callers, who give back what they were given."""

from __future__ import annotations

import base64
import binascii

from podcore.errors import shorten
from podtwin.api.problem import ProblemError

MAX_CURSOR = 400
_LAST = 2**63 - 1  # that the database counts
_DIGITS = 19  # of it


def make_cursor(*parts: str) -> str:
    """The parts as one word that may stand in an address."""
    text = "\0".join(parts).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_cursor(cursor: str, count: int) -> list[str]:
    """The parts of a cursor that was given out.

    Raises
    ------
    ProblemError  When it was not.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = base64.b64decode(padded, b"-_", validate=True).decode().split("\0")
    except (binascii.Error, ValueError):
        parts = []
    if len(parts) != count:
        raise foreign_cursor(cursor)
    return parts


def read_number(cursor: str, text: str) -> int:
    """The number that a part of a cursor is.

    Raises
    ------
    ProblemError  When it is none, or larger than the database counts.
    """
    plain = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    if not plain or int(text) > _LAST:
        raise foreign_cursor(cursor)
    return int(text)


def foreign_cursor(cursor: str) -> ProblemError:
    """The refusal of a cursor that did not come from here."""
    rule = "take `next` of the page before, or leave it out for the first page"
    detail = f"query parameter 'cursor': {shorten(cursor)} is none that was given out; {rule}"
    return ProblemError(400, "invalid_parameter", detail)
