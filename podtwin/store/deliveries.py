"""Messages and attempts as people look at them: what was sent, what was answered, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import msgspec

from podcore.outbox import Attempt
from podtwin.store.state import StateStore

_MESSAGES = """
SELECT o.id, o.endpoint, o.alert, n.site, n.kind, n.ts_ns, o.state, o.attempts, o.due_ns,
  o.changed_ns, o.reason, n.body
FROM outbox AS o JOIN notices AS n ON n.key = o.notice
"""
_headers = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class Message:
    """A message as people see it: where it is, and why. body : what is sent."""

    id: str
    endpoint: str
    alert: str
    site: str
    kind: str
    ts_ns: int
    state: str
    attempts: int
    due_ns: int
    changed_ns: int
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Which messages; newest first. before : the id of the last one of the page before.

    sites : about these alone; None for all, and for what is about none.
    """

    endpoint: str | None = None
    alert: str | None = None
    state: str | None = None
    before: str | None = None
    limit: int = 100
    sites: tuple[str, ...] | None = None


class Deliveries:
    """What is in the outbox and what came of it."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def message(self, message: str) -> Message | None:
        """One message, or None."""
        found = self._messages(["o.id = ?"], [message], 1)
        return found[0] if found else None

    def messages(self, query: MessageQuery) -> list[Message]:
        """A page of them."""
        terms: list[str] = []
        values: list[object] = []
        for name in ("endpoint", "alert", "state"):
            value = getattr(query, name)
            if value is not None:
                terms.append(f"o.{name} = ?")
                values.append(value)
        if query.sites is not None:
            terms.append("n.site IN (SELECT value FROM json_each(?))")
            values.append(msgspec.json.encode(query.sites).decode())
        if query.before is not None:
            terms.append("o.position < (SELECT position FROM outbox WHERE id = ?)")
            values.append(query.before)
        return self._messages(terms, values, query.limit)

    def attempts(self, message: str) -> list[Attempt]:
        """All attempts of a message, the first one first."""
        rows = self._store.rows(
            "SELECT message, started_ns, took_ms, url, address, request_headers, status, answer,"
            " reason, state FROM deliveries WHERE message = ? ORDER BY number",
            (message,),
        )
        return [_attempt(row) for row in rows]

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many messages there are, by (endpoint, state)."""
        rows = self._store.rows(
            "SELECT endpoint, state, count(*) FROM outbox GROUP BY endpoint, state"
        )
        return {(str(row[0]), str(row[1])): int(str(row[2])) for row in rows}

    def _messages(self, terms: list[str], values: list[object], limit: int) -> list[Message]:
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        rows = self._store.rows(
            f"{_MESSAGES} {where} ORDER BY o.position DESC LIMIT ?",
            (*values, limit),
        )
        return [_message(row) for row in rows]


def _message(row: tuple[object, ...]) -> Message:
    named = dict(zip((field.name for field in fields(Message)), row, strict=True))
    return msgspec.convert(named, Message)


def _attempt(row: tuple[object, ...]) -> Attempt:
    named = dict(zip((field.name for field in fields(Attempt)), row, strict=True))
    headers = _headers.decode(str(named["request_headers"]))
    return msgspec.convert({**named, "request_headers": headers}, Attempt)
