"""One attempt: sign, send, read what is worth keeping of the answer, and name what went wrong."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx

from podcore.clock import NS
from podcore.ports import Clock
from podcore.retry_after import parse_http_date, parse_retry_after
from podtwin.alerts.delivery import Answer
from podtwin.notify.address import Policy
from podtwin.notify.signing import headers
from podtwin.notify.transport import ADDRESS, CheckedTransport, TargetRefused

MAX_ANSWER_BYTES = 1_024  # of an answer's body: what a person reads to see what was wrong
CONNECT_S = 5.0
READ_S = 10.0  # Standard Webhooks asks receivers to answer within 15 to 30 s; ours are few
WHOLE_S = 20.0  # of an answer that comes in drops


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent and what came back. answer : status, or why there is none."""

    answer: Answer
    request_headers: Mapping[str, str]
    body: bytes
    address: str
    took_ms: float


class Sender(Protocol):
    """Sends one message once."""

    def send(self, url: str, secret: str, message: str, body: bytes) -> Sent:
        """What came of it; never raises for what the other side does."""


class HttpSender:
    """Over HTTP or HTTPS, to addresses that the policy opens; safe from several threads."""

    def __init__(
        self, policy: Policy, clock: Clock, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._clock = clock
        self._transport = transport or CheckedTransport(policy, _inner())

    def send(self, url: str, secret: str, message: str, body: bytes) -> Sent:
        """What came of it; never raises for what the other side does."""
        began_s = self._clock.monotonic_s()
        carried = {
            "content-type": "application/json",
            "user-agent": "podtwin",
            **headers(secret, message, self._clock.now_ns() // NS, body),
        }
        request = httpx.Request(
            "POST", url, headers=carried, content=body,
            extensions={"timeout": httpx.Timeout(READ_S, connect=CONNECT_S).as_dict()},
        )  # fmt: skip
        answer, kept, address = self._ask(request, began_s)
        took_ms = (self._clock.monotonic_s() - began_s) * 1e3
        return Sent(answer, carried, kept, address, took_ms)

    def close(self) -> None:
        """Ends what is open."""
        self._transport.close()

    def _ask(self, request: httpx.Request, began_s: float) -> tuple[Answer, bytes, str]:
        try:
            # No client in between: redirects, cookies, proxies and the environment play no part.
            response = self._transport.handle_request(request)
        except httpx.TransportError as error:
            return _failure(error), b"", ""
        address = str(response.extensions.get(ADDRESS, ""))
        answer = Answer(response.status_code, retry_after_s=self._asked_s(response.headers))
        try:
            return answer, self._first_bytes(response, began_s), address
        except httpx.TransportError:
            return answer, b"", address  # the status is what decides
        finally:
            response.close()

    def _asked_s(self, answered: httpx.Headers) -> float | None:
        """What the answer asks to wait; its date counts from its own, for clocks may differ."""
        said_s = parse_http_date(answered.get("date"))
        now_s = self._clock.now_ns() / NS if said_s is None else said_s
        return parse_retry_after(answered.get("retry-after"), now_s)

    def _first_bytes(self, response: httpx.Response, began_s: float) -> bytes:
        stream = response.stream
        assert isinstance(stream, httpx.SyncByteStream)  # noqa: S101 - the transport is one
        kept = b""
        for part in stream:  # as it came: an answer that unpacks to gigabytes stays packed
            kept += part
            late = self._clock.monotonic_s() - began_s > WHOLE_S
            if late or len(kept) >= MAX_ANSWER_BYTES:
                break
        return kept[:MAX_ANSWER_BYTES]


def _inner() -> httpx.HTTPTransport:
    # Connections are not kept: an address that was judged an hour ago is not judged.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.HTTPTransport(verify=httpx.create_ssl_context(), limits=limits, retries=0)


def _failure(error: httpx.TransportError) -> Answer:
    """Why there is no answer, in a word or a sentence."""
    if isinstance(error, TargetRefused):
        return Answer(None, str(error), final=True)
    certificate = _certificate(error)
    if certificate is not None:
        return Answer(None, f"certificate: {certificate}")
    if isinstance(error, httpx.ConnectTimeout):
        return Answer(None, "connect_timeout")
    if isinstance(error, httpx.TimeoutException):
        return Answer(None, "timeout")
    if isinstance(error, httpx.RemoteProtocolError):
        return Answer(None, f"no_http: {error}")
    if isinstance(error, httpx.ConnectError):
        return Answer(None, str(error) if "host_unknown" in str(error) else f"connect: {error}")
    return Answer(None, f"connection: {str(error) or type(error).__name__}")


def _certificate(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or str(error)
        error = error.__cause__ or error.__context__
    return None
