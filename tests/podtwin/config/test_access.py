from __future__ import annotations

import pytest

from podcore.errors import ConfigError
from podtwin.api.deps import Access
from podtwin.config.access import access_of
from podtwin.config.settings import HttpSettings, Settings


def of(**http: object) -> Access:
    return access_of(Settings(http=HttpSettings.model_validate(http)))


def test_the_settings_say_what_the_api_itself_says() -> None:
    assert of() == Access()


def test_a_proxy_on_this_machine_has_its_own_line() -> None:
    found = of(keys="always", trusted_proxies="127.0.0.1, fd12::/48", session="8h")
    assert found == Access(
        required=True,
        session_ns=8 * 3_600_000_000_000,
        trusted_proxies=("127.0.0.1", "fd12::/48"),
    )


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"http\.trusted_proxies is '\*'"):
        of(trusted_proxies="*")
