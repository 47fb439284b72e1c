"""The native payload: telemetry, birth, state and ack as JSON, both ways.

Decoding is pure: bytes in, a struct or a named refusal out. Strict msgspec decoding serves
nearly every message; what it refuses is parsed once more with the standard library, which also
reads NaN, Infinity and 1e400, so that the good readings of a message are kept and the bad key
is named. `UnicodeDecodeError` and `RecursionError` are not msgspec's own and are caught here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec

from ingest.json_text import read_object
from ingest.reasons import Reason, Rejected, reject
from ingest.standing import NOTHING_WAITS, Standing
from podcore.frame import BirthPoint, Flag

MAX_PAYLOAD = 256 * 1024  # bytes; about 10,000 points of 25 characters
MAX_BOOT = 64  # characters; ours are ULIDs of 26
MAX_SEQ = 2**63 - 1  # what SQLite holds

Decoded = TypeVar("Decoded")
Values = dict[str, float | None] | list[float | None]


class SentTelemetry(msgspec.Struct):
    """A telemetry message as its fields stand in it."""

    v: int
    m: dict[str, float | None] | None = None
    a: list[float | None] | None = None
    ts: int | str | None = None
    boot: str | None = None
    seq: int | None = None


class SentPoint(msgspec.Struct):
    """A point as a birth announces it; what is left out is the site file's."""

    id: str
    unit: str | None = None
    quantity: str | None = None
    period_s: float | None = None


class _Birth(msgspec.Struct):
    v: int
    points: list[SentPoint]
    boot: str | None = None
    started: int | str | None = None
    first: int | None = None
    clock: str = "live"


_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]


class _State(msgspec.Struct):
    state: str
    v: int = 1
    backlog: _Count = 0
    dropped: _Count = 0


class Ack(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything of `boot` up to `seq` is committed at the receiver.

    refused : readings of the boot that became dead letters; left out while there is none.
    """

    v: int
    boot: str
    seq: int
    refused: int = 0


@dataclass(slots=True)
class Telemetry:
    """A telemetry message as sent: names and units are those of the sender.

    values : by point id, or in the order of `keys`; None is "not sampled now".
    bad : refused values of the message; the others are good.
    keys : point ids of a list of values; None for those of the birth.
    flags : quality that another format gives them.
    """

    values: Values
    ts: int | str | None
    boot: str | None
    seq: int | None
    bad: list[Rejected]
    keys: tuple[str, ...] | None = None
    flags: Flag = Flag.NONE


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A telemetry message of which nothing can be used, yet whose number may be known."""

    why: Rejected
    boot: str | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Birth:
    """What a node says of itself, as sent; a unit or quantity left out is the site file's."""

    boot: str | None
    started: int | str | None
    first: int | None
    recorded: bool
    points: list[SentPoint]


@dataclass(frozen=True, slots=True)
class SentState:
    """Whether a node says that it is online, and what it says of its outbox."""

    online: bool
    standing: Standing = NOTHING_WAITS


_telemetry = msgspec.json.Decoder(SentTelemetry)
_birth = msgspec.json.Decoder(_Birth)
_state = msgspec.json.Decoder(_State)
_ack = msgspec.json.Decoder(Ack)
_encoder = msgspec.json.Encoder()


def decode_telemetry(payload: bytes) -> Telemetry | Unreadable:
    """The message, with its bad values apart, or why nothing of it can be used."""
    try:
        message = _telemetry.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return telemetry_loosely(read_object(payload))
    return telemetry_of(message)


def telemetry_of(message: SentTelemetry) -> Telemetry | Unreadable:
    """What its fields say."""
    values: Values | None = message.m if message.m is not None else message.a
    wrong = _number_fault(message.boot, message.seq)
    if wrong is not None:
        return Unreadable(wrong)
    wrong = _version_fault(message.v)
    if wrong is not None or values is None:
        why = wrong or reject(Reason.MISSING_FIELD, "m", None)
        return Unreadable(why, message.boot, message.seq)
    return Telemetry(values, message.ts, message.boot, message.seq, [])


def _version_fault(version: object) -> Rejected | None:
    if version == 1 and not isinstance(version, bool):
        return None
    return reject(Reason.MISSING_FIELD if version is None else Reason.WRONG_VERSION, "v", version)


def _number_fault(boot: object, seq: object, place: str = "seq") -> Rejected | None:
    if boot is not None and not (
        isinstance(boot, str) and 0 < len(boot) <= MAX_BOOT and boot.isprintable()
    ):
        hint = f"a boot is text of 1 to {MAX_BOOT} printable characters"
        return reject(Reason.WRONG_TYPE, "boot", boot, hint)
    if seq is not None and (
        not isinstance(seq, int) or isinstance(seq, bool) or not 1 <= seq <= MAX_SEQ
    ):
        return reject(Reason.WRONG_TYPE, place, seq, f"{place} is an integer from 1 to 2^63 - 1")
    return None


def telemetry_loosely(message: Mapping[str, object] | Rejected) -> Telemetry | Unreadable:
    """What a message says whose types are not all right: the good values, the bad ones apart."""
    if isinstance(message, Rejected):
        return Unreadable(message)
    boot, seq = message.get("boot"), message.get("seq")
    fault = _number_fault(boot, seq)
    if fault is not None:
        return Unreadable(fault)
    number = (boot if isinstance(boot, str) else None, seq if isinstance(seq, int) else None)
    fault = _version_fault(message.get("v"))
    if fault is not None:
        return Unreadable(fault, *number)
    ts = message.get("ts")
    if ts is not None and (not isinstance(ts, int | str) or isinstance(ts, bool)):
        return Unreadable(reject(Reason.TS_FORMAT, "ts", ts), *number)
    values, bad = _sort_values(message.get("m"), message.get("a"))
    if values is None:
        return Unreadable(bad[0], *number)
    return Telemetry(values, ts, *number, bad)


def _sort_values(named: object, ordered: object) -> tuple[Values | None, list[Rejected]]:
    bad: list[Rejected] = []
    if isinstance(named, dict):
        good: dict[str, float | None] = {}
        for key, value in named.items():
            wrong = _value_fault(f"m[{key!r}]", value)
            if wrong is None:
                good[key] = None if value is None else float(value)
            else:
                bad.append(wrong)
        return good, bad
    if isinstance(ordered, list):
        # A bad entry keeps its place, as null, so that the others keep theirs.
        filled: list[float | None] = []
        for index, value in enumerate(ordered):
            wrong = _value_fault(f"a[{index}]", value)
            filled.append(None if wrong is not None or value is None else float(value))
            if wrong is not None:
                bad.append(wrong)
        return filled, bad
    if named is None and ordered is None:
        return None, [reject(Reason.MISSING_FIELD, "m", None)]
    place, value = ("m", named) if named is not None else ("a", ordered)
    return None, [reject(Reason.WRONG_TYPE, place, value)]


def _value_fault(place: str, value: object) -> Rejected | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return reject(Reason.WRONG_TYPE, place, value)
    try:
        finite = math.isfinite(value)
    except OverflowError:  # an integer past float64
        finite = False
    return None if finite else reject(Reason.NOT_FINITE, place, value)


def _decoded(
    decoder: msgspec.json.Decoder[Decoded], payload: bytes, place: str
) -> Decoded | Rejected:
    """What the payload says, or why it cannot be read: no JSON object, else a wrong type in it."""
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        parsed = read_object(payload)
        if isinstance(parsed, Rejected):
            return parsed
        return reject(Reason.WRONG_TYPE, place, payload[:48], str(error))


def decode_birth(payload: bytes) -> Birth | Rejected:
    """The birth, or why it cannot be read; an empty payload is refused as `empty`."""
    birth = _decoded(_birth, payload, "birth")
    if isinstance(birth, Rejected):
        return birth
    fault = _version_fault(birth.v) or _number_fault(birth.boot, birth.first, "first")
    if fault is not None:
        return fault
    if birth.clock not in {"live", "recorded"}:
        return reject(Reason.WRONG_TYPE, "clock", birth.clock, "clock is live or recorded")
    return Birth(birth.boot, birth.started, birth.first, birth.clock == "recorded", birth.points)


def decode_state(payload: bytes) -> SentState | Rejected:
    """What a node says of its connection and its outbox, or why it cannot be read."""
    if payload in {b"online", b"offline"}:  # by hand, with mosquitto_pub
        return SentState(payload == b"online")
    state = _decoded(_state, payload, "state")
    if isinstance(state, Rejected):
        return state
    fault = _version_fault(state.v)
    if fault is None and state.state not in {"online", "offline"}:
        fault = reject(Reason.WRONG_TYPE, "state", state.state, "state is online or offline")
    return fault or SentState(state.state == "online", Standing(state.backlog, state.dropped))


def decode_ack(payload: bytes) -> Ack | None:
    """The ack, or None when it is none that we know."""
    try:
        ack = _ack.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return ack if ack.v == 1 and ack.seq >= 0 and ack.refused >= 0 else None


def encode_telemetry(
    boot: str | None, seq: int | None, ts_ns: int, values: Mapping[str, float | None]
) -> bytes:
    """A telemetry message with named values."""
    message: dict[str, object] = {"v": 1}
    if boot is not None:
        message |= {"boot": boot, "seq": seq}
    message |= {"ts": ts_ns, "m": values}
    return _encoder.encode(message)


def encode_birth(
    boot: str, started_ns: int, first: int, *, recorded: bool, points: Sequence[BirthPoint]
) -> bytes:
    """A birth; the retained message that makes a node and its points known."""
    return _encoder.encode(
        {
            "v": 1,
            "boot": boot,
            "started": started_ns,
            "first": first,
            "clock": "recorded" if recorded else "live",
            "points": points,
        }
    )


def encode_state(*, online: bool, standing: Standing = NOTHING_WAITS) -> bytes:
    """A state; `offline` is also the node's will."""
    state: dict[str, object] = {"v": 1, "state": "online" if online else "offline"}
    if standing != NOTHING_WAITS:
        state |= {"backlog": standing.backlog, "dropped": standing.dropped}
    return _encoder.encode(state)


def encode_ack(boot: str, seq: int, refused: int = 0) -> bytes:
    """The application ack for a sender."""
    return _encoder.encode(Ack(1, boot, seq, refused))
