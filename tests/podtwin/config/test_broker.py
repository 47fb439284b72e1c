from __future__ import annotations

from pathlib import Path

import pytest

from ingest.address import BrokerAddress
from podcore.errors import ConfigError
from podtwin.config.broker import broker_of
from podtwin.config.load import load_settings


def of(**broker: object) -> BrokerAddress | None:
    flags = {f"broker.{name}": value for name, value in broker.items()}
    return broker_of(load_settings(flags=flags).settings)


def test_without_an_address_there_is_the_embedded_broker() -> None:
    assert of(username="ann") is None


def test_account_and_authority_belong_to_the_address() -> None:
    assert of(
        url="mqtts://broker.example", username="ann", password="x", ca_file="ca.pem"
    ) == BrokerAddress("broker.example", 8883, True, "ann", "x", Path("ca.pem"))


def test_an_authority_without_tls_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="speaks no TLS"):
        of(url="mqtt://broker.example", ca_file="ca.pem")
