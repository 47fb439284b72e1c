from __future__ import annotations

import os
from pathlib import Path

import pytest

from podcore.errors import ConfigError
from podtwin.config.load import load_settings, setting_names
from podtwin.config.settings import ALL_ROLES


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and no variable of ours."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("PODTWIN_"):
            monkeypatch.delenv(name)
    return tmp_path


def test_without_anything_the_defaults_hold() -> None:
    loaded = load_settings()
    assert loaded.settings.roles == ALL_ROLES
    assert loaded.settings.http.port == 8080
    assert {str(origin) for origin in loaded.origins().values()} == {"default"}


def test_variables_win_over_the_file_and_flags_over_both(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / "podtwin.yaml").write_text(
        "data_dir: here\nhttp:\n  host: 0.0.0.0\n  port: 1\nlog: {keep: 2h}\nbroker:\n"
    )
    monkeypatch.setenv("PODTWIN_HTTP__PORT", "2")
    monkeypatch.setenv("PODTWIN_DATA_DIR", "there")
    loaded = load_settings(flags={"data_dir": "flagged", "http.host": None})
    settings, origins = loaded.settings, loaded.origins()
    assert (settings.data_dir, settings.http.port) == (Path("flagged"), 2)
    assert (settings.http.host, settings.log.keep) == ("0.0.0.0", 7_200.0)  # noqa: S104
    assert str(origins["data_dir"]) == "flag"
    assert str(origins["http.port"]) == "PODTWIN_HTTP__PORT"
    assert str(origins["http.host"]) == "podtwin.yaml line 3"
    assert str(origins["log.keep"]) == "podtwin.yaml line 5"
    assert str(origins["broker.url"]) == "default"


def test_a_secret_is_read_from_its_file_and_never_shown(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / "secret").write_text("open sesame\n")
    monkeypatch.setenv("PODTWIN_BROKER__PASSWORD_FILE", str(nowhere / "secret"))
    loaded = load_settings()
    assert loaded.settings.broker.password is not None
    assert loaded.settings.broker.password.get_secret_value() == "open sesame"
    assert "sesame" not in repr(loaded.settings)
    assert str(loaded.origins()["broker.password"]) == "PODTWIN_BROKER__PASSWORD_FILE"


def test_roles_are_words_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODTWIN_ROLES", "ingest, engine")
    assert load_settings().settings.roles == ("ingest", "engine")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    (
        ("PODTWIN_HTTP__PORT", "99999", "PODTWIN_HTTP__PORT is '99999': .*65535"),
        ("PODTWIN_HTTP__PRT", "1", "PODTWIN_HTTP__PRT: is no setting; .*'http.port'"),
        ("PODTWIN_ROLES", "api,igest", "PODTWIN_ROLES is 'igest': input should be 'broker'"),
        ("PODTWIN_LOG__KEEP", "a day", "PODTWIN_LOG__KEEP is 'a day': .*as in 90s or 24h"),
        ("PODTWIN_BROKER__PASSWORD_FILE", "/no/such", "PASSWORD_FILE is '/no/such': .*be read"),
    ),
)
def test_a_wrong_variable_is_named(
    variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=message):
        load_settings()


def test_the_value_of_a_setting_that_is_none_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "podtwin.yaml"
    file.write_text("influx:\n  tokn: hunter2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"influx\.tokn: is no setting") as raised:
        load_settings(file)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    (
        ("http:\n  prt: 1\n", r"podtwin\.yaml line 2: http\.prt: is no setting; .*http\.port"),
        ("http:\n  port: -1\n", r"podtwin\.yaml line 2: http\.port is -1: .*greater than or equal"),
        ("http: 5\n", r"podtwin\.yaml line 1: http is 5: "),
        ("- a\n", r"podtwin\.yaml line 1: document: settings are one map"),
        ("broker: {password: [1]}\n", r"podtwin\.yaml line 1: broker\.password: "),
    ),
)
def test_a_wrong_line_is_named(text: str, message: str, nowhere: Path) -> None:
    (nowhere / "podtwin.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_settings()


def test_a_file_asked_for_must_be_there() -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml: file: cannot be read"):
        load_settings(Path("mine.yaml"))


def test_a_wrong_flag_is_named() -> None:
    with pytest.raises(ConfigError, match=r"http\.port is 'x'"):
        load_settings(flags={"http.port": "x"})


def test_names_are_those_of_the_sections() -> None:
    assert {"data_dir", "http.port", "log.max_bytes", "broker.url"} <= set(setting_names())
