"""Keys: who may do what, at which sites, until when; and the secrets that prove it.

A secret is 256 random bits, so a plain SHA-256 of it is all that has to be kept: there is
nothing to guess, and no word list that a slow hash would have to protect. The id stands in the
token in the clear: a token that turns up in a log can be recognised and revoked by it.
"""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from podcore.errors import ConfigError

ID_BYTES: Final = 8
SECRET_BYTES: Final = 32
MAX_SITE_PATTERNS: Final = 100  # of one key; who needs more names them with a *
# Who stands in the audit without a key.
RESERVED_NAMES: Final = frozenset({"local", "podtwin", "nobody"})
NAME_RULE: Final = (
    "a name is 1 to 64 of letters, digits and . _ - @, and none of "
    f"{', '.join(sorted(RESERVED_NAMES))}"
)
SITE_RULE: Final = "a site is named by its id, with * for any part of it: ams-*"
_NAME = re.compile(r"[0-9A-Za-z._@-]{1,64}")
_SITE = re.compile(r"[a-z0-9*-]{1,63}")
_TOKEN = re.compile(r"ptw_([0-9a-f]{16})_[0-9a-f]{64}")
_SESSION = re.compile(r"pts_[0-9a-f]{64}")


class Scope(enum.StrEnum):
    """What a key allows; each allows all that stands before it."""

    READ = "read"
    OPERATE = "operate"
    CONFIGURE = "configure"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        """Whether it is enough for what needs another."""
        return _RANKS[self] >= _RANKS[needed]


_RANKS: Final = {scope: rank for rank, scope in enumerate(Scope)}


@dataclass(frozen=True, slots=True)
class SiteFilter:
    """Sites that a key is for, by id or with * for any part of one; empty means all."""

    patterns: tuple[str, ...] = ()

    @property
    def all(self) -> bool:
        """Whether there is no limit."""
        return not self.patterns

    def covers(self, site: str) -> bool:
        """Whether a site may be seen. What belongs to no site is seen without a limit alone."""
        return not self.patterns or any(fnmatchcase(site, each) for each in self.patterns)

    def among(self, sites: Iterable[str]) -> tuple[str, ...]:
        """Those of the sites that may be seen."""
        return tuple(site for site in sites if self.covers(site))


ALL_SITES: Final = SiteFilter()


class KeyState(enum.StrEnum):
    """Whether a key opens anything."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept. used_ns : when it was last used, to the hour; None when it never was."""

    id: str
    name: str
    digest: bytes
    scope: Scope
    sites: SiteFilter
    created_ns: int
    created_by: str
    expires_ns: int | None = None
    revoked_ns: int | None = None
    used_ns: int | None = None

    def state(self, now_ns: int) -> KeyState:
        """What it is worth now."""
        if self.revoked_ns is not None:
            return KeyState.REVOKED
        if self.expires_ns is not None and self.expires_ns <= now_ns:
            return KeyState.EXPIRED
        return KeyState.VALID


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's stay, begun with a key; it ends with it at the latest."""

    digest: bytes
    key: str
    created_ns: int
    expires_ns: int


def make_key(
    name: str,
    scope: Scope,
    sites: Iterable[str],
    *,
    by: str,
    now_ns: int,
    expires_ns: int | None,
    random: Callable[[int], bytes],
) -> tuple[Key, str]:
    """A new key, and its token.

    random : so many bytes that nobody can guess.

    Raises
    ------
    ConfigError  For a name or a site that is none, and for an expiry that is over.
    """
    patterns = tuple(dict.fromkeys(sites))
    if not is_key_name(name):
        raise ConfigError("name", name, NAME_RULE)
    if len(patterns) > MAX_SITE_PATTERNS:
        rule = f"a key names at most {MAX_SITE_PATTERNS}"
        raise ConfigError("sites", len(patterns), rule, "name them with a *: ams-*")
    for pattern in patterns:
        if not is_site_pattern(pattern):
            raise ConfigError("sites", pattern, SITE_RULE)
    if expires_ns is not None and expires_ns <= now_ns:
        raise ConfigError("expires", expires_ns, "lies in the past", "name a time to come")
    key_id = random(ID_BYTES)
    token = key_token(key_id, random(SECRET_BYTES))
    made = Key(
        key_id.hex(), name, digest_of(token), scope, SiteFilter(patterns), now_ns, by, expires_ns
    )
    return made, token


def key_token(key_id: bytes, secret: bytes) -> str:
    """The token of a key, `ptw_<id>_<secret>`; shown once and not kept."""
    return f"ptw_{key_id.hex()}_{secret.hex()}"


def session_token(secret: bytes) -> str:
    """The value of a session's cookie."""
    return f"pts_{secret.hex()}"


def key_id_of(token: str) -> str | None:
    """The id that stands in a token; None when it is none."""
    match = _TOKEN.fullmatch(token)
    return None if match is None else match[1]


def is_session_token(text: str) -> bool:
    """Whether a text has the form of a session's cookie."""
    return _SESSION.fullmatch(text) is not None


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def is_key_name(name: str) -> bool:
    """Whether a key may be called so."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED_NAMES


def is_site_pattern(pattern: str) -> bool:
    """Whether a text may name sites of a filter."""
    return _SITE.fullmatch(pattern) is not None
