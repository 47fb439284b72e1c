"""The guard around the app: who may ask, what every answer carries, and what no answer tells.

Bound to loopback no key is asked for, so the two ways in for a foreign web page have to be
closed here: a name that it points at 127.0.0.1 (Host is checked) and a form that it submits
(Origin is checked on everything that writes).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podcore.errors import ConfigError, shorten
from podtwin.api.problem import ProblemError, problem_response

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
BINDABLE = frozenset({"localhost", "127.0.0.1", "::1"})
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

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


def require_loopback(host: str) -> None:
    """Refuses to listen where others could reach an API that asks for no key.

    Raises
    ------
    ConfigError  When `host` is not this machine alone.
    """
    if host not in BINDABLE:
        raise ConfigError(
            "--host",
            host,
            "without keys the API answers on this machine alone",
            "bind 127.0.0.1 and come through a tunnel: ssh -L 8080:127.0.0.1:8080 HOST",
        )


def refusal(method: str, headers: Headers) -> ProblemError | None:
    """Why a request is not answered at all, or None."""
    host = headers.get("host", "")
    if _host_name(host) not in LOCAL_HOSTS:
        rule = "the API is bound to this machine: call it as localhost, 127.0.0.1 or [::1]"
        return ProblemError(421, "foreign_host", f"Host is {shorten(host)}: {rule}")
    origin = headers.get("origin")
    own = (f"http://{host}", f"https://{host}")
    if method not in READING_METHODS and origin is not None and origin not in own:
        rule = "only pages that this server sent may change anything"
        return ProblemError(403, "foreign_origin", f"Origin is {shorten(origin)}: {rule}")
    return None


class Guard:
    """Our outermost layer: refusals, security headers, and a 500 that tells an id alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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

        refused = refusal(scope["method"], Headers(scope=scope))
        if refused is not None:
            await problem_response(refused, scope["path"])(scope, receive, guarded)
            return
        try:
            await self._app(scope, receive, guarded)
        except Exception:
            # The one broad handler of this thread: log, answer, go on with the next request.
            error_id = secrets.token_hex(8)
            _log.exception("request_failed", id=error_id, method=scope["method"])
            if started:  # a cut connection, so that half an answer does not look like a whole one
                raise
            detail = f"an error of our own; the log has it as {error_id}"
            failed = ProblemError(500, "internal", detail, fields={"id": error_id})
            await problem_response(failed, scope["path"])(scope, receive, guarded)


def _add_headers(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")


def _host_name(host: str) -> str:
    if host.startswith("["):
        name, bracket, port = host.partition("]")
        name, port = name + bracket, port.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    return name.lower() if port == "" or (port.isascii() and port.isdigit()) else ""
