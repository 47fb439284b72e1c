"""A server on the loopback that answers writes as InfluxDB does, or as a test tells it to."""

from __future__ import annotations

import gzip
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from podtwin.store.influx_client import InfluxAddress

GOOD = 204


@dataclass(frozen=True)
class Reply:
    """An answer. `body` is the message of an InfluxDB, or all of it when `plain`."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    plain: bool = False


class FakeInflux:
    """Takes lines of gzipped requests; `lines` holds those answered 204, in order.

    replies : given first, one a request.
    judge : what is answered to the lines of a request then; None takes them.
    silent : while set, a request gets no answer at all.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.requests: list[list[str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.paths: list[str] = []
        self.replies: deque[Reply] = deque()
        self.judge: Callable[[Sequence[str]], Reply | None] = lambda _: None
        self.silent = threading.Event()
        self.let_go = threading.Event()
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def address(self) -> InfluxAddress:
        return InfluxAddress(
            f"http://127.0.0.1:{self._server.server_port}", "acme", "twin", "secret"
        )

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """What a request is answered."""
        lines = gzip.decompress(body).decode().splitlines()
        with self._lock:
            self.paths.append(path)
            self.headers.append(headers)
            self.requests.append(lines)
            reply = self.replies.popleft() if self.replies else self.judge(lines)
            if reply is None:
                self.lines += lines
        return reply or Reply(GOOD)

    def _enter(self, change: int) -> None:
        with self._lock:
            self._at_once += change
            self.most_at_once = max(self.most_at_once, self._at_once)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        influx = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                influx._enter(1)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if influx.silent.is_set():
                    influx.let_go.wait(30.0)
                    self.close_connection = True
                    return
                reply = influx.take(self.path, dict(self.headers), body)
                influx._enter(-1)
                text = reply.body
                if text and not reply.plain:
                    text = json.dumps({"code": "invalid", "message": text})
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != GOOD:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if reply.status != GOOD:
                    self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def conflict(lines: Sequence[str], measurement: str, name: str) -> Reply | None:
    """As InfluxDB answers where a field is an integer already: all but those lines are stored."""
    bad = [
        line
        for line in lines
        if line.startswith(f"{measurement},") and f",{name}=" in "," + line.split(" ")[-2]
    ]
    text = (
        "failure writing points to database: partial write: field type conflict: input field"
        f' "{name}" on measurement "{measurement}" is type float, already exists as type integer'
        f" dropped={len(bad)}"
    )
    return Reply(422, text) if bad else None


def too_old(lines: Sequence[str], bound_s: int, bound: str) -> Reply | None:
    """As InfluxDB answers where lines are older than what the bucket keeps."""
    bad = [line for line in lines if int(line.split(" ")[-1]) < bound_s * 10**9]
    text = (
        f"failure writing points to database: partial write: dropped {len(bad)} points outside"
        " retention policy of duration 720h0m0s - oldest point m,site=x at 2022-04-15T05:20:00Z"
        f" dropped because it violates a Retention Policy Lower Bound at {bound}.242016388Z,"
        " newest point m,site=x at 2022-04-15T05:20:00Z dropped because it violates a Retention"
        f" Policy Lower Bound at {bound}.242016388Z dropped={len(bad)} for database: c9 for"
        " retention policy: autogen"
    )
    return Reply(422, text) if bad else None
