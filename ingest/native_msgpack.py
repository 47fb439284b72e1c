"""Telemetry as MessagePack: the fields of the JSON form, full or compact, in fewer bytes.

What it decodes to is what the JSON decodes to, so that numbers, duplicates and acks are the same.
Births, states and acks stay JSON. MessagePack can say NaN, which JSON cannot: such values are
refused one by one, and the others kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from ingest.native import SentTelemetry, Telemetry, Unreadable, telemetry_loosely, telemetry_of
from ingest.reasons import Reason, Rejected, reject
from ingest.topic_filter import TopicFilter


@dataclass(frozen=True, slots=True)
class PackedTopics:
    """Topics of PodTwin's own tree whose telemetry is MessagePack."""

    topics: TopicFilter


_strict = msgspec.msgpack.Decoder(SentTelemetry)
_loose = msgspec.msgpack.Decoder()


def decode_packed(payload: bytes) -> Telemetry | Unreadable:
    """The message, with its bad values apart, or why nothing of it can be used."""
    try:
        message = _strict.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return telemetry_loosely(_parse(payload))
    if not _finite((message.m or {}).values()) or not _finite(message.a or ()):
        return telemetry_loosely(_parse(payload))
    return telemetry_of(message)


def _finite(values: Iterable[float | None]) -> bool:
    """Whether all surely are; a sum past float64 is looked at one by one."""
    return math.isfinite(sum(value for value in values if value is not None))


def _parse(payload: bytes) -> dict[str, object] | Rejected:
    if not payload:
        return reject(Reason.EMPTY, "payload", "")
    try:
        message = _loose.decode(payload)
    except UnicodeDecodeError as error:
        return reject(Reason.NOT_UTF8, f"byte {error.start}", payload[:32])
    except RecursionError:
        return reject(Reason.TOO_DEEP, "payload", payload[:32])
    except (msgspec.DecodeError, TypeError, ValueError, OverflowError) as error:
        # A key that is no text, or a time out of range, is none of msgspec's own errors.
        return reject(Reason.NOT_MSGPACK, "payload", payload[:48], str(error))
    if not isinstance(message, dict):
        return reject(Reason.NOT_MSGPACK, "payload", payload[:48])
    return _with_text_keys(message)


def _with_text_keys(message: dict[object, object]) -> dict[str, object]:
    # A point called 7 is no point; as text it is refused by name like any other.
    named = message.get("m")
    if isinstance(named, dict):
        message["m"] = {key if isinstance(key, str) else repr(key): named[key] for key in named}
    return {key: value for key, value in message.items() if isinstance(key, str)}
