from __future__ import annotations

import ipaddress

import pytest

from podcore.errors import ConfigError
from podtwin.config.settings import Settings
from podtwin.config.targets import target_policy


def settings(host: str, targets: str = "") -> Settings:
    return Settings.model_validate({"http": {"host": host}, "alerts": {"allow_targets": targets}})


@pytest.mark.parametrize(
    ("host", "loopback"),
    (("127.0.0.1", True), ("localhost", True), ("::1", True), ("10.0.0.5", False)),
)
def test_this_machine_is_open_while_the_api_is_bound_to_it(host: str, *, loopback: bool) -> None:
    assert target_policy(settings(host)).loopback is loopback


def test_named_nets_are_taken_over() -> None:
    found = target_policy(settings("127.0.0.1", "10.20.0.0/16, fd12::/48")).allowed
    assert found == (ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd12::/48"))


def test_what_is_no_net_is_named() -> None:
    with pytest.raises(ConfigError, match=r"alerts\.allow_targets"):
        target_policy(settings("127.0.0.1", "10.20.0.1/16"))
