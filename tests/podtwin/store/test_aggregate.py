"""Buckets: nothing invented, nothing lost from sight."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.frame import Source
from podcore.ports import Series
from podcore.quantity import PointKind
from podtwin.store.aggregate import Aggregate, aggregate, default_aggregate, thin


def series(
    ts: Sequence[int],
    values: Sequence[float],
    flags: Sequence[int] | None = None,
    sd: Sequence[float | None] | None = None,
) -> Series:
    return Series("ams-03", "a/x", Source.MEASURED, ts, values, flags or [0] * len(ts), sd)


some_series = st.lists(
    st.tuples(st.integers(0, 10_000), st.floats(-1e9, 1e9), st.integers(0, 63)),
    min_size=1,
    max_size=80,
    unique_by=lambda row: row[0],
).map(lambda rows: series(*(list(column) for column in zip(*sorted(rows), strict=True))))
steps = st.integers(1, 4_000)


@pytest.mark.parametrize(
    ("how", "values"),
    (
        (Aggregate.MEAN, [2.0, 7.0]),
        (Aggregate.MIN, [1.0, 7.0]),
        (Aggregate.MAX, [4.0, 7.0]),
        (Aggregate.LAST, [1.0, 7.0]),
        (Aggregate.COUNT, [3.0, 1.0]),
    ),
)
def test_a_bucket_stands_at_its_start_and_an_empty_one_is_absent(
    how: Aggregate, values: list[float]
) -> None:
    found = aggregate(series([10, 15, 19, 41], [1.0, 4.0, 1.0, 7.0]), 10, how)
    assert list(found.ts_ns) == [10, 40]
    assert list(found.values) == values


def test_the_grid_is_that_of_the_epoch_and_not_of_the_query() -> None:
    found = aggregate(series([7, 12, 13], [1.0, 2.0, 3.0]), 5, Aggregate.COUNT)
    assert list(found.ts_ns) == [5, 10]


def test_flags_of_a_bucket_are_joined() -> None:
    found = aggregate(series([0, 1, 9], [1.0, 1.0, 1.0], [1, 2, 4]), 5, Aggregate.LAST)
    assert list(found.flags) == [3, 4]


def test_a_band_goes_with_the_value_that_was_chosen() -> None:
    given_sd = series([0, 1, 9], [3.0, 1.0, 1.0], sd=[0.3, 0.4, None])
    assert aggregate(given_sd, 5, Aggregate.MAX).sd == [0.3, None]
    assert aggregate(given_sd, 5, Aggregate.COUNT).sd is None
    mean = aggregate(given_sd, 5, Aggregate.MEAN).sd
    assert mean is not None
    assert mean[0] == pytest.approx(math.sqrt((0.09 + 0.16) / 2))
    assert mean[1] is None


def test_counters_and_states_are_never_averaged() -> None:
    assert default_aggregate(PointKind.GAUGE) is Aggregate.MEAN
    assert default_aggregate(PointKind.COUNTER) is Aggregate.LAST
    assert default_aggregate(PointKind.STATE) is Aggregate.LAST


@pytest.mark.parametrize("how", list(Aggregate))
def test_nothing_stays_nothing(how: Aggregate) -> None:
    assert aggregate(series([], []), 10, how) == series([], [])


def test_a_step_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 ns"):
        aggregate(series([1], [1.0]), 0, Aggregate.MEAN)


@given(some_series, steps)
def test_each_bucket_is_what_plain_counting_says(given_series: Series, step: int) -> None:
    buckets: dict[int, list[float]] = {}
    for ts, value in zip(given_series.ts_ns, given_series.values, strict=True):
        buckets.setdefault(ts // step * step, []).append(value)
    expected = {
        Aggregate.MIN: [min(b) for b in buckets.values()],
        Aggregate.MAX: [max(b) for b in buckets.values()],
        Aggregate.LAST: [b[-1] for b in buckets.values()],
        Aggregate.COUNT: [float(len(b)) for b in buckets.values()],
        Aggregate.MEAN: [pytest.approx(math.fsum(b) / len(b), abs=1e-3) for b in buckets.values()],
    }
    for how, values in expected.items():
        found = aggregate(given_series, step, how)
        assert list(found.ts_ns) == list(buckets)
        assert list(found.values) == values


@given(some_series, st.integers(4, 60))
def test_thinning_keeps_ends_and_extremes_and_invents_nothing(
    given_series: Series, max_points: int
) -> None:
    found = thin(given_series, max_points)
    rows = list(zip(given_series.ts_ns, given_series.values, given_series.flags, strict=True))
    kept = list(zip(found.ts_ns, found.values, found.flags, strict=True))
    assert len(kept) <= max(max_points, 4)
    assert set(kept) <= set(rows)
    assert (kept[0], kept[-1]) == (rows[0], rows[-1])
    assert max(found.values) == max(given_series.values)
    assert min(found.values) == min(given_series.values)
    assert list(found.ts_ns) == sorted(set(found.ts_ns))


def test_what_fits_is_left_alone() -> None:
    small = series([1, 2, 3], [1.0, 2.0, 3.0])
    assert thin(small, 4) is small
    with pytest.raises(ValueError, match="at least 4"):
        thin(small, 3)


def test_the_band_is_thinned_with_the_values() -> None:
    many = series(
        list(range(100)), [float(k % 7) for k in range(100)], sd=[float(k) for k in range(100)]
    )
    found = thin(many, 20)
    assert found.sd == [float(ts) for ts in found.ts_ns]
