from __future__ import annotations

from pathlib import Path

import pytest

from podtwin.cli.account import broker_address

BROKER = "mqtt://broker.example:1883"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "password").write_text("kept in a file\n")
    monkeypatch.setenv("PODTWIN_BROKER__PASSWORD_FILE", str(tmp_path / "password"))


def test_a_password_comes_from_the_file_that_the_settings_name() -> None:
    address = broker_address("mqtt://plants@broker.example:1883")
    assert (address.user, address.password) == ("plants", "kept in a file")


def test_a_user_comes_from_the_settings_where_the_flag_names_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PODTWIN_BROKER__USERNAME", "plants")
    address = broker_address(BROKER)
    assert (address.user, address.password) == ("plants", "kept in a file")


def test_a_password_without_a_user_is_nobodys() -> None:
    address = broker_address(BROKER)
    assert (address.user, address.password) == (None, None)


def test_another_user_gets_no_password_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODTWIN_BROKER__USERNAME", "podtwin")
    assert broker_address("mqtt://plants@broker.example:1883").password is None


def test_a_password_in_the_flag_comes_first() -> None:
    assert broker_address("mqtt://plants:given@broker.example:1883").password == "given"
