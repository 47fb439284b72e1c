"""The JSON shapes of keys, sessions and the audit, each with how it is made."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from podcore.access import MAX_SITE_PATTERNS, Key, KeyState, Scope
from podcore.clock import rfc3339
from podtwin.api.authorize import Caller, Proof
from podtwin.api.models import Shape
from podtwin.api.summary import text_of
from podtwin.store.audit import AuditEntry


class LoginShape(BaseModel):
    """What one logs in with."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=200, examples=["ptw_…"])


class SessionShape(Shape):
    """Who asks, and what that allows. Where no key is asked for, `how` is `local`."""

    name: str
    how: Literal["local", "key", "cookie"]
    scope: Scope
    sites: list[str] | None = Field(description="ids, with * for any part; null for all")
    expires_at: str | None = Field(description="of the key, or of the session if that ends before")


class NewKeyShape(BaseModel):
    """A key that is to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64, examples=["wall-screen"])
    scope: Scope = Scope.READ
    sites: list[str] = Field(
        default=[], max_length=MAX_SITE_PATTERNS, description="ids, with * for any part; empty: all"
    )
    expires: str | None = Field(
        default=None, max_length=64, description="now+30d or RFC 3339; null for never"
    )


class KeyShape(Shape):
    """A key without its secret. `used_at` is exact to the hour."""

    id: str
    name: str
    scope: Scope
    sites: list[str] | None
    state: KeyState
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    used_at: str | None


class MadeKeyShape(KeyShape):
    """A new key. `key` is shown this once."""

    key: str


class KeysShape(Shape):
    """A page of keys."""

    keys: list[KeyShape]
    next: str | None = Field(description="cursor of the next page; null at the end")


class AuditEntryShape(Shape):
    """One change. `by` is a key's name, a user of the machine, `local` or `podtwin`."""

    at: str
    by: str
    what: str
    target: str
    detail: str


class AuditShape(Shape):
    """A page of changes."""

    entries: list[AuditEntryShape]
    next: str | None = Field(description="cursor of the next page; null at the end")


def session_shape(caller: Caller) -> SessionShape:
    """Who asks."""
    how: Literal["local", "key", "cookie"] = (
        "cookie" if caller.proof is Proof.COOKIE else "key" if caller.key_id else "local"
    )
    return SessionShape(
        name=caller.by,
        how=how,
        scope=caller.scope,
        sites=list(caller.sites.patterns) or None,
        expires_at=text_of(caller.ends_ns),
    )


def key_shape(key: Key, now_ns: int) -> KeyShape:
    """A key as it is now."""
    return KeyShape(
        id=key.id,
        name=key.name,
        scope=key.scope,
        sites=list(key.sites.patterns) or None,
        state=key.state(now_ns),
        created_at=rfc3339(key.created_ns),
        created_by=key.created_by,
        expires_at=text_of(key.expires_ns),
        revoked_at=text_of(key.revoked_ns),
        used_at=text_of(key.used_ns),
    )


def audit_entry_shape(entry: AuditEntry) -> AuditEntryShape:
    """A change."""
    return AuditEntryShape(
        at=rfc3339(entry.at_ns),
        by=entry.by,
        what=entry.what,
        target=entry.target,
        detail=entry.detail,
    )
