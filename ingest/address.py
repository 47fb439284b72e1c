"""Where a broker is, and as whom one speaks to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from podcore.errors import ConfigError
from podcore.names import did_you_mean

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_EXAMPLE = "write it as mqtt://127.0.0.1:1883, or mqtts://user@broker.example:8883"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """An MQTT broker: host, port, whether TLS is spoken, and the account if it asks for one.

    ca_file : PEM file of who vouches for its certificate; None for whom the system trusts.
    cert_file, key_file : PEM files of the certificate that is shown to it, and of its key; None
        for no certificate, and for a key that is in the same file.
    """

    host: str
    port: int = _PORTS["mqtt"]
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @classmethod
    def parse(cls, text: str, place: str = "--broker") -> BrokerAddress:
        """The address in `mqtt://[user[:password]@]host[:port]`, or mqtts for TLS.

        Raises
        ------
        ConfigError  When it is none; the message names the part, never a password.
        """
        parts = urlsplit(text if "://" in text else f"//{text}")
        shown = _without_password(text)
        if not parts.scheme:
            raise ConfigError(place, shown, "a broker address names its protocol", _EXAMPLE)
        if parts.scheme not in _PORTS:
            way_out = f"{did_you_mean(parts.scheme, _PORTS)}; {_EXAMPLE}"
            raise ConfigError(place, shown, "a broker speaks mqtt or mqtts", way_out)
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ConfigError(place, shown, "nothing may follow the port", _EXAMPLE)
        host, port = _host_and_port(parts.netloc, place, shown)
        return cls(
            host=host,
            port=port or _PORTS[parts.scheme],
            tls=parts.scheme == "mqtts",
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    def with_password(self, password: str | None) -> BrokerAddress:
        """The same address with a password that was kept elsewhere, out of the process list."""
        return replace(self, password=password)

    def with_account(self, user: str, password: str | None) -> BrokerAddress:
        """The same address for another account."""
        return replace(self, user=user, password=password)

    def with_ca_file(self, file: Path | None) -> BrokerAddress:
        """The same address, vouched for by others.

        Raises
        ------
        ConfigError  When no TLS is spoken, so that nobody would be asked to vouch.
        """
        if file is not None and not self.tls:
            rule = f"is of no use with {self}, which speaks no TLS"
            raise ConfigError("broker.ca_file", str(file), rule, "write the address as mqtts://")
        return replace(self, ca_file=file)

    def with_certificate(self, cert_file: Path | None, key_file: Path | None) -> BrokerAddress:
        """The same address, to which a certificate is shown.

        Raises
        ------
        ConfigError  When no TLS is spoken, or a key has no certificate.
        """
        if cert_file is None and key_file is not None:
            way_out = "set broker.cert_file to the certificate that it is the key of"
            raise ConfigError("broker.key_file", str(key_file), "has no certificate", way_out)
        if cert_file is not None and not self.tls:
            rule = f"is of no use with {self}, which speaks no TLS"
            raise ConfigError(
                "broker.cert_file", str(cert_file), rule, "write the address as mqtts://"
            )
        return replace(self, cert_file=cert_file, key_file=key_file)

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{user}{host}:{self.port}"


def _host_and_port(netloc: str, place: str, shown: str) -> tuple[str, int | None]:
    # Taken apart once more: urlsplit puts what it refuses, a password perhaps, into its message.
    parts = urlsplit(f"//{netloc.rpartition('@')[2]}")
    try:
        port = parts.port
    except ValueError:
        rule = "a port is a number from 1 to 65535"
        raise ConfigError(place, shown, rule, _EXAMPLE) from None
    if not parts.hostname:
        raise ConfigError(place, shown, "a broker address names a host", _EXAMPLE)
    if port == 0:
        raise ConfigError(place, shown, "a port is a number from 1 to 65535", _EXAMPLE)
    return parts.hostname, port


def _without_password(text: str) -> str:
    account, at, rest = text.rpartition("@")
    if not at:
        return text
    scheme, slashes, user = account.rpartition("://")
    return f"{scheme}{slashes}{user.partition(':')[0]}@{rest}"
