"""A proxy before a real InfluxDB that makes it slow, silent, or answer with an error.

What it answers itself never reaches the server; all else does, and the answer is the server's.
"""

from __future__ import annotations

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import httpx

from podtwin.store.influx_client import InfluxAddress


class FaultProxy:
    """Counts answers by status in `answered`.

    delay_s : before each request is passed on.
    refuse : status and headers of what is answered instead, None to pass on.
    most_bytes : larger requests are answered 413, None takes all.
    silent : closes the connection without an answer.
    """

    def __init__(self, server: InfluxAddress) -> None:
        self._server = server
        self.delay_s = 0.0
        self.refuse: tuple[int, dict[str, str]] | None = None
        self.most_bytes: int | None = None
        self.silent = False
        self.answered: Counter[int] = Counter()
        self._pause = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def address(self) -> InfluxAddress:
        """The server's, by way of the proxy."""
        there = self._server
        url = f"http://127.0.0.1:{self._http.server_port}"
        return InfluxAddress(url, there.org, there.bucket, there.token)

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pause.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes] | None:
        """What a request is answered; None is silence."""
        if self.silent:
            return None
        if self.refuse is not None:
            return self.refuse[0], self.refuse[1], b'{"code":"fault","message":"injected"}'
        if self.most_bytes is not None and len(body) > self.most_bytes:
            return 413, {}, b'{"code":"request too large","message":"injected"}'
        if self.delay_s:
            self._pause.wait(self.delay_s)
        kept = {name: headers[name] for name in headers if name.lower() not in _OF_THE_HOP}
        there = httpx.request(
            method, self._server.url + path, headers=kept, content=body, timeout=60.0
        )
        more = {"Content-Type": there.headers.get("content-type", "text/plain")}
        return there.status_code, more, there.content

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    answer = proxy.answer(self.command, self.path, dict(self.headers), body)
                except httpx.HTTPError:
                    answer = None  # the server is away: the caller sees a connection that ends
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, text = answer
                proxy.answered[status] += 1
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != httpx.codes.NO_CONTENT:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if status != httpx.codes.NO_CONTENT:
                    self.wfile.write(text)

            do_GET = do_POST = _pass  # noqa: N815 - the names are http.server's

            def log_message(self, *_: object) -> None:
                pass

        return Handler


_OF_THE_HOP = frozenset({"host", "connection", "content-length", "accept-encoding"})
