"""Rows of alerts: what a commit of the engine writes, and what people read and ask for.

An alert's row is moved only by a change that is new to the file, so that a rerun after a crash,
which starts further back, never shows an alert as it was.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from podcore.alert import Alert
from podcore.ports import Applied, Command, Notice, Transition

if TYPE_CHECKING:
    from podtwin.store.state import StateStore

MAX_PENDING_COMMANDS = 1_000  # read at once by the engine; people press fewer buttons
_ALERT = msgspec.structs.fields(Alert)
_NAMES = ", ".join(field.name for field in _ALERT)
_UPSERT = (
    f"INSERT INTO alerts ({_NAMES}) VALUES ({', '.join('?' for _ in _ALERT)})"  # noqa: S608 - names of fields
    " ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{field.name} = excluded.{field.name}" for field in _ALERT if field.name != "id")
    + " WHERE excluded.changed_ns >= alerts.changed_ns"
)


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    comment: str = ""
    assignee: str = ""


_encoder = msgspec.json.Encoder()
_bodies = msgspec.json.Decoder(_Body)


def write_changes(
    connection: sqlite3.Connection, transitions: Sequence[Transition], applied: Sequence[Applied]
) -> None:
    """Transitions and applied commands, and the alerts as they are after them."""
    alerts = [(t.alert, 0) for t in transitions if _inserted(connection, t)]
    alerts += [(done.alert, 1) for done in applied if _settled(connection, done)]
    # A command holds after the step that it names: at one instant it comes last.
    found = [(alert.changed_ns, rank, alert) for alert, rank in alerts if alert is not None]
    for _, _, alert in sorted(found, key=lambda each: each[:2]):
        connection.execute(_UPSERT, msgspec.structs.astuple(alert))


def write_notices(connection: sqlite3.Connection, notices: Sequence[Notice]) -> None:
    """Notices that are new, each into the outbox of every endpoint that is enabled now."""
    if not notices:
        return
    rows = connection.execute("SELECT id FROM endpoints WHERE enabled ORDER BY created_ns, id")
    endpoints = [str(row[0]) for row in rows]
    for notice in notices:
        new = connection.execute(
            "INSERT OR IGNORE INTO notices VALUES (?,?,?,?,?,?,?,?)",
            (notice.key, notice.site, notice.fingerprint, notice.alert, notice.kind,
             notice.ts_ns, notice.cause, notice.body),
        ).rowcount  # fmt: skip
        for endpoint in endpoints if new else ():
            queue(connection, notice, endpoint)


def queue(connection: sqlite3.Connection, notice: Notice, endpoint: str) -> str:
    """Puts a notice into the outbox of one endpoint; the id of the message."""
    digest = hashlib.sha256(f"{notice.key}\0{endpoint}".encode()).hexdigest()
    message = f"msg_{digest[:24]}"
    connection.execute(
        "INSERT OR IGNORE INTO outbox (id, notice, endpoint, alert, state)"
        " VALUES (?,?,?,?,'queued')",
        (message, notice.key, endpoint, notice.alert),
    )
    return message


def pending_commands(connection: sqlite3.Connection) -> list[Command]:
    """Commands that were not applied, in the order in which they came."""
    rows = connection.execute(
        "SELECT id, site, kind, alert, issued_by, issued_ns, body FROM commands"
        " WHERE applied_cause IS NULL ORDER BY issued_ns, rowid LIMIT ?",
        (MAX_PENDING_COMMANDS,),
    )
    return [_command(*row) for row in rows.fetchall()]


def write_audit(
    connection: sqlite3.Connection, at_ns: int, by: str, what: str, target: str, detail: str = ""
) -> None:
    """One line about a change that a person, or the program for a named reason, made."""
    connection.execute(
        "INSERT INTO audit (at_ns, by, what, target, detail) VALUES (?,?,?,?,?)",
        (at_ns, by, what, target, detail),
    )


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Which alerts; newest first.

    open_only : those that are not resolved.
    before : (started_ns, id) of the last one of the page before.
    sites : of these alone; None for all.
    """

    site: str | None = None
    open_only: bool = False
    severity: str | None = None
    state: str | None = None
    rule: str | None = None
    handling: str | None = None
    before: tuple[int, str] | None = None
    limit: int = 100
    sites: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened to an alert. ts_ns : site time; of commands the clock's.

    what : the state that was reached, `worse`, `told` or what a person did.
    """

    ts_ns: int
    what: str
    detail: str
    by: str = ""


class Alerts:
    """Alerts as people ask for them."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def page(self, query: AlertQuery) -> list[Alert]:
        """A page of them."""
        terms, values = _terms(query)
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        rows = self._store.rows(
            f"SELECT {_NAMES} FROM alerts {where} ORDER BY started_ns DESC, id DESC LIMIT ?",  # noqa: S608 - constant terms
            (*values, query.limit),
        )
        return [_alert(row) for row in rows]

    def get(self, alert: str) -> Alert | None:
        """One of them, or None."""
        rows = self._store.rows(f"SELECT {_NAMES} FROM alerts WHERE id = ?", (alert,))  # noqa: S608 - names of fields
        return _alert(rows[0]) if rows else None

    def starting_with(self, digits: str) -> list[Alert]:
        """Those whose id begins so, two at most: enough to see that it is not one."""
        rows = self._store.rows(
            f"SELECT {_NAMES} FROM alerts WHERE substr(id, 1, ?) = ? AND ? > 0 LIMIT 2",  # noqa: S608 - names of fields
            (len(digits), digits, len(digits)),
        )
        return [_alert(row) for row in rows]

    def open_counts(self) -> Mapping[tuple[str, str, str], int]:
        """How many are open, by (site, severity, state)."""
        rows = self._store.rows(
            "SELECT site, severity, state, count(*) FROM alerts WHERE state <> 'resolved'"
            " GROUP BY site, severity, state"
        )
        return {(str(row[0]), str(row[1]), str(row[2])): _int(row[3]) for row in rows}

    def timeline(self, alert: Alert) -> list[TimelineEntry]:
        """All that happened to it, by time: states, what was told, what people did."""
        until_ns = alert.ended_ns if alert.ended_ns is not None else 2**62
        states = self._store.rows(
            "SELECT ts_ns, CASE WHEN before = after THEN 'worse' ELSE after END, before, ''"
            " FROM transitions WHERE fingerprint = ? AND ts_ns BETWEEN ? AND ?"
            " ORDER BY ts_ns, rowid",
            (alert.fingerprint, alert.raised_ns, until_ns),
        )
        told = self._store.rows(
            "SELECT ts_ns, 'told', kind, '' FROM notices WHERE alert = ? ORDER BY ts_ns, rowid",
            (alert.id,),
        )
        done = self._store.rows(
            "SELECT issued_ns, kind, coalesce(outcome, 'waiting'), issued_by FROM commands"
            " WHERE alert = ? ORDER BY issued_ns, rowid",
            (alert.id,),
        )
        entries = [
            TimelineEntry(_int(row[0]), str(row[1]), str(row[2]), str(row[3]))
            for row in (*states, *told, *done)
        ]
        return sorted(entries, key=lambda entry: entry.ts_ns)

    def add_command(self, command: Command) -> None:
        """Asks the engine to do something; it does so in order and logs it as a Frame."""
        body = _encoder.encode(_Body(command.comment, command.assignee))
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO commands (id, site, kind, alert, issued_by, issued_ns, body)"
                " VALUES (?,?,?,?,?,?,?)",
                (command.id, command.site, command.kind, command.alert, command.issued_by,
                 command.issued_ns, body),
            )  # fmt: skip
            write_audit(
                connection, command.issued_ns, command.issued_by, command.kind, command.alert,
                command.comment,
            )  # fmt: skip

    def outcome(self, command: str) -> str | None:
        """What came of a command; None while it waits."""
        rows = self._store.rows("SELECT outcome FROM commands WHERE id = ?", (command,))
        return None if not rows or rows[0][0] is None else str(rows[0][0])


def _inserted(connection: sqlite3.Connection, t: Transition) -> bool:
    return bool(
        connection.execute(
            "INSERT OR IGNORE INTO transitions VALUES (?,?,?,?,?,?,?,?)",
            (t.key, t.site, t.fingerprint, t.before, t.after, t.cause, t.ts_ns, t.body),
        ).rowcount
    )


def _settled(connection: sqlite3.Connection, done: Applied) -> bool:
    return bool(
        connection.execute(
            "UPDATE commands SET applied_cause = ?, applied_ns = ?, outcome = ?"
            " WHERE id = ? AND applied_cause IS NULL",
            (done.cause, done.ts_ns, done.outcome, done.command),
        ).rowcount
    )


def _terms(query: AlertQuery) -> tuple[list[str], list[object]]:
    terms: list[str] = []
    values: list[object] = []
    if query.open_only:
        terms.append("state <> 'resolved'")
    for name in ("site", "severity", "state", "rule", "handling"):
        value = getattr(query, name)
        if value is not None:
            terms.append(f"{name} = ?")
            values.append(value)
    if query.sites is not None:
        terms.append("site IN (SELECT value FROM json_each(?))")
        values.append(_encoder.encode(query.sites).decode())
    if query.before is not None:
        terms.append("(started_ns, id) < (?, ?)")
        values += query.before
    return terms, values


def _alert(row: tuple[object, ...]) -> Alert:
    named = {field.name: value for field, value in zip(_ALERT, row, strict=True)}
    return msgspec.convert(named, Alert)


def _command(
    command: str, site: str, kind: str, alert: str, by: str, issued_ns: int, body: bytes
) -> Command:
    said = _bodies.decode(body)
    return Command(command, site, kind, alert, by, issued_ns, said.comment, said.assignee)


def _int(value: object) -> int:
    assert isinstance(value, int)  # noqa: S101 - the column is one
    return value
