"""Rollups: bins of rows, the same by every way that leads to them."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podtwin.store.rollup import HOUR, MINUTE, NS, ROLLED, Fold, empty, levels, rollup_for
from podtwin.store.rows import ORDER, SCHEMA

Row = tuple[int, str, float, int, float | None]
STEPS = (7 * NS, MINUTE.width_ns, 5 * MINUTE.width_ns, HOUR.width_ns, 24 * HOUR.width_ns)
DAY_S = 86_400

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
row = st.tuples(
    st.integers(0, 2 * DAY_S),
    st.sampled_from("xy"),
    numbers,
    st.integers(0, 63),
    st.none() | st.floats(0, 9, width=32),
)
rows_of_two_days = st.lists(row, max_size=80, unique_by=lambda one: one[:2])


def table(rows: Sequence[Row]) -> pl.DataFrame:
    columns = {
        "ts": pl.Series([one[0] * NS for one in rows], dtype=pl.Int64).cast(SCHEMA["ts"]),
        "asset": ["a"] * len(rows),
        "point": [one[1] for one in rows],
        "source": ["measured"] * len(rows),
        "value": [one[2] for one in rows],
        "flags": [one[3] for one in rows],
        "sd": [one[4] for one in rows],
    }
    return pl.DataFrame(columns, schema={name: SCHEMA[name] for name in columns}).sort(ORDER)


def folded(pieces: Sequence[pl.DataFrame], step_ns: int) -> pl.DataFrame:
    fold = Fold(step_ns)
    found = [fold.add(piece) for piece in pieces]
    return pl.concat([empty(), *found, fold.finish()]).sort("point", "ts")


def between(rows: pl.DataFrame, from_s: int, to_s: int) -> pl.DataFrame:
    ts = pl.col("ts").cast(pl.Int64)
    return rows.filter((ts >= from_s * NS) & (ts < to_s * NS))


def test_a_step_of_hours_is_made_of_hours_and_these_of_minutes() -> None:
    assert levels(7 * NS) == [7 * NS]
    assert levels(MINUTE.width_ns) == [MINUTE.width_ns]
    assert levels(90 * MINUTE.width_ns) == [MINUTE.width_ns, 90 * MINUTE.width_ns]
    assert levels(2 * HOUR.width_ns) == [MINUTE.width_ns, HOUR.width_ns, 2 * HOUR.width_ns]


@pytest.mark.parametrize(
    ("step_s", "rollup"),
    ((1, None), (61, None), (60, MINUTE), (5_400, MINUTE), (7_200, HOUR)),
)
def test_the_widest_rollup_that_divides_a_step_is_taken(step_s: int, rollup: object) -> None:
    assert rollup_for(step_s * NS) == rollup


def test_a_bucket_is_named_by_its_start_and_says_what_was_in_it() -> None:
    rows = table([(0, "x", 3.0, 0, None), (59, "x", 1.0, 4, None), (60, "x", 9.0, 0, None)])
    first, second = folded([rows], MINUTE.width_ns).rows(named=True)
    assert first["ts"].timestamp() == 0
    assert [first[name] for name in ("min", "mean", "max", "last", "count", "flags")] == [
        1.0, 2.0, 3.0, 1.0, 2, 4,
    ]  # fmt: skip
    assert (second["ts"].timestamp(), second["count"], second["variance"]) == (60, 1, None)


def test_deviations_belong_to_the_values_that_stand_for_the_bucket() -> None:
    rows = table([(0, "x", 3.0, 0, 3.0), (1, "x", 1.0, 0, 4.0), (2, "x", 2.0, 0, None)])
    (found,) = folded([rows], MINUTE.width_ns).rows(named=True)
    assert [found[name] for name in ("min_sd", "max_sd", "last_sd")] == [4.0, 3.0, None]
    assert (found["variance"], found["sd_count"]) == (12.5, 2)


@given(rows_of_two_days, st.sampled_from(STEPS))
def test_bins_hold_what_a_plain_reading_of_the_rule_says(rows: list[Row], step_ns: int) -> None:
    plain: dict[tuple[str, int], list[Row]] = {}
    for one in sorted(rows):
        plain.setdefault((one[1], one[0] * NS // step_ns * step_ns), []).append(one)
    found = folded([table(rows)], step_ns)
    assert found.select("point", pl.col("ts").cast(pl.Int64)).rows() == sorted(plain)
    for got, (_, held) in zip(found.rows(named=True), sorted(plain.items()), strict=True):
        values = [one[2] for one in held]
        assert (got["min"], got["max"], got["last"]) == (min(values), max(values), values[-1])
        assert got["count"] == len(values)
        assert got["mean"] == pytest.approx(statistics.fmean(values), rel=1e-9, abs=1e-6)
        assert got["sd_count"] == sum(one[4] is not None for one in held)
        assert got["last_sd"] == held[-1][4]
        assert got["min_sd"] == min(held, key=lambda one: one[2])[4]


@settings(max_examples=50)
@given(
    rows_of_two_days,
    st.lists(st.integers(0, 2 * DAY_S), max_size=4).map(sorted),
    st.sampled_from(STEPS),
)
def test_a_cut_anywhere_changes_no_bit(rows: list[Row], cuts: list[int], step_ns: int) -> None:
    whole = table(rows)
    edges = [0, *cuts, 2 * DAY_S + 1]
    pieces = [between(whole, *span) for span in itertools.pairwise(edges)]
    assert folded(pieces, step_ns).equals(folded([whole], step_ns))


@settings(max_examples=50)
@given(
    rows_of_two_days,
    st.tuples(st.integers(0, 47), st.integers(1, 48)),
    st.sampled_from((MINUTE, HOUR)),
    st.sampled_from(STEPS[2:]),
    st.booleans(),
)
def test_buckets_in_the_place_of_rows_change_no_bit(
    rows: list[Row], hours: tuple[int, int], rollup: object, step_ns: int, one_of_two: bool
) -> None:
    width_ns = MINUTE.width_ns if rollup is MINUTE or step_ns < HOUR.width_ns else HOUR.width_ns
    whole = table(rows)
    begin_s, end_s = hours[0] * 3_600, (hours[0] + hours[1]) * 3_600
    rolled = between(whole, begin_s, end_s)
    as_rows = rolled.filter(pl.col("point") == "y") if one_of_two else rolled.clear()
    if one_of_two:
        rolled = rolled.filter(pl.col("point") == "x")
    fold = Fold(step_ns)
    found = [
        fold.add(between(whole, 0, begin_s)),
        fold.add_buckets(folded([rolled], width_ns), width_ns),
        fold.add(as_rows),
        fold.add(between(whole, end_s, 4 * DAY_S)),
        fold.finish(),
    ]
    assert pl.concat(found).sort("point", "ts").equals(folded([whole], step_ns))


def test_a_value_that_is_none_hides_no_other() -> None:
    rows = table([(0, "x", float("nan"), 0, None), (1, "x", 2.0, 0, None)])
    (found,) = folded([rows], MINUTE.width_ns).rows(named=True)
    assert (found["min"], found["max"], found["count"]) == (2.0, 2.0, 2)


def test_nothing_is_no_bucket() -> None:
    assert folded([], HOUR.width_ns).equals(empty())
    assert dict(folded([table([])], NS).schema) == ROLLED
