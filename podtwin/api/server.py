"""ApiServer: the role `api`, a web server in a thread with an event loop of its own.

The signals stay with the main thread; the server is told to end by `drain` and `stop`.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import cast

import structlog
import uvicorn

from podcore.errors import ConfigError
from podcore.role import Health, RoleState
from podtwin.api.app import create_app
from podtwin.api.connection import Connection
from podtwin.api.deps import ApiDeps
from podtwin.api.security import require_keys

BACKLOG = 128  # connections that wait to be taken, as the kernel's own default before 2019
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - bound with keys alone
GONE_MS = 60_000  # a network that is away for a minute; then a page begins anew
END_S = 2.0  # what answers in hand get when the server stops

_log = structlog.get_logger(__name__)


class ApiServer:
    """The API on a port.

    Parameters
    ----------
    host : this machine alone, or with keys any address.
    port : 0 takes a free one; `port` says which, after the start.

    Raises
    ------
    ConfigError  When others could reach it and no key is asked for.
    """

    def __init__(self, deps: ApiDeps, *, host: str = "127.0.0.1", port: int = 8080) -> None:
        require_keys(host, required=deps.access.required)
        self._hub, self._clock = deps.hub, deps.clock
        self._host, self._port = host, port
        app = create_app(deps)
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_counted(app.state.context.door.attempts.count),
                access_log=False,
                log_config=None,
                lifespan="off",
                loop="asyncio",
                server_header=False,
                # Else uvicorn believes whatever a program on this machine says of its callers.
                proxy_headers=bool(deps.access.trusted_proxies),
                forwarded_allow_ips=list(deps.access.trusted_proxies),
                ws="none",
                backlog=BACKLOG,
                timeout_graceful_shutdown=int(END_S),
            )
        )
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._failure = ""

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    @property
    def url(self) -> str:
        """Where a browser of this machine finds the page."""
        name = _EVERYWHERE.get(self._host, self._host)
        host = f"[{name}]" if ":" in name else name
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Takes the port, loads the newest values, answers; returns when it does.

        Raises
        ------
        ConfigError  When the port cannot be taken.
        RuntimeError  When the newest values cannot be loaded, or the server ends at once.
        """
        listener = _listen(self._host, self._port)
        try:
            self._hub.start()
        except RuntimeError:
            listener.close()
            raise
        self._port = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listener,), name="api", daemon=True)
        self._thread.start()
        self._server.begun.wait()
        if self._failure:
            raise RuntimeError(f"the API server ended at once: {self._failure}")
        _log.info("api_started", url=self.url)

    def drain(self, deadline_s: float) -> None:
        """Says it is not ready, ends the streams, and waits for them at most so long."""
        self._hub.end()
        self._hub.wait_for_no_clients(deadline_s)

    def stop(self) -> None:
        """Ends both threads; safe to call twice."""
        self._stopped = True
        self._hub.end()
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(END_S + 1.0)
        self._hub.stop()

    def health(self) -> Health:
        """Failed when one of its threads has ended by itself."""
        if self._failure or self._hub.failure:
            return Health("api", RoleState.FAILED, self._failure or self._hub.failure, ready=False)
        if self._stopped or self._thread is None:
            return Health("api", RoleState.STOPPED, ready=False)
        return Health("api", RoleState.RUNNING, self.url, ready=not self._hub.ended)

    def _run(self, listener: socket.socket) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._server.serve(sockets=[listener]))
            if not self._stopped:
                self._failure = "the server ended by itself"
        except Exception as error:
            # The top of the thread: reported as failed, and the supervisor ends the process.
            self._failure = f"{type(error).__name__}: {error}"
            raise
        finally:
            listener.close()
            self._server.begun.set()


def _counted(count: Callable[[str], None]) -> type[asyncio.Protocol]:
    # The library calls it as it would the class; a part of a call is no class for the types alone.
    return cast("type[asyncio.Protocol]", partial(Connection, count=count))


class _Server(uvicorn.Server):
    """Says when it takes connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.begun.set()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio does not switch Nagle's algorithm off: 40 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Inherited by each connection: who takes nothing of an answer for so long has left.
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)
        # Listen here: two sockets may be bound to a port, and only the second `listen` fails.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _refused(host, port, error) from None
    listener.set_inheritable(False)
    return listener


def _refused(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        rule = f"another program listens on it at {host}"
        return ConfigError("--port", port, rule, "end that program, or take a free one: --port 0")
    if error.errno == errno.EACCES:
        return ConfigError("--port", port, "ports below 1024 are the system's", "take 8080")
    return ConfigError("--host", host, f"cannot be listened on: {error.strerror}", "take 127.0.0.1")
