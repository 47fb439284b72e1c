"""Which history a command asks: by the settings, of their own data directory alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcore.errors import ConfigError
from podtwin.cli.histories import open_history
from podtwin.store.history import EmbeddedHistory
from podtwin.store.influx_history import InfluxHistory


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where settings say `influx` of the directory `data`, beside a replay's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "podtwin.yaml").write_text("history: influx\ninflux: {token: secret}\n")
    (tmp_path / "data" / "history").mkdir(parents=True)
    (tmp_path / "replays" / "r1" / "history").mkdir(parents=True)
    return tmp_path


def test_without_flags_it_is_that_of_the_settings(folder: Path) -> None:
    history, data_dir = open_history(None, None)
    assert isinstance(history, InfluxHistory)
    assert data_dir == Path("data")


def test_the_same_directory_by_another_path_is_the_same(folder: Path) -> None:
    assert isinstance(open_history(folder / "data", None)[0], InfluxHistory)


def test_another_directory_holds_its_own(folder: Path) -> None:
    assert isinstance(open_history(folder / "replays" / "r1", None)[0], EmbeddedHistory)


def test_a_flag_says_otherwise(folder: Path) -> None:
    assert isinstance(open_history(None, "embedded")[0], EmbeddedHistory)
    assert isinstance(open_history(folder / "replays" / "r1", "influx")[0], InfluxHistory)


def test_influxdb_needs_no_data_directory(folder: Path) -> None:
    (folder / "podtwin.yaml").write_text(
        "data_dir: gone\nhistory: influx\ninflux: {token: secret}\n"
    )
    assert isinstance(open_history(None, None)[0], InfluxHistory)
    assert not (folder / "gone").exists()


def test_a_directory_without_anything_is_a_wrong_flag(folder: Path) -> None:
    with pytest.raises(ConfigError, match="holds no log and no history"):
        open_history(folder / "none", None)


def test_a_word_that_is_no_history_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="history"):
        open_history(None, "elsewhere")
