"""The quota of an outbox: past it the oldest messages go, counted, so that the newest are kept.

What goes is given up by name: the next birth says the lowest number still held, and the receiver
counts what it then never gets. A little more goes than has to, so that this number moves seldom:
each time it does the receiver has to be told.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from podcore.clock import NS

# 25 days at 1.2 kB every 10 s, two and a half days of it every second.
MAX_BYTES = 256 * 2**20
# As long as the receiver's log waits for its own readers; what is older few databases take.
MAX_AGE_NS = 30 * 24 * 3_600 * NS
LEFT = 0.99  # of a limit, once it was passed; 2,000 messages of 1.2 kB go at once
OVER = 0.9  # of a limit, below which it is said that it is over

_OLDEST = "SELECT at_ns FROM messages ORDER BY seq LIMIT 1"
_SIZES = "SELECT seq, length(payload) FROM messages ORDER BY seq"
_YOUNG = "SELECT min(seq) FROM messages WHERE at_ns = 0 OR at_ns >= ?"


@dataclass(frozen=True, slots=True)
class OutboxQuota:
    """How much may wait. max_bytes : of payloads. max_age_ns : since it was appended."""

    max_bytes: int = MAX_BYTES
    max_age_ns: int = MAX_AGE_NS


DEFAULT_QUOTA = OutboxQuota()


def to_drop(
    connection: sqlite3.Connection, quota: OutboxQuota, held: int, more: int, now_ns: int
) -> int:
    """The seq up to which messages go before `more` bytes come to the `held` ones, 0 for none.

    now_ns : 0 where nobody knows the time; then none is too old.
    """
    by_size = 0
    if held + more > quota.max_bytes:
        by_size = _first_of(connection, held + more - int(LEFT * quota.max_bytes))
    oldest = connection.execute(_OLDEST).fetchone()
    if not now_ns or oldest is None or not 0 < oldest[0] < now_ns - quota.max_age_ns:
        return by_size
    young = connection.execute(_YOUNG, (now_ns - round(LEFT * quota.max_age_ns),)).fetchone()[0]
    last = connection.execute("SELECT max(seq) FROM messages").fetchone()[0]
    return max(by_size, int(last if young is None else young - 1))


def _first_of(connection: sqlite3.Connection, size: int) -> int:
    """The seq up to which the oldest messages have so many bytes together, or all of them."""
    up_to = 0
    for seq, length in connection.execute(_SIZES):
        up_to, size = seq, size - length
        if size <= 0:
            break
    return up_to
