from __future__ import annotations

import ipaddress

import pytest

from podcore.errors import ConfigError
from podtwin.notify.address import Policy, check_url, parse_networks, refusal

OPEN = Policy(loopback=True, allowed=parse_networks(["0.0.0.0/0", "::/0"]))
PLAIN = Policy()


def why(address: str, policy: Policy = PLAIN) -> str | None:
    return refusal(ipaddress.ip_address(address), policy)


@pytest.mark.parametrize("address", ("93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"))
def test_what_is_public_is_open(address: str) -> None:
    assert why(address) is None


@pytest.mark.parametrize(
    "address",
    (
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "168.63.129.16",
        "100.100.100.200",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ),
)
def test_metadata_and_link_local_are_closed_whatever_is_allowed(address: str) -> None:
    assert "never a target" in str(why(address, OPEN))


@pytest.mark.parametrize("address", ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"))
def test_this_machine_is_open_only_while_podtwin_is_bound_to_it(address: str) -> None:
    assert why(address) is None
    assert "open to others" in str(why(address, Policy(loopback=False, allowed=OPEN.allowed)))


@pytest.mark.parametrize(
    "address", ("10.1.2.3", "192.168.0.9", "172.16.5.5", "100.64.0.1", "fd12::9", "::ffff:10.1.2.3")
)
def test_private_nets_are_open_only_when_they_are_named(address: str) -> None:
    reason = str(why(address))
    assert "alerts.allow_targets" in reason
    assert str(ipaddress.ip_address(address)) in reason or "10.1.2.3" in reason
    assert why(address, OPEN) is None


@pytest.mark.parametrize("address", ("0.0.0." + "0", "::", "224.0.0.1", "ff02::1"))
def test_what_is_no_single_host_is_closed(address: str) -> None:
    assert "no single host" in str(why(address, OPEN))


def test_only_the_named_net_is_opened() -> None:
    policy = Policy(allowed=parse_networks(["10.20.0.0/16"]))
    assert why("10.20.3.4", policy) is None
    assert why("10.21.3.4", policy) is not None


@pytest.mark.parametrize("text", ("10.0.0.1/8", "here", "10.0.0.0/33", ""))
def test_what_is_no_net_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"alerts\.allow_targets"):
        parse_networks([text])


@pytest.mark.parametrize(
    "url", ("https://hooks.example.org/a?b=c", "http://127.0.0.1:9000/", "https://[::1]:8443/x")
)
def test_an_address_that_can_be_sent_to_is_kept_as_it_is(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    (
        "ftp://host/",
        "host/path",
        "https://",
        "https://user:secret@host/",
        "https://host:0/",
        "https://host:99999/",
        "https://host/" + "x" * 2_000,
        "https://host/\r\nx: y",
        "https://hôst/ü",
        "https://[::1/",
        "",
    ),
)
def test_what_cannot_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="URL") as refused:
        check_url(url)
    assert "secret" not in str(refused.value)
