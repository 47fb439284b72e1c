"""The guard around the app: who may ask, what every answer carries, and what no answer tells."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podcore.errors import ConfigError
from podcore.hosts import LOOPBACK_HOSTS
from podtwin.api.door import Door
from podtwin.api.problem import ProblemError, problem_response

MAX_BODY = 65_536  # bytes; a key with 100 patterns of sites is 7 kB
CALLER = "podtwin.caller"  # where a connection's scope holds who asks

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; "
        "script-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_log = structlog.get_logger(__name__)


def require_keys(host: str, *, required: bool) -> None:
    """Refuses to listen where others could reach an API that asks for no key.

    Raises
    ------
    ConfigError  When `host` is not this machine alone and no key is asked for.
    """
    if host not in LOOPBACK_HOSTS and not required:
        raise ConfigError(
            "--host",
            host,
            "without keys the API answers on this machine alone",
            "bind 127.0.0.1 and come through a tunnel: ssh -L 8080:127.0.0.1:8080 HOST",
        )


class Guard:
    """Our outermost layer: refusals, security headers, and a 500 that tells an id alone."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message)
            await send(message)

        try:
            refused = await self._admit(scope)
            if refused is not None:
                await problem_response(refused, scope["path"])(scope, receive, guarded)
                return
            await self._app(scope, _bounded(receive), guarded)
        except Exception:
            # The one broad handler of this thread: log, answer, go on with the next request.
            error_id = secrets.token_hex(8)
            _log.exception("request_failed", id=error_id, method=scope["method"])
            if started:  # a cut connection, so that half an answer does not look like a whole one
                raise
            detail = f"an error of our own; the log has it as {error_id}"
            failed = ProblemError(500, "internal", detail, fields={"id": error_id})
            await problem_response(failed, scope["path"])(scope, receive, guarded)

    async def _admit(self, scope: Scope) -> ProblemError | None:
        try:
            scope[CALLER] = await self._door.admit(scope)
        except ProblemError as refused:
            return refused
        return None


def _bounded(receive: Receive) -> Receive:
    """What comes in, until it is more than any body of ours: it is held whole before it is read."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY:
            detail = f"the body is longer than {MAX_BODY} bytes, which none here has to be"
            raise HTTPException(413, detail, {"Connection": "close"})
        return message

    return bounded


def _add_headers(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
