"""Where a message may go: decided on the address that is connected to, not on its name.

A name can be made to resolve to anything at any time (DNS rebinding), so a name is never
trusted: each attempt resolves it, every address found is judged, and the connection goes to a
judged address. Metadata services of clouds hand out credentials to whoever asks and are closed
whatever the settings say, as is all that is link-local.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from podcore.errors import ConfigError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL = 2_000
_SCHEMES = frozenset({"http", "https"})
# What is not link-local already: Azure's platform, Alibaba's metadata, those of AWS by IPv6.
_METADATA: frozenset[Address] = frozenset(
    map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254"))
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Policy:
    """Which addresses are open.

    loopback : this machine, while the API is bound to it alone.
    allowed : private nets that the operator named.
    """

    loopback: bool = True
    allowed: tuple[Network, ...] = ()


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The nets of `alerts.allow_targets`.

    Raises
    ------
    ConfigError  For one that is no CIDR.
    """
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError as error:
            way_out = "write it as 10.20.0.0/16 or fd12::/48"
            raise ConfigError("alerts.allow_targets", text, str(error), way_out) from None
    return tuple(found)


def check_url(url: str) -> str:
    """The URL of an endpoint, as it is kept.

    Raises
    ------
    ConfigError  When it is none that a message could be sent to.
    """
    way_out = "write it as https://host/path"
    try:
        parts = urlsplit(url)
        port = parts.port
        httpx.URL(url)  # what sends it is stricter about hosts
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigError("URL", url, f"is no address: {error}", way_out) from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ConfigError("URL", url, "an endpoint is an http or https address", way_out)
    if parts.username is not None or parts.password is not None:
        rule = "holds a user name or password, which would stand in every log"
        raise ConfigError("URL", parts.hostname, rule, "messages are signed instead")
    if port == 0 or len(url) > MAX_URL or not url.isascii() or not url.isprintable():
        rule = f"an address is at most {MAX_URL} printable ASCII characters, its port above 0"
        raise ConfigError("URL", url, rule, way_out)
    return url


def refusal(address: Address, policy: Policy) -> str | None:
    """Why nothing is sent to an address, or None. The words name the address and the way out."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return refusal(address.ipv4_mapped, policy)
    for each in (address, *_inside(address)):
        reason = _refusal(each, policy)
        if reason is not None:
            return f"target_refused: {address} {reason}"
    return None


def _refusal(address: Address, policy: Policy) -> str | None:
    if address.is_link_local or address in _METADATA:
        return "is link-local or a metadata service, which is never a target"
    if address.is_loopback:
        return None if policy.loopback else "is this machine, and PodTwin is open to others"
    if address.is_unspecified or address.is_multicast:
        return "is no single host"
    if any(address in net for net in policy.allowed):
        return None
    if not address.is_global:
        return f"is private; to allow it add {address} or its net to alerts.allow_targets"
    return None


def _inside(address: Address) -> list[Address]:
    """IPv4 addresses that an IPv6 one leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return [each for each in found if each is not None]
