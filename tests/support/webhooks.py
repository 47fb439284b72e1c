"""Endpoints that behave in a named way: in memory for the worker, real servers for the sender."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from podcore.outbox import Endpoint
from podtwin.alerts.delivery import Answer
from podtwin.notify.sender import Sent
from podtwin.notify.signing import make_secret

SECRET = make_secret(bytes(range(32)))


def an_endpoint(
    name: str = "ops", url: str = "http://127.0.0.1:9/", created_ns: int = 1
) -> Endpoint:
    return Endpoint(f"ep_{name}", url, SECRET, enabled=True, created_ns=created_ns, name=name)


class ScriptedSender:
    """Answers as told, by URL; remembers what was accepted, in order."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, str, bytes]] = []
        self.tried: list[tuple[str, str]] = []
        self._answers: dict[str, Callable[[], Answer]] = {}

    def script(self, url: str, answer: Callable[[], Answer]) -> None:
        self._answers[url] = answer

    def send(self, url: str, secret: str, message: str, body: bytes) -> Sent:
        answer = self._answers.get(url, lambda: Answer(204))()
        self.tried.append((url, message))
        if answer.status is not None and answer.status < 300:
            self.accepted.append((url, message, body))
        return Sent(answer, {"webhook-id": message}, b"said", "127.0.0.1", 1.0)


def at_once(send: Callable[[], Sent]) -> Future[Sent]:
    """Sends here and now."""
    future: Future[Sent] = Future()
    future.set_result(send())
    return future


class Held:
    """Sends that wait until the test lets them go."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Sent], Future[Sent]]] = []

    def submit(self, send: Callable[[], Sent]) -> Future[Sent]:
        future: Future[Sent] = Future()
        self.waiting.append((send, future))
        return future

    def let_go(self) -> None:
        waiting, self.waiting = self.waiting, []
        for send, future in waiting:
            future.set_result(send())


@contextmanager
def serving(answer: bytes | None) -> Iterator[tuple[int, list[bytes]]]:
    """A server that reads a request and says these bytes; None reads and says nothing.

    Gives its port and what was asked.
    """
    asked: list[bytes] = []
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, answer, asked, ended), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], asked
        finally:
            ended.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5.0)


def _serve(
    server: socket.socket, answer: bytes | None, asked: list[bytes], ended: threading.Event
) -> None:
    while not ended.is_set():
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            asked.append(_request(connection))
            if answer is None:
                ended.wait(30.0)
            else:
                connection.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    """A whole request: one that is answered half read would be reset before it is read."""
    read = b""
    while part := connection.recv(65_536):
        read += part
        head, end, body = read.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: ([0-9]+)", head, re.IGNORECASE)
        if end and len(body) >= (int(length[1]) if length else 0):
            break
    return read
