"""JSON as senders write it: strictly first, then with what Python's own parser also takes.

The second reading takes NaN, Infinity and 1e400, so that the good values beside them are kept and
the bad ones are named. Never an exception.
"""

from __future__ import annotations

import json

import msgspec

from ingest.reasons import Reason, Rejected, reject

MAX_DIGITS = 400  # of an integer; float64 ends at 309


def read_json(payload: bytes) -> object:
    """What the payload says, or a `Rejected`."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_json_loosely(payload)


def read_json_loosely(payload: bytes) -> object:
    """What the payload says, NaN and infinities too, or a `Rejected`."""
    if not payload:
        return reject(Reason.EMPTY, "payload", "")
    try:
        return json.loads(payload.decode("utf-8"), parse_int=_integer)
    except UnicodeDecodeError as error:
        there = payload[error.start : error.start + 8]
        return reject(Reason.NOT_UTF8, f"byte {error.start}", there)
    except RecursionError:
        return reject(Reason.TOO_DEEP, "payload", payload[:32])
    except ValueError as error:
        return reject(Reason.NOT_JSON, "payload", payload[:48], str(error))


def read_object(payload: bytes) -> dict[str, object] | Rejected:
    """The object that the payload is, read loosely, or why it is none."""
    message = read_json_loosely(payload)
    if isinstance(message, Rejected | dict):
        return message
    return reject(Reason.NOT_JSON, "payload", payload[:48], "a payload is one JSON object")


def _integer(text: str) -> int | float:
    # Python refuses to convert integers of more than 4,300 digits; here they are not finite.
    return int(text) if len(text) < MAX_DIGITS else float(text)
