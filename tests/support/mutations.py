"""Bytes made wrong, by a seed: what lines, disks, foreign senders and ill will make of a message.

Whole messages first; then bytes flipped, cut, doubled and spliced with another message; numbers,
words and whole branches of a tree replaced by what is hard to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

import msgspec

LONGEST = 300 * 1024  # beyond what ingest takes
DEEPEST = 100_000  # levels; what a parser that recurses does not survive

HARD_TEXTS = (
    b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e-400", b"1" * 400, b"-0", b"-0.0", b"1e308",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809",
    b"18446744073709551616",
    b"null", b"true", b'""', b"[]", b"{}", b'"\\ud800"', b'"\\u0000"', b"\xff", b"\xed\xa0\x80",
    b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\x00", b"\\", b'"', b",", b"=", b" ",
    b"\n", b"\r\n", b"0x10", b"1_000", b"+1", b".5", b"1.", b"2026-11-24T24:00:00Z",
    b"2026-02-30T00:00:00Z",
    b"2026-11-24T12:00:60Z", b"9999-12-31T23:59:59.999999999Z", b"2026-11-24T12:00:00+99:99",
    b"i", b"u", b"t", b"#", b"+", b"/", b"a" * 5_000, "\u202e\U0001f4a9".encode(),
)  # fmt: skip
HARD_VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1, 1e308, -1e308,
    5e-324, -0.0, "", "x", "NaN", "\x00", "\u202e", "a" * 3_000, [], {}, [None], [[]], {"": None},
    {"a": {"b": [1]}}, 1_795_521_600, 1_795_521_600_000, 1_795_521_600_000_000_000,
    "2026-11-24T12:00:00Z", "2026-11-24T12:00:00", "crac-1/supply_air_temp", "../../etc", "a/b/c",
)  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TOKEN = re.compile(rb'[\w.\-/]+|"[^"]*"|[{}\[\]:,= ]')


class Form(Protocol):
    """How a tree is written, of a format that has one."""

    def read(self, payload: bytes, /) -> object:
        """The tree; raises when it is none."""

    def write(self, tree: object, /) -> bytes:
        """Its bytes; raises when it cannot be written."""


class JsonForm:
    """Trees as JSON."""

    def read(self, payload: bytes) -> object:
        """The tree."""
        return msgspec.json.decode(payload)

    def write(self, tree: object) -> bytes:
        """Its bytes."""
        return msgspec.json.encode(tree)


class PackedForm:
    """Trees as MessagePack."""

    def read(self, payload: bytes) -> object:
        """The tree."""
        return msgspec.msgpack.decode(payload)

    def write(self, tree: object) -> bytes:
        """Its bytes."""
        return msgspec.msgpack.encode(tree)


def mutated(random: Random, payload: bytes, others: Sequence[bytes], form: Form | None) -> bytes:
    """A payload with one to four things wrong; one in six stays as it is."""
    if random.random() < 1 / 6:
        return payload
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        if form is not None and random.random() < 0.5:
            payload = _branch(random, payload, form)
        else:
            payload = random.choice(_WAYS)(random, payload, others)
    return payload[:LONGEST]


def _flip(random: Random, payload: bytes, _: Sequence[bytes]) -> bytes:
    data = bytearray(payload or b"\0")
    for _number in range(random.choice((1, 1, 2, 8))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def _cut(random: Random, payload: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(random, payload)
    return payload[:begin] if random.random() < 0.4 else payload[:begin] + payload[end:]


def _double(random: Random, payload: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(random, payload)
    times = 2_000 if random.random() < 0.01 else random.choice((2, 3, 10))
    return payload[:begin] + payload[begin:end] * times + payload[end:]


def _splice(random: Random, payload: bytes, others: Sequence[bytes]) -> bytes:
    other = random.choice(others)
    begin, _ = _span(random, payload)
    _, end = _span(random, other)
    return payload[:begin] + other[end:]


def _put(random: Random, payload: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(random, payload)
    end = begin if random.random() < 0.5 else end
    new = random.randbytes(random.randrange(1, 9))
    return (
        payload[:begin]
        + (random.choice(HARD_TEXTS) if random.random() < 0.7 else new)
        + payload[end:]
    )


def _number(random: Random, payload: bytes, _: Sequence[bytes]) -> bytes:
    return _replaced(random, payload, _NUMBER)


def _token(random: Random, payload: bytes, _: Sequence[bytes]) -> bytes:
    return _replaced(random, payload, _TOKEN)


def _nest(random: Random, payload: bytes, _: Sequence[bytes]) -> bytes:
    # Deep ones cost milliseconds to make, and one in two hundred is enough.
    depth = DEEPEST if random.random() < 0.005 else random.choice((1, 5, 60, 300))
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"\x91", b""), (b"(", b")")))
    begin, end = _span(random, payload)
    return payload[:begin] + opening * depth + payload[begin:end] + closing * depth + payload[end:]


_WAYS: tuple[Callable[[Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip, _flip, _cut, _double, _splice, _put, _put, _number, _number, _token, _token, _nest,
)  # fmt: skip


def _span(random: Random, payload: bytes) -> tuple[int, int]:
    begin = random.randrange(len(payload) + 1)
    return begin, min(len(payload), begin + random.choice((1, 2, 8, 40, len(payload))))


def _replaced(random: Random, payload: bytes, what: re.Pattern[bytes]) -> bytes:
    found = list(what.finditer(payload[:8_192]))
    if not found:
        return payload
    spot = random.choice(found)
    return payload[: spot.start()] + random.choice(HARD_TEXTS) + payload[spot.end() :]


def _branch(random: Random, payload: bytes, form: Form) -> bytes:
    """The tree with a branch replaced, left out, doubled or called something else."""
    try:
        return form.write(_changed(random, form.read(payload)))
    except (
        msgspec.MsgspecError,
        UnicodeError,
        ValueError,
        RecursionError,
        OverflowError,
        TypeError,
    ):
        return payload


def _changed(random: Random, tree: object) -> object:
    if isinstance(tree, dict) and tree and random.random() < 0.9:
        key = random.choice(list(tree))
        way = random.random()
        if way < 0.1:
            return {name: value for name, value in tree.items() if name != key}
        if way < 0.25:
            return tree | {random.choice(_NAMES): tree[key]}
        if way < 0.27:
            return tree | {f"x-{number}/p": tree[key] for number in range(300)}
        return tree | {key: _changed(random, tree[key])}
    if isinstance(tree, list) and tree and random.random() < 0.9:
        place = random.randrange(len(tree))
        if random.random() < 0.2:
            return (
                tree[:place] + tree[place + 1 :] if random.random() < 0.5 else [*tree, tree[place]]
            )
        return [*tree[:place], _changed(random, tree[place]), *tree[place + 1 :]]
    return random.choice(HARD_VALUES)


_NAMES = (
    "v",
    "m",
    "a",
    "ts",
    "boot",
    "seq",
    "points",
    "bn",
    "n",
    "t",
    "bt",
    "",
    "\u00e9",
    "x/y",
    "p" * 300,
)
