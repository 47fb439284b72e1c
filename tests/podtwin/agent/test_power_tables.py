from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.clusters import START_MS, cluster, write_cluster, write_frame

from podcore.errors import ConfigError
from podtwin.agent import power_tables as module
from podtwin.agent.power_tables import read_power_tables

POWER, WORK = cluster(30)
Change = Callable[[pl.DataFrame], pl.DataFrame]


@pytest.fixture(params=(".parquet", ".csv"))
def files(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    return write_cluster(tmp_path, POWER, WORK, suffix=request.param)


def changed(file: Path, change: Change) -> None:
    write_frame(change(pl.read_parquet(file)), file)


def cell(column: str, row: int, value: float) -> Change:
    at = pl.int_range(pl.len()) == row
    return lambda frame: frame.with_columns(
        pl.when(at).then(value).otherwise(pl.col(column)).alias(column)
    )


def moved(row: int, minutes: int) -> Change:
    at = pl.int_range(pl.len()) == row
    later = pl.col("timestamp") + pl.duration(minutes=minutes)
    return lambda frame: frame.with_columns(
        pl.when(at).then(later).otherwise(pl.col("timestamp")).alias("timestamp")
    )


def test_both_files_lie_on_one_grid(files: tuple[Path, Path]) -> None:
    tables = read_power_tables(*files)
    assert tables.step_s == 600.0
    assert tables.start_ns == START_MS * 1_000_000
    assert tables.power_w == pytest.approx(POWER)
    assert tables.workload == pytest.approx(WORK)
    assert tables.said == ()


def test_times_come_back_in_the_form_of_the_workload(tmp_path: Path) -> None:
    workload, power = write_cluster(tmp_path, POWER, WORK)
    given = pl.read_parquet(workload)["timestamp"]
    assert read_power_tables(workload, power).times(np.arange(30)).equals(given)


def test_power_that_begins_later_and_ends_sooner_is_missing_at_both_ends(tmp_path: Path) -> None:
    workload, power = write_cluster(tmp_path, POWER, WORK)
    changed(power, lambda frame: frame.slice(3, 20))
    found = read_power_tables(workload, power).power_w
    assert np.flatnonzero(np.isfinite(found)).tolist() == list(range(3, 23))


def test_empty_cells_and_missing_rows_are_gaps_and_are_said(tmp_path: Path) -> None:
    power_w, work = POWER.copy(), WORK.copy()
    power_w[4], work[7, 2] = np.nan, np.nan
    workload, power = write_cluster(tmp_path, power_w, work, suffix=".csv")
    tables = read_power_tables(workload, power)
    assert np.flatnonzero(~np.isfinite(tables.power_w)).tolist() == [4]
    assert np.isnan(tables.workload[7]).all()
    assert [sentence.partition(": ")[2] for sentence in tables.said] == [
        "1 of 30 steps have no workload; they are passed over",
        "1 of 30 steps have no power; they are passed over",
    ]


def test_rows_that_are_not_there_are_gaps_too(tmp_path: Path) -> None:
    workload, power = write_cluster(tmp_path, POWER, WORK)
    changed(power, lambda frame: frame.filter(pl.int_range(pl.len()) % 5 != 3))
    assert np.isnan(read_power_tables(workload, power).power_w).sum() == 6


def test_a_time_without_a_zone_is_utc_and_is_said(tmp_path: Path) -> None:
    workload, power = write_cluster(tmp_path, POWER, WORK)
    for file in (workload, power):
        changed(file, lambda f: f.with_columns(pl.col("timestamp").dt.replace_time_zone(None)))
    tables = read_power_tables(workload, power)
    assert tables.start_ns == START_MS * 1_000_000
    assert all("has no time zone; taken as UTC" in sentence for sentence in tables.said)
    assert len(tables.said) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    (
        (cell("power_w", 6, -5.0), ("power_w: row 7", "-5.0", "must not be negative")),
        (cell("power_w", 6, float("inf")), ("power_w: row 7", "must be a finite number")),
        (moved(6, -10), ("timestamp: row 7", "is the time of the row above", "keep one")),
        (moved(6, -100), ("timestamp: row 7", "lies before the row above", "sort the file")),
        (moved(6, 3), ("timestamp: row 7", "beside the grid of 600 s", "resample")),
        (lambda f: f.rename({"power_w": "power_kw"}), ("power_w", "power_kw")),
        (lambda f: f.drop("timestamp"), ("timestamp", "must be a column")),
        (lambda f: f.clear(), ("holds no rows",)),
        (lambda f: f.cast({"power_w": pl.Boolean}), ("power_w", "Boolean", "must hold numbers")),
        (
            lambda f: f.with_columns(pl.col("timestamp") + pl.duration(days=2)),
            ("workload.parquet", "ends before", "give files of the same time"),
        ),
    ),
)
def test_what_cannot_be_true_of_power_is_refused_with_its_place(
    tmp_path: Path, change: Change, words: tuple[str, ...]
) -> None:
    workload, power = write_cluster(tmp_path, POWER, WORK)
    changed(power, change)
    refused(workload, power, words)


@pytest.mark.parametrize(
    ("change", "words"),
    (
        (cell("n_running", 2, -1.0), ("n_running: row 3", "must not be negative")),
        (cell("util_sum", 2, 6_000.0), ("util_sum: row 3", "6000.0", "divide percents by 100")),
        (lambda f: f.drop("util4_sum"), ("util4_sum", "util_sum")),
        (lambda f: f.head(1), ("holds one row",)),
        (
            lambda f: f.with_columns(
                pl.col("timestamp").first() + pl.duration(hours=2) * pl.int_range(pl.len())
            ),
            ("7200 s", "must be 1 to 3600 s apart"),
        ),
    ),
)
def test_what_cannot_be_true_of_the_workload_is_too(
    tmp_path: Path, change: Change, words: tuple[str, ...]
) -> None:
    workload, power = write_cluster(tmp_path, POWER, WORK)
    changed(workload, change)
    refused(workload, power, words)


def refused(workload: Path, power: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as error:
        read_power_tables(workload, power)
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("timestamp,power_w\n2026-05-28T20:26:40Z,high\n", ("power_w: row 1", "'high'")),
        ("timestamp,power_w\n2026-05-28T20:26:40Z,1\nlater,2\n", ("timestamp: row 2", "'later'")),
        ("", ("timestamp", "there are none")),
    ),
)
def test_a_text_that_is_no_number_or_time_is_refused(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    workload, _ = write_cluster(tmp_path, POWER, WORK)
    power = tmp_path / "power.csv"
    power.write_text(text, encoding="utf-8")
    refused(workload, power, words)


def test_a_span_of_more_steps_than_fit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload, power = write_cluster(tmp_path, POWER, WORK)
    monkeypatch.setattr(module, "MAX_STEPS", 29)
    refused(workload, power, ("span 30 steps of 600 s", "at most 29"))
