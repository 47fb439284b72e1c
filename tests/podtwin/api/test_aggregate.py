from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtwin.api.aggregate import Agg, finish, thin
from podtwin.api.formats import SCHEMA
from podtwin.store.bins import BINS, bins_of

NS = 1_000_000_000
STEP = 10 * NS
Rows = list[tuple[int, float]]

ROWS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(-100, 100).map(float)),
    unique_by=lambda row: row[0],
    max_size=60,
).map(sorted)


def table(
    rows: Sequence[tuple[int, float]], *, flags: int = 0, sd: float | None = None
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ts": pl.Series([ts * NS for ts, _ in rows], dtype=pl.Int64).cast(SCHEMA["ts"]),
            "site": ["ams-03"] * len(rows),
            "asset": ["rack-01"] * len(rows),
            "point": ["it_power"] * len(rows),
            "source": ["measured"] * len(rows),
            "value": [value for _, value in rows],
            "flags": [flags] * len(rows),
            "sd": [sd] * len(rows),
        },
        schema=SCHEMA,
    )


def bins(pieces: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=BINS), *bins_of("ams-03", pieces, STEP)])


def binned(pieces: list[pl.DataFrame], agg: Agg) -> dict[int, float]:
    rows = finish(bins(pieces), agg)
    return dict(zip(rows["ts"].cast(pl.Int64) // NS, rows["value"], strict=True))


@pytest.mark.parametrize(
    ("agg", "expected"),
    (
        (Agg.MEAN, {0: 2.0, 10: 7.0}),
        (Agg.MIN, {0: 1.0, 10: 7.0}),
        (Agg.MAX, {0: 3.0, 10: 7.0}),
        (Agg.LAST, {0: 2.0, 10: 7.0}),
        (Agg.COUNT, {0: 3.0, 10: 1.0}),
    ),
)
def test_a_bin_is_named_by_its_start(agg: Agg, expected: dict[int, float]) -> None:
    assert binned([table([(0, 1.0), (3, 3.0), (9, 2.0), (10, 7.0)])], agg) == expected


def test_flags_of_a_bin_are_all_that_occurred_in_it() -> None:
    pieces = [table([(0, 1.0)], flags=1), table([(1, 1.0)], flags=4)]
    assert finish(bins(pieces), Agg.MEAN)["flags"].to_list() == [5]


def test_a_deviation_is_that_of_the_value_that_stands_for_the_bin() -> None:
    pieces = [table([(0, 3.0)], sd=3.0), table([(1, 1.0)], sd=4.0), table([(2, 2.0)])]
    found = {agg: finish(bins(pieces), agg)["sd"].item() for agg in Agg}
    assert found == {
        Agg.MEAN: pytest.approx(12.5**0.5), Agg.MIN: 4.0, Agg.MAX: 3.0, Agg.LAST: None,
        Agg.COUNT: None,
    }  # fmt: skip


@given(ROWS, st.integers(0, 60), st.integers(10, 40))
def test_thinning_is_the_same_however_the_range_is_cut(rows: Rows, cut: int, most: int) -> None:
    span = (0, 201 * NS)
    pieces = pl.concat([thin(table(rows[:cut]), most, *span), table(rows[cut:])])
    if len(rows) > most:
        assert thin(pieces, most, *span).height <= most
    if cut <= most:
        assert thin(pieces, most, *span).equals(thin(table(rows), most, *span))


@given(ROWS, st.integers(10, 80))
def test_the_ends_of_a_series_survive_thinning(rows: Rows, most: int) -> None:
    whole, kept = table(rows), thin(table(rows), most, 0, 201 * NS)
    assert kept.head(1).equals(whole.head(1))
    assert kept.tail(1).equals(whole.tail(1))


@given(ROWS, st.integers(10, 80))
def test_a_thinned_series_is_short_and_keeps_its_extremes_and_real_rows(
    rows: Rows, most: int
) -> None:
    whole = table(rows)
    kept = thin(whole, most, 0, 201 * NS)
    assert kept.height <= most
    assert set(kept.iter_rows()) <= set(whole.iter_rows())
    assert kept["value"].min() == whole["value"].min()
    assert kept["value"].max() == whole["value"].max()
    if whole.height <= most:
        assert kept.equals(whole)


def test_a_narrow_peak_survives_thinning() -> None:
    rows = [(second, 0.0) for second in range(5_000)]
    rows[2_345] = (2_345, 99.0)
    kept = thin(table(rows), 100, 0, 5_000 * NS)
    assert kept.height <= 100
    assert (2_345 * NS, 99.0) in zip(kept["ts"].cast(pl.Int64), kept["value"], strict=True)
