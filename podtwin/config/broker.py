"""The broker by the settings: what roles, doctor and commands share."""

from __future__ import annotations

from ingest.address import BrokerAddress
from podtwin.config.settings import Settings


def broker_of(settings: Settings) -> BrokerAddress | None:
    """The address with its account and who vouches for it; None for the embedded broker.

    Raises
    ------
    ConfigError  For an address that is none, and files of TLS without it.
    """
    broker = settings.broker
    if broker.url is None:
        return None
    address = BrokerAddress.parse(broker.url)
    if broker.username is not None:
        secret = broker.password
        password = secret.get_secret_value() if secret is not None else None
        address = address.with_account(broker.username, password)
    return address.with_ca_file(broker.ca_file).with_certificate(broker.cert_file, broker.key_file)
