"""Against real servers, each of which misbehaves in its own way."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support.frames import NS
from support.manual_clock import ManualClock
from support.webhooks import SECRET, serving

from podcore.clock import SystemClock
from podtwin.alerts.delivery import DeliveryEvent, decide
from podtwin.notify import sender as sending
from podtwin.notify.address import Policy, parse_networks
from podtwin.notify.sender import MAX_ANSWER_BYTES, HttpSender, Sent
from podtwin.notify.signing import Verdict, verify

CLOCK = SystemClock()


@pytest.fixture
def sender() -> Iterator[HttpSender]:
    made = HttpSender(Policy(), CLOCK)
    yield made
    made.close()


def send(sender: HttpSender, url: str) -> Sent:
    return sender.send(url, SECRET, "msg_1", b'{"type":"podtwin.test"}')


def answered(sender: HttpSender, answer: bytes | None) -> Sent:
    with serving(answer) as (port, _):
        return send(sender, f"http://127.0.0.1:{port}/")


def http(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_what_arrives_can_be_verified(sender: HttpSender) -> None:
    with serving(http("204 No Content")) as (port, asked):
        sent = send(sender, f"http://127.0.0.1:{port}/hook?x=1")
    head, _, body = asked[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    carried = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
    assert first == "POST /hook?x=1 HTTP/1.1"
    assert carried["content-type"] == "application/json"
    assert verify(SECRET, carried, body, CLOCK.now_ns() / 1e9) is Verdict.VERIFIED
    assert (sent.answer.status, sent.address) == (204, "127.0.0.1")
    assert sent.request_headers["webhook-id"] == "msg_1"
    assert SECRET not in str(sent.request_headers)


@pytest.mark.parametrize("status", (200, 400, 410, 429, 500))
def test_the_status_and_the_beginning_of_the_answer_are_kept(
    sender: HttpSender, status: int
) -> None:
    sent = answered(sender, http(f"{status} X", body=b"why" + b"x" * 5_000))
    assert sent.answer.status == status
    assert sent.body == (b"why" + b"x" * 5_000)[:MAX_ANSWER_BYTES]


def test_what_the_receiver_asks_to_wait_is_read(sender: HttpSender) -> None:
    sent = answered(sender, http("429 Slow", "retry-after: 17"))
    assert sent.answer.retry_after_s == 17.0


@pytest.mark.parametrize(
    ("dates", "seconds"),
    (
        (("date: Wed, 21 Oct 2026 07:27:00 GMT",), 60.0),
        ((), 120.0),
        (("date: never",), 120.0),
    ),
)
def test_a_time_that_the_receiver_names_counts_from_its_own_date(
    dates: tuple[str, ...], seconds: float
) -> None:
    clock = ManualClock(int(datetime(2026, 10, 21, 7, 26, tzinfo=UTC).timestamp()) * NS)
    sender = HttpSender(Policy(), clock)
    asked = "retry-after: Wed, 21 Oct 2026 07:28:00 GMT"
    sent = answered(sender, http("503 Later", asked, *dates))
    sender.close()
    assert sent.answer.retry_after_s == seconds


def test_a_redirect_is_not_followed(sender: HttpSender) -> None:
    with serving(http("200 OK")) as (port, asked):
        sent = answered(sender, http("302 Found", f"location: http://127.0.0.1:{port}/"))
    assert sent.answer.status == 302
    assert asked == []


def test_an_answer_that_unpacks_to_much_stays_packed(sender: HttpSender) -> None:
    sent = answered(sender, http("200 OK", "content-encoding: gzip", body=b"\x1f\x8b" + b"0" * 99))
    assert sent.answer.status == 200


@pytest.mark.parametrize(
    "answer", (b"\x00\xffgarbage\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"", b"HTTP/9")
)
def test_garbage_is_no_answer_and_is_tried_again(sender: HttpSender, answer: bytes) -> None:
    sent = answered(sender, answer)
    assert sent.answer.status is None
    assert sent.answer.failure.startswith("no_http")
    assert decide(sent.answer, 1, 0.0, 0.5).event is DeliveryEvent.FAILED


def test_one_that_hangs_is_left_after_a_while(
    sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "READ_S", 0.2)
    assert answered(sender, None).answer.failure == "timeout"


def test_an_answer_that_never_ends_counts_by_its_status(
    sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "READ_S", 0.2)
    unfinished = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nhalf"
    assert answered(sender, unfinished).answer.status == 200


def test_a_port_that_nobody_listens_on_is_named(sender: HttpSender) -> None:
    with serving(b"") as (port, _):
        pass
    sent = send(sender, f"http://127.0.0.1:{port}/")
    assert sent.answer.failure.startswith("connect: ")
    assert not sent.answer.final


def test_an_unknown_host_is_named_and_tried_again(sender: HttpSender) -> None:
    sent = send(sender, "http://no-such-host.invalid/")
    assert sent.answer.failure.startswith("host_unknown: no-such-host.invalid")
    assert decide(sent.answer, 1, 0.0, 0.5).event is DeliveryEvent.FAILED


@pytest.mark.parametrize(
    ("url", "word"),
    (
        ("http://169.254.169.254/latest/meta-data", "metadata"),
        ("http://[fe80::1]/", "link-local"),
        ("http://10.0.0.1/", "alerts.allow_targets"),
        ("http://[::ffff:10.0.0.1]/", "alerts.allow_targets"),
    ),
)
def test_a_closed_target_is_named_and_not_tried_again(
    sender: HttpSender, url: str, word: str
) -> None:
    decision = decide(send(sender, url).answer, 1, 0.0, 0.5)
    assert decision.event is DeliveryEvent.GAVE_UP
    assert word in decision.reason


def test_this_machine_is_no_target_of_one_that_is_open_to_others() -> None:
    sender = HttpSender(Policy(loopback=False, allowed=parse_networks(["127.0.0.0/8"])), CLOCK)
    with serving(http("200 OK")) as (port, asked):
        sent = send(sender, f"http://127.0.0.1:{port}/")
    assert "this machine" in sent.answer.failure
    assert asked == []


class _Patient(HTTPServer):
    """Says nothing about clients that hang up, which is the point here."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def over_tls(folder: Path, name: str) -> Iterator[int]:
    """A server whose certificate was signed by itself, for another name."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "1", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = _Patient(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_certificate_that_does_not_hold_is_named(tmp_path: Path, sender: HttpSender) -> None:
    with over_tls(tmp_path, "another.example") as port:
        sent = send(sender, f"https://127.0.0.1:{port}/")
    assert sent.answer.failure == "certificate: self-signed certificate"
    assert decide(sent.answer, 1, 0.0, 0.5).event is DeliveryEvent.FAILED


def test_a_certificate_of_another_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with over_tls(tmp_path, "another.example") as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        sent = send(HttpSender(Policy(), CLOCK), f"https://localhost:{port}/")
    assert sent.answer.failure.startswith("certificate: ")
    assert "localhost" in sent.answer.failure
