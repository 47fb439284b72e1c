from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.clusters import cluster, write_cluster
from typer.testing import CliRunner, Result

from podcore.errors import ConfigError, NotWritten
from podtwin.cli import nowcast as module
from podtwin.cli.twin import app

RUNNER = CliRunner()
STEP_S = 1_800.0
POWER, WORK = cluster(150, STEP_S)
TRACKS = {"nowcast": 0, "h1": 2, "h24": 48}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_cluster(tmp_path, POWER, WORK, STEP_S)


def nowcast(files: tuple[Path, Path], *arguments: str) -> Result:
    given = ["nowcast", "--workload", str(files[0]), "--power", str(files[1]), *arguments]
    done = RUNNER.invoke(app, given)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def predictions(files: tuple[Path, Path], track: str) -> pl.DataFrame:
    out = files[0].parent / f"{track}.parquet"
    nowcast(files, "--track", track, "-o", str(out))
    return pl.read_parquet(out)


@pytest.mark.parametrize(("track", "ahead"), TRACKS.items())
def test_a_file_holds_a_row_for_each_time_that_something_is_known_of(
    files: tuple[Path, Path], track: str, ahead: int
) -> None:
    found = predictions(files, track)
    given = pl.read_parquet(files[0])["timestamp"]
    assert found.schema == {"timestamp": given.dtype, "power_w": pl.Float64}
    first = max(ahead, 2)
    assert found["timestamp"][: len(given) - first].equals(given[first:], check_names=False)
    assert found.height == 150 - first + ahead
    assert np.isfinite(found["power_w"].to_numpy()).all()


@pytest.mark.parametrize("track", TRACKS)
def test_files_of_less_give_the_same_predictions_as_far_as_they_go(
    files: tuple[Path, Path], tmp_path: Path, track: str
) -> None:
    whole = predictions(files, track)
    (tmp_path / "less").mkdir()
    part = predictions(write_cluster(tmp_path / "less", POWER[:90], WORK[:90], STEP_S), track)
    assert part.equals(whole.head(part.height))


def test_the_same_files_give_the_same_bytes(files: tuple[Path, Path], tmp_path: Path) -> None:
    outs = [tmp_path / f"{name}.parquet" for name in ("first", "again")]
    for out in outs:
        assert nowcast(files, "-o", str(out)).stdout == f"{out}: 148 rows\n"
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_csv_goes_to_a_file_or_to_stdout(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    nowcast(files, "-o", str(out))
    assert nowcast(files, "-o", "csv").stdout == out.read_text(encoding="utf-8")
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "timestamp,power_w"
    assert lines[1].startswith("2026-05-28T21:26:40Z,")
    assert len(lines) == 149


def test_the_summary_says_how_old_what_it_used_was_and_how_far_off_it_came(
    files: tuple[Path, Path],
) -> None:
    found = json.loads(nowcast(files, "--track", "h1", "--delay", "2h", "-o", "json").stdout)
    assert found["mape_percent"] > 0.0
    assert {name: found[name] for name in found if name != "mape_percent"} == {
        "track": "h1",
        "rows": 148,
        "from": "2026-05-28T22:26:40Z",
        "to": "2026-05-31T23:56:40Z",
        "step_s": 1800.0,
        "workload_age_s": 3600.0,
        "power_age_s": 7200.0,
        "measured": 146,
    }
    assert "workload_age_s  3600.0" in nowcast(files, "--track", "h1").stdout


def test_a_site_file_gives_the_scale_before_anything_was_measured(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    site = tmp_path / "site.yaml"
    assets = "[{id: it, class: cluster, rating: {power_w: 44000}}]"
    site.write_text(
        f"schema: podtwin/site/1\nid: s\ntype: power-only\nnodes: [n]\nassets: {assets}\n",
        encoding="utf-8",
    )
    out = tmp_path / "p.parquet"
    nowcast(files, "--site", str(site), "-o", str(out))
    found = pl.read_parquet(out)["power_w"].to_numpy()
    assert len(found) == 150
    assert found[:2] == pytest.approx(POWER[:2], rel=0.3)


def test_gaps_are_said(tmp_path: Path) -> None:
    power = POWER.copy()
    power[40:50] = np.nan
    files = write_cluster(tmp_path, power, WORK, STEP_S)
    assert "10 of 150 steps have no power; they are passed over" in nowcast(files).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    (
        (("-o", "xml"), ("--output", "xml", "table, json, csv")),
        (("-o", "nowhere/p.parquet"), ("nowhere", "make it first")),
        (("--track", "h2"), ("--track", "h2", "nearest is 'h24'")),
        (("--delay", "0"), ("--delay", "must be above 0")),
        (("--delay", "soon"), ("--delay", "soon")),
        (("--delay", "200d"), ("--delay", "200d", "give longer files")),
    ),
)
def test_a_wrong_flag_is_refused(
    files: tuple[Path, Path], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as error:
        nowcast(files, *arguments)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_file_that_is_read_is_not_written(files: tuple[Path, Path]) -> None:
    before = files[1].read_bytes()
    with pytest.raises(ConfigError, match="is a file that is read"):
        nowcast(files, "-o", str(files[1].parent / "." / files[1].name))
    assert files[1].read_bytes() == before


def test_a_site_of_another_type_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    site = tmp_path / "s.yaml"
    site.write_text("schema: podtwin/site/1\nid: s\ntype: none\nnodes: [n]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds 0 sites of type power-only"):
        nowcast(files, "--site", str(site))


def test_nothing_is_left_where_the_disk_is_full(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(module, "_write_csv", full)
    with pytest.raises(NotWritten, match=r"p\.csv cannot be written: No space"):
        nowcast(files, "-o", str(tmp_path / "p.csv"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["power.parquet", "workload.parquet"]
