"""Door: who a request comes from, or the problem that it is refused with.

Bound to this machine alone no key is asked for. The two ways in for a foreign web page are then
closed by the names that a browser sends: a name that was pointed at 127.0.0.1 (Host), and a form
that another page submits (Origin). With keys any Host will do, since no foreign page has one:
the cookie is SameSite=Strict, and a change by cookie also needs a header that no form can send.
"""

from __future__ import annotations

from http.cookies import CookieError
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope as Connection

from podcore.access import digest_of, is_session_token, key_id_of
from podcore.errors import shorten
from podcore.ports import Clock
from podtwin.api.attempts import MAX_FAILED, Attempts
from podtwin.api.authorize import (
    LOCAL,
    NOBODY,
    READING_METHODS,
    Asked,
    Caller,
    Proof,
    Reason,
    Refused,
)
from podtwin.api.deps import Access, KeyBook
from podtwin.api.keyring import Keyring
from podtwin.api.problem import ProblemError
from podtwin.api.scopes import READ, Need, NeedTable

COOKIE: Final = "podtwin_session"
HEADER: Final = "X-PodTwin"
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
MAX_TOLD: Final = 1_024  # ended keys that were told of; then they are told of again

_CHALLENGE: Final = 'Bearer realm="PodTwin"'
_log = structlog.get_logger(__name__)


class Door:
    """Lets requests in by what they show."""

    def __init__(self, keys: KeyBook, access: Access, clock: Clock) -> None:
        self.access, self._clock = access, clock
        self.keyring = Keyring(keys, clock)
        self.attempts = Attempts()
        self._needs = NeedTable()
        self._told: set[tuple[str, Reason]] = set()

    async def admit(self, connection: Connection) -> Caller:
        """Who asks.

        Raises
        ------
        ProblemError  When the request is not answered.
        """
        headers, method = Headers(scope=connection), str(connection["method"])
        refused = refusal(method, headers, any_host=self.access.required)
        if refused is not None:
            raise refused
        if not self.access.required:
            return LOCAL
        need = self._needs.find(method, connection["path"])
        if need is None:
            return NOBODY
        return await self.show(_asked(method, need, headers), address_of(connection))

    async def try_key(self, token: str, address: str) -> Caller:
        """Whose key it is that somebody logs in with.

        Raises
        ------
        ProblemError  When it opens nothing.
        """
        return await self.show(_with_key("GET", READ, token), address)

    async def show(self, asked: Asked, address: str) -> Caller:
        """Who shows it.

        Raises
        ------
        ProblemError  When it opens nothing, or not this.
        """
        now_s = self._clock.monotonic_s()
        if asked.proof is Proof.KEY and not self.keyring.knows(asked.digest):
            wait_s = self.attempts.wait_s(address, now_s)
            if wait_s:
                self.attempts.count(Reason.TOO_MANY)
                raise _slowed_down(wait_s)
        decision = await self.keyring.decide(asked)
        if isinstance(decision, Caller):
            return decision
        self.attempts.count(decision.reason)
        self._tell(decision, address, now_s)
        raise _problem(decision)

    def _tell(self, refused: Refused, address: str, now_s: float) -> None:
        if refused.reason is Reason.UNKNOWN_KEY:
            failed = self.attempts.failed(address, now_s)
            if failed == 1:
                _log.warning("key_refused", reason=refused.reason.value, address=address)
            elif failed == MAX_FAILED:
                _log.warning("address_slowed_down", address=address, wrong_keys=failed)
        elif refused.key is not None and refused.reason in _ENDED:
            about = (refused.key.id, refused.reason)
            if about not in self._told:
                self._told = self._told if len(self._told) < MAX_TOLD else set()
                self._told.add(about)
                name, reason = refused.key.name, refused.reason.value
                _log.warning("key_refused", reason=reason, address=address, key=name)


def refusal(method: str, headers: Headers, *, any_host: bool = False) -> ProblemError | None:
    """Why a request is not answered whoever sends it, or None."""
    host = headers.get("host", "")
    if not any_host and _host_name(host) not in LOCAL_HOSTS:
        rule = "the API is bound to this machine: call it as localhost, 127.0.0.1 or [::1]"
        return ProblemError(421, "foreign_host", f"Host is {shorten(host)}: {rule}")
    origin = headers.get("origin")
    own = (f"http://{host}", f"https://{host}")
    if method not in READING_METHODS and origin is not None and origin not in own:
        rule = "only pages that this server sent may change anything"
        return ProblemError(403, "foreign_origin", f"Origin is {shorten(origin)}: {rule}")
    return None


def address_of(connection: Connection) -> str:
    """Where a request comes from; behind a trusted proxy, what that says."""
    client = connection.get("client")
    return str(client[0]) if client else ""


def _asked(method: str, need: Need, headers: Headers) -> Asked:
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return _with_key(method, need, token.strip())
    cookie = _cookie(headers)
    if cookie is None:
        return Asked(method, need)
    marked = headers.get(HEADER) is not None
    return Asked(method, need, Proof.COOKIE, digest_of(cookie), marked=marked)


def _with_key(method: str, need: Need, token: str) -> Asked:
    return Asked(method, need, Proof.KEY, digest_of(token), key_id_of(token))


def _cookie(headers: Headers) -> str | None:
    try:
        found = cookie_parser("; ".join(headers.getlist("cookie"))).get(COOKIE, "")
    except CookieError:
        return None
    return found if is_session_token(found) else None


_ENDED: Final = frozenset({Reason.KEY_REVOKED, Reason.KEY_EXPIRED})
_WORDS: Final = {
    Reason.NO_KEY: (
        "a key is asked for: send Authorization: Bearer ptw_…, or log in on the page; "
        "`podtwin keys add NAME` makes one on the machine that PodTwin runs on"
    ),
    Reason.UNKNOWN_KEY: (
        "the key is none of this PodTwin's, or not whole; `podtwin keys list` names what there is"
    ),
    Reason.KEY_REVOKED: "the key was revoked; ask whoever runs PodTwin for another",
    Reason.KEY_EXPIRED: "the key has expired; ask whoever runs PodTwin for another",
    Reason.SESSION_OVER: "the session is over; log in again",
    Reason.NO_HEADER: (
        f"a change by cookie carries the header {HEADER}: 1, which no other page can send"
    ),
}


def _problem(refused: Refused) -> ProblemError:
    reason, key, need = refused.reason, refused.key, refused.need
    if reason is Reason.NO_HEADER:
        return ProblemError(403, reason, _WORDS[reason], fields={"header": HEADER})
    if key is not None and reason is Reason.SCOPE:
        needed = need.scope.value
        detail = f"key {key.name!r} allows {key.scope.value}; this needs {needed}"
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{needed}"'
        return ProblemError(
            403, reason, f"{detail}: use a key with that scope",
            fields={"needed": needed, "scope": key.scope.value},
            headers={"WWW-Authenticate": challenge},
        )  # fmt: skip
    if key is not None and reason is Reason.SITES:
        detail = f"key {key.name!r} is limited to {', '.join(key.sites.patterns)}"
        rule = "this tells of all sites and needs a key without such a limit"
        return ProblemError(403, reason, f"{detail}; {rule}")
    shown = "" if reason is Reason.NO_KEY else ', error="invalid_token"'
    headers = {"WWW-Authenticate": _CHALLENGE + shown}
    return ProblemError(401, reason, _WORDS[reason], headers=headers)


def _slowed_down(wait_s: float) -> ProblemError:
    seconds = int(wait_s) + 1
    detail = f"too many wrong keys came from this address; try again in {seconds} s"
    return ProblemError(429, Reason.TOO_MANY, detail, headers={"Retry-After": str(seconds)})


def _host_name(host: str) -> str:
    if host.startswith("["):
        name, bracket, port = host.partition("]")
        name, port = name + bracket, port.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    return name.lower() if port == "" or (port.isascii() and port.isdigit()) else ""
