"""The InfluxDB that the settings name."""

from __future__ import annotations

from podcore.errors import ConfigError
from podtwin.config.settings import Settings
from podtwin.store.influx_client import InfluxAddress


def influx_address(settings: Settings) -> InfluxAddress | None:
    """Its address; None when history is `embedded`.

    Raises
    ------
    ConfigError  When there is no token, or something else in its place.
    """
    if settings.history == "embedded":
        return None
    influx = settings.influx
    if influx.token is None:
        rule = f"history is `{settings.history}`, and InfluxDB wants a token"
        raise ConfigError("influx.token", None, rule, "set PODTWIN_INFLUX__TOKEN_FILE to its file")
    token = influx.token.get_secret_value()
    if not (token.isascii() and token.isprintable() and " " not in token):
        # The client would say so with the token in its message.
        rule = "a token is one word without blanks and line ends"
        raise ConfigError("influx.token", None, rule, "leave nothing else in its file")
    return InfluxAddress(influx.url, influx.org, influx.bucket, token)
