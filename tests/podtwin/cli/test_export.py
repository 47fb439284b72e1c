from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
import typer
from support.data_dirs import filled
from support.engine_logs import START_NS, air_dx
from support.frames import NS, reading
from typer.testing import CliRunner, Result

from podcore.errors import ConfigError
from podcore.ports import SeriesQuery
from podtwin.cli import export as module
from podtwin.cli.histories import open_history
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


class Breaking:
    """A history that breaks off in the third part of an export."""

    def __init__(self, real: EmbeddedHistory, error: BaseException) -> None:
        self._real, self._error, self.asked = real, error, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def frames(self, query: SeriesQuery) -> Iterator[pl.DataFrame]:
        self.asked += 1
        if self.asked == 3:
            raise self._error
        yield from self._real.frames(query)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    real = open_history

    def install(error: BaseException) -> None:
        def opened(data_dir: Path | None, kind: str | None) -> tuple[object, Path]:
            held, folder = real(data_dir, kind)
            assert isinstance(held, EmbeddedHistory)
            return Breaking(held, error), folder

        monkeypatch.setattr(module, "open_history", opened)

    return install


@pytest.fixture(scope="module")
def five_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [
        reading({"meter-main/power": k / 7}, START_NS + k * 6 * 3_600 * NS) for k in range(20)
    ]
    return filled(tmp_path_factory.mktemp("export") / "days", frames, air_dx())


LONG = ("--from", "now-30d")


@pytest.mark.parametrize("suffix", module.SUFFIXES)
def test_an_export_that_fails_leaves_what_was_there_and_goes_on_later(
    five_days: Path,
    tmp_path: Path,
    suffix: str,
    breaking: Callable[[BaseException], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"power{suffix}"
    export(five_days, whole, *LONG)
    out.write_text("of yesterday")
    with monkeypatch.context():
        breaking(OSError("no space"))
        with pytest.raises(OSError, match="no space"):
            export(five_days, out, *LONG)
    assert out.read_text() == "of yesterday"
    monkeypatch.undo()
    done = export(five_days, out, *LONG, "--resume")
    assert "2 of 5 parts are there" in done.stderr
    assert done.stdout == f"{out}: 20 rows\n"
    assert read(out).equals(read(whole))
    assert sorted(tmp_path.iterdir()) == [out, whole]


def test_ctrl_c_says_how_to_go_on(
    five_days: Path, tmp_path: Path, breaking: Callable[[BaseException], None]
) -> None:
    breaking(KeyboardInterrupt())
    done = export(five_days, tmp_path / "power.csv", *LONG)
    assert done.exit_code == 130
    assert "2 of 5 parts are there; the same command with --resume goes on" in done.stderr


def test_an_unfinished_export_is_neither_gone_on_with_nor_thrown_away_unasked(
    five_days: Path,
    tmp_path: Path,
    breaking: Callable[[BaseException], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "power.csv"
    breaking(KeyboardInterrupt())
    export(five_days, out, *LONG)
    monkeypatch.undo()
    with pytest.raises(ConfigError, match=r"is unfinished there.*--resume goes on"):
        export(five_days, out, *LONG)
    with pytest.raises(ConfigError, match=r"is of ams-03/meter-main/power from now-30d"):
        export(five_days, out, "--from", "now-1d", "--resume")
    assert export(five_days, out, "--from", "now-1d", "--restart").stdout == f"{out}: 4 rows\n"
    assert list(tmp_path.iterdir()) == [out]
