"""Values of points out of a data directory: which, of when, in which form."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import typer
from support.data_dirs import filled
from support.engine_logs import START_NS, air_dx
from support.frames import NS, reading
from typer.testing import CliRunner, Result

from ingest.log import SqliteLog, SqliteLogReader
from podcore.errors import ConfigError
from podcore.frame import Frame, Source
from podtwin.cli import query as module
from podtwin.cli.app import run as run_podtwin
from podtwin.store.sealer import Sealer
from podtwin.store.state import StateStore

RUNNER = CliRunner()
APP = typer.Typer()
APP.command()(module.query)
SECONDS = 60
START = datetime.fromtimestamp(START_NS / NS, UTC)


def frames() -> list[Frame]:
    """A gateway's minute: a power that rises, an energy, inlets; an other site a day older."""
    mine = [
        reading(
            {
                "meter-main/power": float(k),
                "meter-main/energy": 100.0 * k,
                "rack-01/inlet_temp": 21.0,
                "rack-02/inlet_temp": 22.0,
            },
            START_NS + k * NS,
        )
        for k in range(SECONDS)
    ]
    older = [
        reading({"rack-01/inlet_temp": 30.0}, START_NS - (86_400 - k) * NS, site="cph-01")
        for k in range(5)
    ]
    return [*mine, *older]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = filled(tmp_path_factory.mktemp("query") / "data", frames(), air_dx())
    twin = reading(
        {"meter-main/power": 7.5}, START_NS + 59 * NS, source=Source.TWIN, sd=[0.5], cause=9
    )
    derived = SqliteLog(folder / "derived.db", derived=True)
    derived.append([twin])
    derived.close()
    return folder


def ask(data_dir: Path, *arguments: str) -> Result:
    done = RUNNER.invoke(APP, [*arguments, "--data-dir", str(data_dir)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def rows(data_dir: Path, *arguments: str) -> pl.DataFrame:
    done = ask(data_dir, *arguments, "-o", "parquet")
    return pl.read_parquet(io.BytesIO(done.stdout_bytes))


def series(found: pl.DataFrame) -> set[str]:
    return {"/".join(names) for names in found.select("site", "asset", "point").rows()}


@pytest.mark.parametrize(
    ("patterns", "points"),
    (
        (("ams-03/meter-main/power",), {"ams-03/meter-main/power"}),
        (("ams-03/*/inlet_temp",), {"ams-03/rack-01/inlet_temp", "ams-03/rack-02/inlet_temp"}),
        (("*/rack-01/*",), {"ams-03/rack-01/inlet_temp", "cph-01/rack-01/inlet_temp"}),
        (("cph-01",), {"cph-01/rack-01/inlet_temp"}),
        (
            ("ams-03/meter-main/energy", "cph-*/*"),
            {"ams-03/meter-main/energy", "cph-01/rack-01/inlet_temp"},
        ),
    ),
)
def test_a_star_stands_for_any_part_of_a_name(
    data_dir: Path, patterns: tuple[str, ...], points: set[str]
) -> None:
    assert series(rows(data_dir, *patterns)) == points


def test_relative_times_count_from_the_newest_value_of_each_site(data_dir: Path) -> None:
    found = rows(data_dir, "*/rack-01/inlet_temp", "--from", "now-3s")
    counted = {site: found.filter(pl.col("site") == site)["ts"] for site in ("ams-03", "cph-01")}
    assert [len(counted["ams-03"]), len(counted["cph-01"])] == [3, 3]
    newest = (START_NS + (SECONDS - 1) * NS, START_NS - (86_400 - 4) * NS)
    assert tuple(ts.cast(pl.Int64).max() for ts in counted.values()) == newest


def test_the_end_of_a_range_is_not_included(data_dir: Path) -> None:
    span = ("--from", f"{START:%Y-%m-%dT%H:%M:%SZ}", "--to", str(START_NS // 10**6 + 5_000))
    assert rows(data_dir, "ams-03/meter-main/power", *span)["value"].to_list() == [0, 1, 2, 3, 4]


def test_a_step_gives_the_mean_of_a_gauge_and_the_last_of_a_counter(data_dir: Path) -> None:
    found = rows(data_dir, "ams-03/meter-main/*", "--step", "10s").sort("point", "ts")
    energy, power = found.partition_by("point")
    assert energy["value"].to_list() == [100.0 * (9 + 10 * n) for n in range(6)]
    assert power["value"].to_list() == [4.5 + 10 * n for n in range(6)]
    assert power["ts"].cast(pl.Int64).to_list() == [START_NS + n * 10 * NS for n in range(6)]


@pytest.mark.parametrize(
    ("agg", "values"),
    (("min", [0, 30]), ("max", [29, 59]), ("last", [29, 59]), ("count", [30, 30])),
)
def test_an_aggregate_can_be_named(data_dir: Path, agg: str, values: list[float]) -> None:
    found = rows(data_dir, "ams-03/meter-main/power", "--step", "30s", "--agg", agg)
    assert found["value"].to_list() == values


def test_what_the_twin_says_is_given_on_demand(data_dir: Path) -> None:
    assert set(rows(data_dir, "ams-03/meter-main/power")["source"]) == {"measured"}
    twin = rows(data_dir, "ams-03/meter-main/power", "--source", "twin")
    assert (twin["value"].to_list(), twin["sd"].to_list()) == ([7.5], [0.5])
    both = rows(data_dir, "ams-03/meter-main/power", "--source", "measured,twin")
    assert both.height == SECONDS + 1


def test_every_form_holds_the_same(data_dir: Path) -> None:
    asked = ("ams-03/meter-main/power", "--from", "now-10s")
    expected = rows(data_dir, *asked)
    objects = [json.loads(line) for line in ask(data_dir, *asked, "-o", "json").stdout.splitlines()]
    table = pl.read_csv(io.BytesIO(ask(data_dir, *asked, "-o", "csv").stdout_bytes))
    assert [each["value"] for each in objects] == expected["value"].to_list()
    assert table["value"].to_list() == expected["value"].to_list()
    assert table["ts"][0] == "2026-11-24T00:00:50Z"
    assert table.columns == expected.columns


def test_a_table_is_cut_to_what_a_person_reads(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = ask(data_dir, "ams-03/meter-main/power", "--to", "now")
    assert len(done.stdout.splitlines()) == SECONDS
    assert done.stdout.splitlines()[1].split() == [
        "2026-11-24T00:00:01.000000Z", "ams-03/meter-main/power", "measured", "1",
    ]  # fmt: skip
    monkeypatch.setattr(module, "MAX_TABLE_ROWS", 3)
    cut = ask(data_dir, "ams-03/meter-main/power")
    assert len(cut.stdout.splitlines()) == 3
    assert cut.stderr == "the first 3 rows; -o csv gives all\n"


def test_a_range_without_values_is_empty_and_says_so(data_dir: Path) -> None:
    asked = ("ams-03/meter-main/power", "--from", "2030-01-01T00:00:00Z", "--to", "now+9w")
    done = ask(data_dir, *asked)
    assert (done.stdout, done.stderr) == ("", "no values in that range\n")
    assert ask(data_dir, *asked, "--step", "10s", "-o", "json").stdout == ""
    assert ask(data_dir, *asked, "-o", "csv").stdout.startswith("ts,site,asset,point,source,value")


@pytest.mark.parametrize(
    ("arguments", "words"),
    (
        (("ams-03/rack-01/inlet_tmp",), r"POINTS is .*nearest is 'ams-03/rack-01/inlet_temp'"),
        (("ams-04",), "match no point that holds a value"),
        (("ams-03/*", "--source", "measurd"), r"--source is 'measurd'.*'measured'"),
        (("ams-03/*", "--step", "10s", "--agg", "men"), r"--agg is 'men'.*'mean'"),
        (("ams-03/*", "--step", "10"), r"--step is '10': .*a span is"),
        (("ams-03/*", "--from", "yesterday"), r"--from is 'yesterday': .*a time is"),
        (("ams-03/*", "--to", "soon"), r"--to is 'soon'"),
    ),
)
def test_what_cannot_be_asked_is_refused_with_what_could_be(
    data_dir: Path, arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        ask(data_dir, *arguments)


def test_a_folder_that_holds_history_alone_is_read_and_left_as_it_was(
    data_dir: Path, tmp_path: Path
) -> None:
    log, derived = (SqliteLogReader(data_dir / f"{n}.db", derived=n == "derived")
                    for n in ("log", "derived"))  # fmt: skip
    state = StateStore(tmp_path / "state.db")
    Sealer(tmp_path, log, derived, state).run_once(force=True)
    for each in (log, derived, state):
        each.close()
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    found = rows(tmp_path, "ams-03/meter-main/*", "--step", "10s", "--agg", "max")
    assert found.height == 12
    with pytest.raises(ConfigError, match=r"--agg: without a log\.db nothing says"):
        ask(tmp_path, "ams-03/meter-main/*", "--step", "10s")
    assert [each.name for each in tmp_path.iterdir()] == ["history"]


def test_an_unknown_point_is_a_wrong_command(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("query", "ams-03/meter-main/powr", "--data-dir", str(data_dir))
    monkeypatch.setattr("sys.argv", ["podtwin", *arguments])
    with pytest.raises(SystemExit) as ended:
        run_podtwin()
    assert ended.value.code == 2
    assert "nearest is 'ams-03/meter-main/power'" in capsys.readouterr().err
