"""Whether a request is answered: one decision with a named reason, without any I/O."""

from __future__ import annotations

import enum
import hmac
from dataclasses import dataclass
from typing import Final

from podcore.access import ALL_SITES, Key, KeyState, Scope, Session, SiteFilter
from podtwin.api.scopes import Need

READING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Proof(enum.StrEnum):
    """What a request shows."""

    NOTHING = "nothing"
    KEY = "key"
    COOKIE = "cookie"


class Reason(enum.StrEnum):
    """Why a request is refused; the last part of its problem's type."""

    NO_KEY = "no_key"
    UNKNOWN_KEY = "unknown_key"
    KEY_REVOKED = "key_revoked"
    KEY_EXPIRED = "key_expired"
    SESSION_OVER = "session_over"
    NO_HEADER = "no_header"
    SCOPE = "missing_scope"
    SITES = "limited_to_sites"
    TOO_MANY = "too_many_attempts"


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts of a request. digest : of the token. marked : it carries our header."""

    method: str
    need: Need
    proof: Proof = Proof.NOTHING
    digest: bytes = b""
    key_id: str | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept under what a request shows."""

    key: Key | None = None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. by : for the audit. ends_ns : when the key or the session ends by itself."""

    by: str
    scope: Scope
    sites: SiteFilter
    proof: Proof = Proof.NOTHING
    key_id: str | None = None
    digest: bytes = b""
    ends_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Not answered. key : whose it was, where that is known."""

    reason: Reason
    need: Need
    key: Key | None = None


# While the API is bound to this machine alone, its users are whoever has an account here.
LOCAL: Final = Caller("local", Scope.ADMIN, ALL_SITES)
# Who has shown nothing sees what is open; no site has such an id.
NOBODY: Final = Caller("nobody", Scope.READ, SiteFilter(("-",)))


def authorize(asked: Asked, found: Found, now_ns: int) -> Caller | Refused:
    """The caller, or why there is none."""
    key = found.key
    reason = _unproven(asked, found)
    if reason is not None or key is None:
        return Refused(reason or Reason.UNKNOWN_KEY, asked.need)
    reason = _ended(found, key, now_ns) or _not_allowed(asked, key)
    if reason is not None:
        return Refused(reason, asked.need, key)
    ends_ns = [key.expires_ns, found.session.expires_ns if found.session else None]
    known_ns = [each for each in ends_ns if each is not None]
    return Caller(
        key.name,
        key.scope,
        key.sites,
        asked.proof,
        key.id,
        asked.digest,
        min(known_ns, default=None),
    )


def may(caller: Caller, need: Need) -> bool:
    """Whether a caller who was let in may do what needs this."""
    enough = caller.scope.covers(need.scope) and (caller.sites.all or not need.whole)
    return enough and caller is not NOBODY


def _unproven(asked: Asked, found: Found) -> Reason | None:
    if asked.proof is Proof.NOTHING:
        return Reason.NO_KEY
    if asked.proof is Proof.COOKIE:
        return Reason.SESSION_OVER if found.session is None or found.key is None else None
    if found.key is None or not hmac.compare_digest(found.key.digest, asked.digest):
        return Reason.UNKNOWN_KEY
    return None


def _ended(found: Found, key: Key, now_ns: int) -> Reason | None:
    state = key.state(now_ns)
    if state is KeyState.REVOKED:
        return Reason.KEY_REVOKED
    if state is KeyState.EXPIRED:
        return Reason.KEY_EXPIRED
    over = found.session is not None and found.session.expires_ns <= now_ns
    return Reason.SESSION_OVER if over else None


def _not_allowed(asked: Asked, key: Key) -> Reason | None:
    writes = asked.method not in READING_METHODS
    if asked.proof is Proof.COOKIE and writes and not asked.marked:
        return Reason.NO_HEADER
    if not key.scope.covers(asked.need.scope):
        return Reason.SCOPE
    if asked.need.whole and not key.sites.all:
        return Reason.SITES
    return None
