from __future__ import annotations

import httpx
import pytest
from support.webhooks import serving

from podtwin.notify.address import Policy, parse_networks
from podtwin.notify.transport import CheckedTransport, TargetRefused, check_target, resolve

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Recording(httpx.BaseTransport):
    """Remembers where it was sent; some addresses take no connection."""

    def __init__(self, *dead: str) -> None:
        self.requests: list[httpx.Request] = []
        self._dead = dead

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host in self._dead:
            raise httpx.ConnectError("refused")
        return httpx.Response(204)


def sent(inner: Recording, *addresses: str, url: str = "https://hooks.example.org/a?b=c") -> int:
    transport = CheckedTransport(Policy(), inner, lambda _host, _port: addresses)
    return transport.handle_request(httpx.Request("POST", url, content=b"{}")).status_code


def test_the_connection_goes_to_the_judged_address_under_the_endpoints_own_name() -> None:
    inner = Recording()
    assert sent(inner, "93.184.216.34") == 204
    request = inner.requests[0]
    assert str(request.url) == "https://93.184.216.34/a?b=c"
    assert request.headers["host"] == "hooks.example.org"
    assert request.extensions["sni_hostname"] == "hooks.example.org"
    assert request.read() == b"{}"


def test_an_ipv6_address_stands_in_brackets() -> None:
    inner = Recording()
    sent(inner, "2606:2800:220:1::1", url="https://hooks.example.org:8443/")
    assert str(inner.requests[0].url) == "https://[2606:2800:220:1::1]:8443/"


def test_the_next_address_is_tried_when_one_takes_no_connection() -> None:
    inner = Recording("2606:2800:220:1::1")
    assert sent(inner, "2606:2800:220:1::1", "93.184.216.34") == 204
    with pytest.raises(httpx.ConnectError):
        sent(Recording("93.184.216.34"), "93.184.216.34")


def test_one_closed_address_closes_the_name() -> None:
    inner = Recording()
    with pytest.raises(TargetRefused, match=r"169\.254\.169\.254"):
        sent(inner, "93.184.216.34", "169.254.169.254")
    assert inner.requests == []


def test_a_name_that_changes_its_address_is_judged_each_time() -> None:
    inner, answers = Recording(), iter((["93.184.216.34"], ["10.0.0.1"]))
    transport = CheckedTransport(Policy(), inner, lambda _host, _port: next(answers))
    request = httpx.Request("POST", "http://hooks.example.org/")
    assert transport.handle_request(request).status_code == 204
    with pytest.raises(TargetRefused, match=r"10\.0\.0\.1 is private"):
        transport.handle_request(request)


def test_a_name_without_an_address_is_unknown() -> None:
    with pytest.raises(httpx.ConnectError, match="host_unknown"):
        sent(Recording())
    with pytest.raises(httpx.ConnectError, match="host_unknown"):
        resolve("no-such-host.invalid", 80)


@pytest.mark.parametrize("url", ("http://2130706433/", "http://0x7f.1/", "http://127.1/"))
def test_other_ways_to_write_an_address_are_judged_as_what_they_are(url: str) -> None:
    closed = Policy(loopback=False, allowed=parse_networks(["0.0.0.0/0"]))
    with pytest.raises(TargetRefused, match="this machine"):
        check_target(httpx.URL(url), closed)


def test_a_real_connection_carries_the_name() -> None:
    with serving(OK) as (port, asked):
        inner = httpx.HTTPTransport()
        transport = CheckedTransport(Policy(), inner, lambda _host, _port: ["127.0.0.1"])
        request = httpx.Request("POST", f"http://hooks.example.org:{port}/", content=b"{}")
        assert transport.handle_request(request).status_code == 204
        transport.close()
    assert f"Host: hooks.example.org:{port}".encode() in asked[0]
