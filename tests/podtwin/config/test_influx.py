from __future__ import annotations

import pytest
from pydantic import SecretStr

from podcore.errors import ConfigError
from podtwin.config.influx import influx_address
from podtwin.config.settings import InfluxSettings, Settings


def settings(token: str) -> Settings:
    return Settings(history="influx", influx=InfluxSettings(token=SecretStr(token)))


def test_the_token_is_taken_as_it_is() -> None:
    address = influx_address(settings("hunter2=="))
    assert address is not None
    assert address.token == "hunter2=="


@pytest.mark.parametrize("token", ("hunter2\n# of the center", "token hunter2", "hunter2é"))
def test_what_is_no_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ConfigError, match="one word") as raised:
        influx_address(settings(token))
    assert "hunter2" not in str(raised.value)
