"""Keys and sessions in `state.db`: digests alone, and who made and revoked them."""

from __future__ import annotations

import json

import msgspec

from podcore.access import Key, KeyState, Scope, Session
from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podtwin.store.alert_rows import write_audit
from podtwin.store.state import StateStore

MAX_KEYS = 1_000  # valid ones: one for each person and program of a large house
MAX_SESSIONS = 100  # of one key: a team of twenty, five browsers each; the oldest one goes

_KEY = "id, name, digest, scope, sites, created_ns, created_by, expires_ns, revoked_ns, used_ns"
_OF_SESSION = """
SELECT s.digest, s.key, s.created_ns, s.expires_ns, k.id, k.name, k.digest, k.scope, k.sites,
  k.created_ns, k.created_by, k.expires_ns, k.revoked_ns, k.used_ns
FROM sessions AS s JOIN keys AS k ON k.id = s.key WHERE s.digest = ?
"""
_CROWD_OUT = """
DELETE FROM sessions WHERE key = :key AND digest NOT IN (
  SELECT digest FROM sessions WHERE key = :key ORDER BY created_ns DESC LIMIT :kept)
"""


class Keys:
    """The book of keys."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def all(self) -> list[Key]:
        """All of them, revoked ones too, oldest first."""
        return [_key(row) for row in self._store.rows(f"SELECT {_KEY} FROM keys ORDER BY rowid")]  # noqa: S608 - constant text

    def get(self, key: str) -> Key | None:
        """The key of that id, or None."""
        rows = self._store.rows(f"SELECT {_KEY} FROM keys WHERE id = ?", (key,))  # noqa: S608 - constant text
        return _key(rows[0]) if rows else None

    def find(self, name: str) -> Key:
        """The key of that id or name, first among those that are not revoked.

        Raises
        ------
        ConfigError  When there is none.
        """
        known = sorted(self.all(), key=lambda each: each.revoked_ns is not None)
        found = [each for each in known if name in {each.id, each.name}]
        if found:
            return found[0]
        words = [word for each in known for word in (each.id, each.name)]
        raise ConfigError("key", name, "there is none of that name", did_you_mean(name, words))

    def add(self, key: Key) -> None:
        """One more key.

        Raises
        ------
        ConfigError  When its name is taken, or there are as many as there may be.
        """
        with self._store.transaction() as connection:
            taken = "SELECT 1 FROM keys WHERE name = ? AND revoked_ns IS NULL"
            if connection.execute(taken, (key.name,)).fetchone():
                way_out = f"choose another, or revoke it: podtwin keys revoke {key.name}"
                raise ConfigError("name", key.name, "is already the name of a key", way_out)
            count = "SELECT count(*) FROM keys WHERE revoked_ns IS NULL"
            if connection.execute(count).fetchone()[0] >= MAX_KEYS:
                rule = f"there are {MAX_KEYS} keys, as many as there may be"
                raise ConfigError("name", key.name, rule, "revoke one that nobody uses")
            connection.execute(
                "INSERT INTO keys VALUES (?,?,?,?,?,?,?,?,?,?)",
                (key.id, key.name, key.digest, key.scope, json.dumps(key.sites.patterns),
                 key.created_ns, key.created_by, key.expires_ns, key.revoked_ns, key.used_ns),
            )  # fmt: skip
            detail = f"{key.name}: {key.scope}, {', '.join(key.sites.patterns) or 'all sites'}"
            write_audit(connection, key.created_ns, key.created_by, "key_added", key.id, detail)

    def revoke(self, key: str, by: str, now_ns: int) -> bool:
        """Ends a key and its sessions; False when it was ended before."""
        with self._store.transaction() as connection:
            ended = connection.execute(
                "UPDATE keys SET revoked_ns = ? WHERE id = ? AND revoked_ns IS NULL", (now_ns, key)
            ).rowcount
            if ended:
                name = connection.execute("SELECT name FROM keys WHERE id = ?", (key,)).fetchone()
                connection.execute("DELETE FROM sessions WHERE key = ?", (key,))
                write_audit(connection, now_ns, by, "key_revoked", key, str(name[0]))
        return bool(ended)

    def used(self, key: str, now_ns: int) -> None:
        """Notes that a key was used."""
        with self._store.transaction() as connection:
            connection.execute("UPDATE keys SET used_ns = ? WHERE id = ?", (now_ns, key))

    def any_admin(self, now_ns: int) -> bool:
        """Whether anybody could make another key."""
        valid = (each for each in self.all() if each.state(now_ns) is KeyState.VALID)
        return any(each.scope is Scope.ADMIN and each.sites.all for each in valid)

    def session(self, digest: bytes) -> tuple[Session, Key] | None:
        """The session of that cookie with its key, or None."""
        rows = self._store.rows(_OF_SESSION, (digest,))
        if not rows:
            return None
        names = ("digest", "key", "created_ns", "expires_ns")
        session = msgspec.convert(dict(zip(names, rows[0][:4], strict=True)), Session)
        return session, _key(rows[0][4:])

    def start_session(self, session: Session, by: str) -> None:
        """One more session; those that are over are forgotten."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE expires_ns <= ?", (session.created_ns,))
            connection.execute(
                "INSERT INTO sessions VALUES (?,?,?,?)",
                (session.digest, session.key, session.created_ns, session.expires_ns),
            )
            connection.execute(_CROWD_OUT, {"key": session.key, "kept": MAX_SESSIONS})
            write_audit(connection, session.created_ns, by, "session_started", session.key)

    def end_session(self, digest: bytes, by: str, now_ns: int) -> None:
        """Ends a session."""
        with self._store.transaction() as connection:
            ended = connection.execute(
                "DELETE FROM sessions WHERE digest = ? RETURNING key", (digest,)
            ).fetchone()
            if ended is not None:
                write_audit(connection, now_ns, by, "session_ended", str(ended[0]))


def _key(row: tuple[object, ...]) -> Key:
    named = dict(zip(_KEY.split(", "), row, strict=True))
    sites = {"patterns": json.loads(str(named["sites"]))}
    return msgspec.convert({**named, "sites": sites}, Key)
