"""Bins from rollups: used where they hold, the same numbers as from rows, whatever happens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, NS, reading, tick
from support.history_files import CrashAt, Data, Killed
from support.memory_history import MemoryHistory

from podcore.frame import Flag, Frame, Source
from podcore.ports import SeriesQuery
from podtwin.store import bins, rollup_files
from podtwin.store.bins import BINS
from podtwin.store.parquet import NS_PER_DAY
from podtwin.store.rollup import HOUR, MINUTE

DATE = "2026-11-24"
HOUR_NS, MINUTE_NS = HOUR.width_ns, MINUTE.width_ns
LATER = tick(MIDNIGHT_NS + 40 * NS_PER_DAY)
ALL = (Source.MEASURED, Source.TWIN)
PERIOD_S = 60  # of the points below: too thin for minutes, dense enough for hours


def frames_of(day: int, begin_s: int = 0, end_s: int = 86_400) -> list[Frame]:
    begin_ns = MIDNIGHT_NS + day * NS_PER_DAY
    return [
        reading({"a/x": second / 7 + day, "b/y": -second / 3}, begin_ns + second * NS, seq=second)
        for second in range(begin_s, end_s, PERIOD_S)
    ]


def query(*points: str, from_ns: int = 0, to_ns: int = 2**62) -> SeriesQuery:
    return SeriesQuery("ams-03", points, from_ns, to_ns, ALL)


def table(found: Iterator[pl.DataFrame]) -> pl.DataFrame:
    tables = [pl.DataFrame(schema=BINS), *found]
    return pl.concat(tables).sort("asset", "point", "source", "ts")


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """Three dates, merged and rolled up."""
    found = Data(tmp_path)
    found.seal(*(frame for day in range(3) for frame in frames_of(day)))
    found.add(LATER)
    found.tend()
    return found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The spans that were read as rows, in hours since the first midnight."""
    spans: list[tuple[int, int]] = []
    real = bins.BinReader.__init__

    def watched(self: bins.BinReader, root: Path, tails: object, rows: bins.Rows) -> None:
        def noted(asked: SeriesQuery) -> Iterator[pl.DataFrame]:
            hours = [(at - MIDNIGHT_NS) // HOUR_NS for at in (asked.from_ns, asked.to_ns - 1)]
            spans.append((hours[0], hours[1]))
            yield from rows(asked)

        real(self, root, tails, noted)  # type: ignore[arg-type] # as it came

    monkeypatch.setattr(bins.BinReader, "__init__", watched)
    return spans


def test_each_past_date_gets_its_rollups_beside_the_history(data: Data) -> None:
    (name,) = data.names(DATE)
    stem = name.removesuffix(".parquet")
    assert data.rollups(DATE) == [f"{stem}.1h.parquet", f"{stem}.1m.parquet"]
    assert not [path for path in (data.data_dir / "history").rglob("*") if "1h" in path.name]
    assert data.sealer.upkeep().rollups == 3


def test_a_rollup_says_the_least_the_mean_the_greatest_and_how_many(data: Data) -> None:
    (path,) = (data.data_dir / "rollups").rglob(f"date={DATE}/*.1h.parquet")
    found = pl.read_parquet(path).filter(pl.col("point") == "x")
    assert found.height == 24
    assert found.select("min", "max", "last", "count").row(1) == (
        3_600 / 7,
        7_140 / 7,
        7_140 / 7,
        60,
    )
    assert found["mean"][1] == pytest.approx(5_370 / 7)


def test_whole_dates_are_read_from_rollups_alone(data: Data, read: list[tuple[int, int]]) -> None:
    whole = query(from_ns=MIDNIGHT_NS, to_ns=MIDNIGHT_NS + 3 * NS_PER_DAY)
    found = table(data.history().bins(whole, HOUR_NS))
    assert (found.height, read) == (2 * 72, [])


def test_the_ends_of_a_range_are_read_as_rows(data: Data, read: list[tuple[int, int]]) -> None:
    asked = query(
        from_ns=MIDNIGHT_NS + HOUR_NS // 2, to_ns=MIDNIGHT_NS + NS_PER_DAY + 5 * HOUR_NS // 2
    )
    plain = MemoryHistory(frame for day in range(3) for frame in frames_of(day))
    found = table(data.history().bins(asked, 2 * HOUR_NS))
    assert found.equals(table(plain.bins(asked, 2 * HOUR_NS)))
    assert read == [(0, 0), (26, 26)]


def test_a_step_that_no_rollup_divides_is_read_as_rows(
    data: Data, read: list[tuple[int, int]]
) -> None:
    table(data.history().bins(query("a/x", from_ns=MIDNIGHT_NS), 7 * NS))
    assert len(read) == 1


def test_thin_series_are_read_as_rows(data: Data, read: list[tuple[int, int]]) -> None:
    (path,) = (data.data_dir / "rollups").rglob(f"date={DATE}/*.1m.parquet")
    assert pl.read_parquet(path)["count"].to_list() == [0, 0]
    asked = query("a/x", from_ns=MIDNIGHT_NS, to_ns=MIDNIGHT_NS + NS_PER_DAY)
    assert table(data.history().bins(asked, MINUTE_NS)).height == 1_440
    assert read == [(0, 23)]


def test_dense_and_thin_series_of_one_query_come_both(tmp_path: Path) -> None:
    data, frames = Data(tmp_path), []
    for second in range(0, 7_200, 5):
        values = {"a/x": second / 9} | ({"b/y": second / 3} if second % 60 == 0 else {})
        frames.append(reading(values, MIDNIGHT_NS + second * NS))
    data.seal(*frames)
    data.add(LATER)
    data.tend()
    found = table(data.history().bins(query(), 5 * MINUTE_NS))
    assert found.equals(table(MemoryHistory(frames).bins(query(), 5 * MINUTE_NS)))


def test_late_values_are_in_the_bins_before_and_after_they_are_merged(
    data: Data, read: list[tuple[int, int]]
) -> None:
    plain = MemoryHistory(frame for day in range(3) for frame in frames_of(day))
    at = MIDNIGHT_NS + NS_PER_DAY + 7 * HOUR_NS + 17 * NS
    late = [
        reading({"a/x": 1e6}, at, recv_ns=LATER.recv_ns, flags=Flag.LATE),
        reading({"b/y": 7.0}, at - 17 * NS, recv_ns=LATER.recv_ns, flags=Flag.LATE),
    ]
    plain.add(late)
    span = query(from_ns=MIDNIGHT_NS, to_ns=MIDNIGHT_NS + 3 * NS_PER_DAY)
    expected = table(plain.bins(span, HOUR_NS))
    data.add(*late)
    assert table(data.history().bins(span, HOUR_NS)).equals(expected)  # waiting in the log
    data.seal()
    assert table(data.history().bins(span, HOUR_NS)).equals(expected)  # in a file of their own
    assert read == [(24, 47), (24, 47)]
    before = data.rollups("2026-11-25")
    data.tend()
    assert table(data.history().bins(span, HOUR_NS)).equals(expected)  # merged, and rolled anew
    assert len(read) == 2
    assert len(data.rollups("2026-11-25")) == 2
    assert not {*data.rollups("2026-11-25")} & {*before}


def test_what_waits_in_a_date_without_files_is_found(data: Data) -> None:
    data.trim()
    (data.data_dir / "history/site=ams-03/date=2026-11-25").rename(data.data_dir / "away")
    waiting = reading({"a/x": 5.0}, MIDNIGHT_NS + NS_PER_DAY + NS, recv_ns=LATER.recv_ns)
    data.add(waiting)
    found = table(data.history().bins(query("a/x", from_ns=MIDNIGHT_NS), NS_PER_DAY))
    assert found["count"].to_list() == [1_440, 1, 1_440]


def test_a_file_of_another_name_makes_its_date_one_of_rows(
    data: Data, read: list[tuple[int, int]]
) -> None:
    row = pl.read_parquet(next((data.data_dir / "history").rglob("*.parquet"))).head(1)
    row = row.with_columns(pl.lit(1e9).alias("value"), pl.col("ts").dt.offset_by("1ns"))
    row.write_parquet(data.data_dir / f"history/site=ams-03/date={DATE}/mine.parquet")
    found = table(data.history().bins(query("a/x", from_ns=MIDNIGHT_NS), HOUR_NS))
    assert found["max"][0] == 1e9
    assert read[0] == (0, 23)


@pytest.mark.parametrize("kept", (0, 400))
def test_a_damaged_rollup_is_passed_over_and_made_again(data: Data, kept: int) -> None:
    whole = query(from_ns=MIDNIGHT_NS, to_ns=MIDNIGHT_NS + 3 * NS_PER_DAY)
    expected = table(data.history().bins(whole, HOUR_NS))
    (path,) = (data.data_dir / "rollups").rglob(f"date={DATE}/*.1h.parquet")
    good = path.read_bytes()
    path.write_bytes(good[:kept])
    assert table(data.history().bins(whole, HOUR_NS)).equals(expected)
    data.start()
    data.tend()
    assert path.read_bytes() == good


def test_a_rollup_of_other_content_is_made_again(data: Data) -> None:
    one, other = sorted((data.data_dir / "rollups").rglob("*.1h.parquet"))[:2]
    good = one.read_bytes()
    one.write_bytes(other.read_bytes())
    data.start()
    data.tend()
    assert one.read_bytes() == good


def test_rollups_go_with_their_date(data: Data) -> None:
    data.start(keep_ns=NS_PER_DAY)
    data.tend()
    dates = {path.parent.name for path in (data.data_dir / "rollups").rglob("*.parquet")}
    assert dates == {"date=2026-11-25", "date=2026-11-26"}


def test_rollups_of_a_date_that_a_person_removed_go_too(data: Data) -> None:
    (data.data_dir / f"history/site=ams-03/date={DATE}").rename(data.data_dir / "away")
    data.start()
    data.tend()
    assert data.rollups(DATE) == []


def test_a_replaced_log_leaves_no_rollup_of_the_old_one(data: Data) -> None:
    fresh = Data(data.data_dir)  # its log and its cursors begin anew
    fresh.sealer.run_once()
    assert fresh.rollups(DATE) == []


late = st.tuples(
    st.integers(0, 9) | st.integers(0, 2 * 24 * 60), st.floats(-1e3, 1e3), st.sampled_from("xy")
)
moves = st.one_of(late, st.sampled_from(("seal", "tend", "trim")), st.integers(1, 16))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.lists(moves, max_size=12), st.sampled_from((5 * MINUTE_NS, HOUR_NS, NS_PER_DAY)))
def test_whatever_comes_late_and_is_killed_bins_are_those_of_the_input(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, float, str] | str | int],
    step_ns: int,
) -> None:
    data = Data(tmp_path_factory.mktemp("data"))
    frames = [
        reading({"a/x": k / 7, "a/y": -k / 3}, MIDNIGHT_NS + k * 5 * NS) for k in range(1_440)
    ]
    data.seal(*frames)
    data.add(LATER)
    expected = MemoryHistory(frames)
    for step in steps:
        if isinstance(step, tuple):
            minute, value, point = step
            at = MIDNIGHT_NS + minute * MINUTE_NS
            frame = reading({f"a/{point}": value}, at, recv_ns=LATER.recv_ns)
            data.add(frame)
            expected.add([frame])
        elif isinstance(step, int):
            with contextlib.suppress(Killed):
                data.start(CrashAt(step))
                data.tend()
            data.start()
        elif step == "seal":
            data.sealer.run_once(force=True)
        elif step == "trim":
            data.trim()
        else:
            data.tend()
        found = table(data.history().bins(query(), step_ns))
        assert found.equals(table(expected.bins(query(), step_ns)))


@pytest.mark.parametrize("nth", range(1, 16))
def test_a_kill_after_any_step_of_a_rollup_leaves_the_same_bins(tmp_path: Path, nth: int) -> None:
    data, frames = Data(tmp_path), frames_of(0, 0, 7_200)
    data.seal(*frames)
    data.seal(reading({"a/x": 1.0}, MIDNIGHT_NS + NS))
    expected = MemoryHistory([*frames, reading({"a/x": 1.0}, MIDNIGHT_NS + NS)])
    data.add(LATER)
    crash = CrashAt(nth)
    data.start(crash)
    with contextlib.suppress(Killed):
        data.tend()
    for _ in range(2):
        found = table(data.history().bins(query(), HOUR_NS))
        assert found.equals(table(expected.bins(query(), HOUR_NS)))
        data.start()
        data.tend()
    assert len(data.rollups(DATE)) == 2
    assert rollup_files.root_of(data.data_dir / "history") == data.data_dir / "rollups"
