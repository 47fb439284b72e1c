"""HTTP to a judged address: resolve, judge every address, connect to one of these.

The request's host becomes the address; the `Host` header, the name in TLS and the name that the
certificate is checked against stay the endpoint's own.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

import httpx

from podtwin.notify.address import Address, Policy, refusal

ADDRESS = "podtwin_address"  # where a response came from, among its extensions
Resolve = Callable[[str, int], Sequence[str]]


class TargetRefused(httpx.TransportError):
    """An address that nothing is sent to; the words name it and the way out."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, each once, in the order of the resolver."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"host_unknown: {host}: {error}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_target(url: httpx.URL, policy: Policy, resolve_host: Resolve = resolve) -> list[Address]:
    """The addresses of a URL, all of them judged.

    Raises
    ------
    TargetRefused  When one is closed: an answer of both kinds is an attempt to slip by.
    httpx.ConnectError  When the host is not known.
    """
    found = [ipaddress.ip_address(text) for text in resolve_host(url.host, _port(url))]
    for address in found:
        reason = refusal(address, policy)
        if reason is not None:
            raise TargetRefused(reason)
    return found


class CheckedTransport(httpx.BaseTransport):
    """Connects to judged addresses alone.

    inner : sends; keeps no connection, so that each attempt is judged anew.
    """

    def __init__(
        self, policy: Policy, inner: httpx.BaseTransport, resolve_host: Resolve = resolve
    ) -> None:
        self._policy = policy
        self._inner = inner
        self._resolve = resolve_host

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends to the first judged address that takes the connection."""
        host = request.url.host
        last: httpx.TransportError = httpx.ConnectError(f"host_unknown: {host} has no address")
        for address in check_target(request.url, self._policy, self._resolve):
            try:
                response = self._inner.handle_request(_to(request, address, host))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                last = error
                continue
            response.extensions[ADDRESS] = str(address)
            return response
        raise last

    def close(self) -> None:
        """Ends the inner one."""
        self._inner.close()


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _to(request: httpx.Request, address: Address, host: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
