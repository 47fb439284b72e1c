"""A receiver for trying webhooks: verifies what comes, answers, and hands it on.

Meant for a terminal and for the demo, on this machine alone; what receives for good stands
elsewhere. It does what every receiver must: check the signature over the body as it came, and
take a message that comes again under the same id once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from podcore.clock import NS
from podcore.ports import Clock
from podtwin.alerts.event import MAX_BODY_BYTES
from podtwin.notify.signing import Verdict, verify

HOST = "127.0.0.1"
_NO_CONTENT, _BAD_REQUEST, _UNAUTHORIZED, _TOO_LARGE = 204, 400, 401, 413
_IDLE_S = 10.0  # of a connection that says nothing
MAX_IDS = 10_000  # remembered, to know what came again; a day of alerts of a large fleet


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came. again : it came before under the same id."""

    id: str
    verdict: Verdict
    again: bool
    body: bytes


class Receiver:
    """Listens on this machine; `handle` is called from the threads of connections, one at a time.

    answer : the status to answer a verified message with, for trying what is not well.
    """

    def __init__(
        self, port: int, secret: str, clock: Clock, handle: Callable[[Received], None],
        *, answer: int = _NO_CONTENT,
    ) -> None:  # fmt: skip
        self.secret = secret
        self.answer = answer
        self._clock = clock
        self._handle = handle
        self._lock = threading.Lock()
        self._seen: dict[str, None] = {}
        self._server = ThreadingHTTPServer((HOST, port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="receiver", daemon=True
        )

    @property
    def url(self) -> str:
        """What an endpoint is added with."""
        return f"http://{HOST}:{self._server.server_port}/"

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; safe before the start."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """The status that a message is answered with."""
        verdict = verify(self.secret, headers, body, self._clock.now_ns() / NS)
        message = headers.get("webhook-id", "")
        with self._lock:
            again = message in self._seen
            if verdict is Verdict.VERIFIED and self.answer == _NO_CONTENT:
                self._remember(message)
            self._handle(Received(message, verdict, again, body))
        if verdict is Verdict.VERIFIED:
            return self.answer
        return _UNAUTHORIZED if verdict is Verdict.SIGNATURE_WRONG else _BAD_REQUEST

    def _remember(self, message: str) -> None:
        self._seen[message] = None
        if len(self._seen) > MAX_IDS:
            del self._seen[next(iter(self._seen))]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        timeout = _IDLE_S

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
                self._say(_TOO_LARGE)
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._say(receiver.take(headers, body))

        def _say(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            """Nothing: what came is handed on."""

    return Handler
