"""Keys, sessions and the audit in dictionaries, as the API asks for them."""

from __future__ import annotations

import itertools
from dataclasses import replace

from podcore.access import Key, Scope, Session, make_key
from podcore.errors import ConfigError
from podtwin.store.audit import AuditEntry, AuditQuery

_numbers = itertools.count(1)


def made_key(
    name: str = "wall",
    scope: Scope = Scope.READ,
    *sites: str,
    now_ns: int = 0,
    expires_ns: int | None = None,
) -> tuple[Key, str]:
    """A key that no other test has, and its token."""
    number = next(_numbers)
    return make_key(
        name, scope, sites, by="kim", now_ns=now_ns, expires_ns=expires_ns,
        random=lambda count: number.to_bytes(count, "big"),
    )  # fmt: skip


class MemoryAudit:
    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def add(self, at_ns: int, by: str, what: str, target: str, detail: str = "") -> None:
        entry = AuditEntry(len(self.entries) + 1, at_ns, by, what, target, detail)
        self.entries.insert(0, entry)

    def page(self, query: AuditQuery) -> list[AuditEntry]:
        return [
            each
            for each in self.entries
            if (query.before is None or each.position < query.before)
            and all(
                getattr(query, name) in {None, getattr(each, name)}
                for name in ("by", "what", "target")
            )
        ][: query.limit]


class MemoryKeys:
    def __init__(self, *keys: Key) -> None:
        self.kept = {key.id: key for key in keys}
        self.sessions: dict[bytes, Session] = {}
        self.looked = 0
        self.audit = MemoryAudit()

    def clear(self) -> None:
        self.kept.clear()
        self.sessions.clear()
        self.audit.entries.clear()

    def all(self) -> list[Key]:
        return list(self.kept.values())

    def get(self, key: str) -> Key | None:
        self.looked += 1
        return self.kept.get(key)

    def add(self, key: Key) -> None:
        if any(key.name == each.name and each.revoked_ns is None for each in self.kept.values()):
            raise ConfigError("name", key.name, "is already the name of a key", "choose another")
        self.kept[key.id] = key
        self.audit.add(key.created_ns, key.created_by, "key_added", key.id)

    def revoke(self, key: str, by: str, now_ns: int) -> bool:
        if self.kept[key].revoked_ns is not None:
            return False
        self.kept[key] = replace(self.kept[key], revoked_ns=now_ns)
        self.sessions = {d: s for d, s in self.sessions.items() if s.key != key}
        self.audit.add(now_ns, by, "key_revoked", key)
        return True

    def used(self, key: str, now_ns: int) -> None:
        self.kept[key] = replace(self.kept[key], used_ns=now_ns)

    def session(self, digest: bytes) -> tuple[Session, Key] | None:
        self.looked += 1
        found = self.sessions.get(digest)
        return None if found is None else (found, self.kept[found.key])

    def start_session(self, session: Session, by: str) -> None:
        self.sessions[session.digest] = session
        self.audit.add(session.created_ns, by, "session_started", session.key)

    def end_session(self, digest: bytes, by: str, now_ns: int) -> None:
        ended = self.sessions.pop(digest, None)
        if ended is not None:
            self.audit.add(now_ns, by, "session_ended", ended.key)
