"""How callers of the API are told apart, by the settings."""

from __future__ import annotations

from podcore.clock import NS
from podcore.errors import ConfigError
from podtwin.api.deps import Access
from podtwin.config.settings import Settings
from podtwin.notify.address import parse_networks


def access_of(settings: Settings) -> Access:
    """Sessions, proxies, and whether this machine's users need a key as well.

    Raises
    ------
    ConfigError  For a proxy that is no address or net.
    """
    http = settings.http
    try:
        parse_networks(http.trusted_proxies)
    except ConfigError as error:
        raise ConfigError("http.trusted_proxies", error.value, error.rule, error.way_out) from None
    return Access(
        required=http.keys == "always",
        session_ns=round(http.session * NS),
        trusted_proxies=http.trusted_proxies,
    )
