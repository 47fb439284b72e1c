"""The outbox in `state.db`: endpoints, messages, and the log of what was sent and answered.

Messages are written in the engine's transaction (`alert_rows`). Here they are handed out, an
alert's in the order of their commits: one that is not settled holds back those behind it of the
same endpoint and alert, and no others. A redelivered one stands outside of that order.
"""

from __future__ import annotations

import msgspec

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podcore.outbox import Attempt, Endpoint, Outgoing
from podcore.ports import Notice
from podtwin.store.alert_rows import queue, write_audit
from podtwin.store.state import StateStore

RATE_LIMITED = "http_429"  # the receiver named a time; a probe does not come before it
PROGRAM = "podtwin"  # who did what no person did
_PRUNED = 1_000  # messages a transaction: some milliseconds

DUE = """
SELECT o.id, o.endpoint, o.alert, n.kind, n.body, o.state, o.attempts, o.first_ns
FROM outbox AS o JOIN notices AS n ON n.key = o.notice
WHERE o.endpoint = :endpoint AND o.state IN ('queued', 'retrying', 'redelivered')
  AND (o.due_ns <= :now OR (:probe AND o.reason <> :limited))
  AND (o.again > 0 OR NOT EXISTS (
    SELECT 1 FROM outbox AS p WHERE p.endpoint = o.endpoint AND p.alert = o.alert
      AND p.position < o.position AND p.again = 0
      AND p.state IN ('queued', 'sending', 'retrying', 'redelivered')))
ORDER BY o.position LIMIT :limit
"""
_ENDPOINT = "id, url, secret, enabled, created_ns, name, reason"
_OPEN = "('queued', 'sending', 'retrying', 'redelivered')"
_BURY = "UPDATE outbox SET state = 'dead', reason = ?, changed_ns = ?"
_encoder = msgspec.json.Encoder()


class SqliteOutbox:
    """`Outbox` on the state database, and what people do with it."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def endpoints(self) -> list[Endpoint]:
        """All of them, enabled or not, oldest first."""
        rows = self._store.rows(f"SELECT {_ENDPOINT} FROM endpoints ORDER BY created_ns, id")  # noqa: S608 - constant text
        return [_endpoint(row) for row in rows]

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that id or name.

        Raises
        ------
        ConfigError  When there is none.
        """
        known = self.endpoints()
        found = [each for each in known if name in {each.id, each.name}]
        if found:
            return found[0]
        words = [word for each in known for word in (each.id, each.name) if word]
        raise ConfigError("endpoint", name, "there is none of that name", did_you_mean(name, words))

    def add(self, endpoint: Endpoint, by: str) -> None:
        """One more endpoint; it gets what is told from now on.

        Raises
        ------
        ConfigError  When its name is taken.
        """
        with self._store.transaction() as connection:
            taken = "SELECT 1 FROM endpoints WHERE name = ? AND name <> ''"
            if connection.execute(taken, (endpoint.name,)).fetchone():
                rule = "is already the name of an endpoint"
                raise ConfigError("--name", endpoint.name, rule, "choose another")
            connection.execute(
                "INSERT INTO endpoints VALUES (?,?,?,?,?,?,?)",
                (endpoint.id, endpoint.url, endpoint.secret, endpoint.enabled,
                 endpoint.created_ns, endpoint.name, endpoint.reason),
            )  # fmt: skip
            write_audit(connection, endpoint.created_ns, by, "endpoint_added", endpoint.id,
                        endpoint.url)  # fmt: skip

    def enable(self, endpoint: str, by: str, now_ns: int) -> None:
        """Sends again, first what was left."""
        self._switch(endpoint, by, now_ns, "", enabled=True)

    def disable(self, endpoint: str, reason: str, now_ns: int) -> None:
        """Sends nothing more there; what is queued stays."""
        self._switch(endpoint, PROGRAM, now_ns, reason, enabled=False)

    def remove(self, endpoint: str, by: str, now_ns: int) -> None:
        """Takes an endpoint out; what was still to be sent there is dead."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM endpoints WHERE id = ?", (endpoint,))
            connection.execute(
                f"{_BURY} WHERE endpoint = ? AND state IN {_OPEN}",
                ("endpoint_removed", now_ns, endpoint),
            )
            write_audit(connection, now_ns, by, "endpoint_removed", endpoint)

    def queue(self, notice: Notice, endpoint: str) -> str:
        """A message of its own to one endpoint, such as a test; its id."""
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO notices VALUES (?,?,?,?,?,?,?,?)",
                (notice.key, notice.site, notice.fingerprint, notice.alert, notice.kind,
                 notice.ts_ns, notice.cause, notice.body),
            )  # fmt: skip
            return queue(connection, notice, endpoint)

    def due(self, endpoint: str, now_ns: int, limit: int, *, probe: bool = False) -> list[Outgoing]:
        """Messages to be tried now, oldest first, of each alert only its first unsettled one."""
        rows = self._store.rows(
            DUE,
            {"endpoint": endpoint, "now": now_ns, "limit": limit, "probe": probe,
             "limited": RATE_LIMITED},
        )  # fmt: skip
        return [_outgoing(row) for row in rows]

    def take(self, message: str, now_ns: int) -> bool:
        """Marks a message as being sent; False when it is no longer to be sent."""
        with self._store.transaction() as connection:
            taken = connection.execute(
                "UPDATE outbox SET state = 'sending', attempts = attempts + 1,"
                " first_ns = coalesce(first_ns, ?), changed_ns = ? WHERE id = ?"
                " AND state IN ('queued', 'retrying', 'redelivered')",
                (now_ns, now_ns, message),
            )
            return bool(taken.rowcount)

    def conclude(self, attempt: Attempt, due_ns: int) -> None:
        """Logs an attempt and settles its message."""
        ended_ns = attempt.started_ns + round(attempt.took_ms * 1e6)
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO deliveries (message, number, started_ns, took_ms, url, address,"
                " request_headers, status, answer, reason, state) SELECT :message, count(*) + 1,"
                " :started, :took, :url, :address, :headers, :status, :answer, :reason, :state"
                " FROM deliveries WHERE message = :message",
                {
                    "message": attempt.message,
                    "started": attempt.started_ns,
                    "took": attempt.took_ms,
                    "url": attempt.url,
                    "address": attempt.address,
                    "headers": _encoder.encode(dict(attempt.request_headers)).decode(),
                    "status": attempt.status,
                    "answer": attempt.answer,
                    "reason": attempt.reason,
                    "state": attempt.state,
                },
            )
            connection.execute(
                "UPDATE outbox SET state = ?, reason = ?, due_ns = ?, changed_ns = ?"
                " WHERE id = ? AND state = 'sending'",
                (attempt.state, attempt.reason, due_ns, ended_ns, attempt.message),
            )

    def give_up(self, message: str, reason: str, now_ns: int) -> None:
        """Settles a message that is not tried at all."""
        with self._store.transaction() as connection:
            connection.execute(
                f"{_BURY} WHERE id = ? AND state IN {_OPEN}",
                (reason, now_ns, message),
            )

    def hasten(self, endpoint: str, now_ns: int) -> None:
        """What waits to be retried may go now, unless the receiver asked it to wait."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE outbox SET due_ns = ? WHERE endpoint = ? AND state = 'retrying'"
                " AND due_ns > ? AND reason <> ?",
                (now_ns, endpoint, now_ns, RATE_LIMITED),
            )

    def recover(self, now_ns: int) -> int:
        """Messages whose sender ended before the answer are to be tried again; how many."""
        with self._store.transaction() as connection:
            return connection.execute(
                "UPDATE outbox SET state = 'retrying', reason = 'interrupted', due_ns = ?,"
                " changed_ns = ? WHERE state = 'sending'",
                (now_ns, now_ns),
            ).rowcount

    def redeliver(self, message: str, by: str, now_ns: int) -> None:
        """Sends a settled message once more, under its id.

        Raises
        ------
        ConfigError  When there is no such message, or it is still on its way.
        """
        found = self._store.rows("SELECT state FROM outbox WHERE id = ?", (message,))
        if not found:
            raise ConfigError(
                "message", message, "there is none of that id", "see `podtwin endpoints log`"
            )
        state = found[0][0]
        if state not in {"delivered", "dead"}:
            rule = f"is {state}: only what is delivered or dead is sent once more"
            raise ConfigError("message", message, rule, "wait for it")
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE outbox SET state = 'redelivered', again = again + 1, attempts = 0,"
                " first_ns = NULL, due_ns = 0, changed_ns = ?"
                " WHERE id = ? AND state IN ('delivered', 'dead')",
                (now_ns, message),
            )
            write_audit(connection, now_ns, by, "message_redelivered", message)

    def prune(self, before_ns: int) -> int:
        """Deletes what was settled before, a chunk at most; how many messages."""
        with self._store.transaction() as connection:
            rows = connection.execute(
                f"SELECT id, notice FROM outbox WHERE changed_ns < ? AND state NOT IN {_OPEN}"  # noqa: S608 - constant text
                " LIMIT ?",
                (before_ns, _PRUNED),
            ).fetchall()
            connection.executemany(
                "DELETE FROM deliveries WHERE message = ?", [r[:1] for r in rows]
            )
            connection.executemany("DELETE FROM outbox WHERE id = ?", [r[:1] for r in rows])
        return len(rows)

    def _switch(self, endpoint: str, by: str, now_ns: int, reason: str, *, enabled: bool) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE endpoints SET enabled = ?, reason = ? WHERE id = ?",
                (enabled, reason, endpoint),
            )
            word = "endpoint_enabled" if enabled else "endpoint_disabled"
            write_audit(connection, now_ns, by, word, endpoint, reason)


def _endpoint(row: tuple[object, ...]) -> Endpoint:
    names = ("id", "url", "secret", "enabled", "created_ns", "name", "reason")
    named = dict(zip(names, row, strict=True))
    return msgspec.convert({**named, "enabled": bool(named["enabled"])}, Endpoint)


def _outgoing(row: tuple[object, ...]) -> Outgoing:
    names = ("id", "endpoint", "alert", "kind", "body", "state", "attempts", "first_ns")
    return msgspec.convert(dict(zip(names, row, strict=True)), Outgoing)
