from __future__ import annotations

import pytest

from ingest.address import BrokerAddress
from podcore.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "address"),
    (
        ("mqtt://127.0.0.1:1884", BrokerAddress("127.0.0.1", 1884)),
        ("mqtt://broker.example", BrokerAddress("broker.example", 1883)),
        ("mqtt://broker.example/", BrokerAddress("broker.example", 1883)),
        ("mqtts://ann@broker.example", BrokerAddress("broker.example", 8883, tls=True, user="ann")),
        ("mqtt://[::1]:1884", BrokerAddress("::1", 1884)),
        ("mqtt://a%40b:c%3Ad@h", BrokerAddress("h", 1883, user="a@b", password="c:d")),
    ),
)
def test_an_address_is_read(text: str, address: BrokerAddress) -> None:
    assert BrokerAddress.parse(text) == address


@pytest.mark.parametrize(
    ("text", "rule"),
    (
        ("127.0.0.1:1883", "names its protocol"),
        ("http://127.0.0.1", "speaks mqtt or mqtts"),
        ("mqtt://", "names a host"),
        ("mqtt://:1883", "names a host"),
        ("mqtt://h:99999", "a port is a number from 1 to 65535"),
        ("mqtt://h:0", "a port is a number from 1 to 65535"),
        ("mqtt://h:x", "a port is a number from 1 to 65535"),
        ("mqtt://h/topic", "nothing may follow the port"),
        ("", "names its protocol"),
    ),
)
def test_what_is_no_address_is_refused_with_its_rule_and_an_example(text: str, rule: str) -> None:
    with pytest.raises(ConfigError) as caught:
        BrokerAddress.parse(text)
    assert rule in str(caught.value)
    assert "mqtt://127.0.0.1:1883" in str(caught.value)
    assert str(caught.value).startswith("--broker")


@pytest.mark.parametrize(
    "text", ("mqtt://ann:s3cret@h:99999", "http://ann:s3cret@h", "ann:s3cret@h")
)
def test_no_message_and_no_form_of_an_address_shows_a_password(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        BrokerAddress.parse(text)
    assert "s3cret" not in str(caught.value)
    address = BrokerAddress.parse("mqtt://ann:s3cret@h")
    assert "s3cret" not in f"{address} {address!r}"


@pytest.mark.parametrize("text", ("mqtt://h:1884", "mqtts://ann@h:8883", "mqtt://[::1]:1883"))
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert str(BrokerAddress.parse(text)) == text


def test_a_password_kept_elsewhere_is_added() -> None:
    assert BrokerAddress.parse("mqtt://ann@h").with_password("x").password == "x"
