from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import typer
from support.data_dirs import filled
from support.engine_logs import START_NS, air_dx
from support.frames import NS, reading
from typer.testing import CliRunner, Result

from podcore.errors import ConfigError
from podtwin.cli import export as module
from podtwin.cli.query import read_pieces
from podtwin.store.history import EmbeddedHistory

RUNNER = CliRunner()
APP = typer.Typer()
APP.command()(module.export)
POINT = "ams-03/meter-main/power"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [reading({"meter-main/power": float(k)}, START_NS + k * NS) for k in range(30)]
    return filled(tmp_path_factory.mktemp("export") / "data", frames, air_dx())


def export(data_dir: Path, out: Path, *arguments: str) -> Result:
    given = [POINT, "--out", str(out), *arguments, "--data-dir", str(data_dir)]
    done = RUNNER.invoke(APP, given)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def read(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path)
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ipc_stream(path)


@pytest.mark.parametrize("suffix", module.SUFFIXES)
def test_the_ending_says_the_form_and_the_file_holds_the_range(
    data_dir: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"power{suffix}"
    done = export(data_dir, out, "--from", "now-10s")
    assert done.stdout == f"{out}: 10 rows\n"
    found = read(out)
    assert found["value"].to_list() == [float(k) for k in range(20, 30)]
    assert set(found["site"]) == {"ams-03"}
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("suffix", module.SUFFIXES)
def test_a_range_without_values_is_a_file_without_rows(
    data_dir: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"power{suffix}"
    export(data_dir, out, "--from", "now+1s", "--to", "now+2s")
    assert read(out).height == 0
    assert "value" in read(out).columns


@pytest.mark.parametrize("name", ("power.xlsx", "power", "power.csv.gz"))
def test_other_endings_are_refused_with_those_there_are(
    data_dir: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match=r"--out is .*\.csv, \.parquet, \.arrows"):
        export(data_dir, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--out is .*there is no such folder"):
        export(data_dir, tmp_path / "nowhere" / "power.csv")


@pytest.mark.parametrize("suffix", module.SUFFIXES)
def test_an_export_that_fails_leaves_what_was_there(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def breaks(
        history: EmbeddedHistory, patterns: list[str], span: tuple[str, str], sources: str
    ) -> Iterator[pl.DataFrame]:
        yield from read_pieces(history, patterns, span, sources)
        raise OSError("no space")

    out = tmp_path / f"power{suffix}"
    out.write_text("of yesterday")
    monkeypatch.setattr(module, "read_pieces", breaks)
    with pytest.raises(OSError, match="no space"):
        export(data_dir, out)
    assert [(path, path.read_text()) for path in tmp_path.iterdir()] == [(out, "of yesterday")]
