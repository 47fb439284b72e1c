"""The audit: who changed what, and when. Nothing is ever taken out of it.

It grows by what people do, some hundred bytes each time: ten changes an hour are 10 MB a year.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import msgspec

from podtwin.store.alert_rows import write_audit
from podtwin.store.state import StateStore


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. by : name of a key, of a user of this machine, `local` or `podtwin`."""

    position: int
    at_ns: int
    by: str
    what: str
    target: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which changes; newest first. before : position of the last one of the page before."""

    by: str | None = None
    what: str | None = None
    target: str | None = None
    before: int | None = None
    limit: int = 100


_COLUMNS = ", ".join(field.name for field in fields(AuditEntry))


class AuditLog:
    """The table of changes."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def add(self, at_ns: int, by: str, what: str, target: str, detail: str = "") -> None:
        """One change that has no transaction of its own."""
        with self._store.transaction() as connection:
            write_audit(connection, at_ns, by, what, target, detail)

    def page(self, query: AuditQuery) -> list[AuditEntry]:
        """A page of them."""
        terms: list[str] = []
        values: list[object] = []
        for name in ("by", "what", "target"):
            value = getattr(query, name)
            if value is not None:
                terms.append(f"{name} = ?")
                values.append(value)
        if query.before is not None:
            terms.append("position < ?")
            values.append(query.before)
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM audit {where} ORDER BY position DESC LIMIT ?",  # noqa: S608 - names of fields
            (*values, query.limit),
        )
        names = [field.name for field in fields(AuditEntry)]
        return [msgspec.convert(dict(zip(names, row, strict=True)), AuditEntry) for row in rows]
