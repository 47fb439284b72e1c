"""Compaction: what it makes of a date, when, and what a crash at any step leaves."""

from __future__ import annotations

import contextlib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, NS, reading, tick
from support.history_files import CrashAt, Data, Killed, everything
from support.memory_cursors import MemoryCursors
from support.memory_history import MemoryHistory

from podcore.frame import Frame, Source
from podcore.ports import SeriesQuery
from podtwin.store import compaction, merge, parquet
from podtwin.store.compaction import plan
from podtwin.store.parquet import SealedFile
from podtwin.store.rows import SCHEMA

DAY_NS = parquet.NS_PER_DAY
HOUR_NS = 3_600 * NS
DATE = "2026-11-24"
LATER = tick(MIDNIGHT_NS + DAY_NS + HOUR_NS)


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


def hourly(hours: int, source: Source = Source.MEASURED) -> list[Frame]:
    return [
        reading({"a/x": k * 1.0, "b/y": -k * 1.0}, MIDNIGHT_NS + k * HOUR_NS, seq=k, source=source)
        for k in range(hours)
    ]


def seal_each(data: Data, frames: list[Frame]) -> MemoryHistory:
    for frame in frames:
        data.seal(frame)
    return MemoryHistory(frames)


def same(data: Data, expected: MemoryHistory) -> bool:
    site = "ams-03"
    held = data.history()
    assert held.series(everything(site)) == expected.series(everything(site))
    assert held.latest(site) == expected.latest(site)
    return held.extent(site) == expected.extent(site)


def test_the_files_of_a_past_date_become_one_that_names_all_their_offsets(data: Data) -> None:
    expected = seal_each(data, [*hourly(4), *hourly(3, Source.TWIN)])
    assert len(data.names(DATE)) == 7
    data.add(LATER)
    data.tend()
    assert data.names(DATE) == ["derived-1-3.parquet", "log-1-4.parquet"]
    assert same(data, expected)


def test_the_one_file_is_sorted_by_point_and_time(data: Data) -> None:
    seal_each(data, hourly(3))
    data.add(LATER)
    data.tend()
    (file,) = (data.data_dir / "history").rglob("*.parquet")
    found = pl.read_parquet(file)
    assert found.select("asset", "value").rows() == [
        ("a", 0.0), ("a", 1.0), ("a", 2.0), ("b", 0.0), ("b", -1.0), ("b", -2.0)
    ]  # fmt: skip
    assert dict(found.schema) == SCHEMA


@pytest.mark.parametrize("nth", range(3))
def test_a_date_is_merged_an_hour_after_its_end_when_nothing_of_it_waits(
    data: Data, nth: int
) -> None:
    seal_each(data, hourly(3))
    early = tick(MIDNIGHT_NS + DAY_NS + HOUR_NS - 1)
    waiting = reading({"a/x": 9.0}, MIDNIGHT_NS + 1, recv_ns=LATER.recv_ns)
    data.add(*([early], [waiting, LATER], [LATER])[nth])
    data.tend()
    assert len(data.names(DATE)) == (3, 3, 1)[nth]


def test_late_values_are_merged_in_and_the_newest_receive_stays(data: Data) -> None:
    frames = hourly(3)
    seal_each(data, frames)
    data.add(LATER)
    data.tend()
    late = reading({"a/x": 77.0}, frames[1].ts_ns, recv_ns=LATER.recv_ns + NS)
    early = reading({"a/x": 88.0}, frames[2].ts_ns, recv_ns=frames[2].ts_ns)
    data.seal(late)
    data.seal(early)
    data.tend()
    assert len(data.names(DATE)) == 1
    assert data.rows() == 6
    assert same(data, MemoryHistory([*frames, late, early]))


def test_a_restart_merges_what_was_left_unmerged(data: Data) -> None:
    expected = seal_each(data, hourly(3))
    data.add(LATER)
    data.start()
    data.tend()
    assert data.names(DATE) == ["log-1-3.parquet"]
    assert same(data, expected)


def test_a_merge_takes_a_few_points_at_a_time(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "HELD_ROWS", 5)
    frames = [
        reading({f"{a}/{p}": k * 1.0 for a in "ab" for p in "xyz"}, MIDNIGHT_NS + k * NS)
        for k in range(4)
    ]
    expected = seal_each(data, frames)
    data.add(LATER)
    steps = CrashAt()
    data.start(steps)
    data.tend()
    assert steps.seen.count("added") == 6
    assert same(data, expected)
    (file,) = (data.data_dir / "history").rglob("*.parquet")
    kept = pl.read_parquet(file).select("asset", "point", "ts")
    assert kept.equals(kept.sort("asset", "point", "ts"))


def test_a_point_of_a_merged_date_is_read_from_one_row_group(
    data: Data, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(merge, "HELD_ROWS", 12)
    of_five = [f"{asset}/{point}" for asset in "ab" for point in "xyz"]
    for k in range(6):
        data.seal(reading(dict.fromkeys(of_five, float(k)), MIDNIGHT_NS + k * NS))
    data.add(LATER)
    data.tend()
    with pl.Config() as config:
        config.set_verbose(True)
        query = SeriesQuery("ams-03", ("b/x",), MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS)
        (found,) = data.history().series(query)
    assert list(found.values) == [float(k) for k in range(6)]
    assert "reading 1 / 3 row groups" in capfd.readouterr().err


def test_a_date_that_goes_on_is_merged_in_parts_of_the_lightest_neighbours() -> None:
    files = [SealedFile(k, k, "log", Path(str(k))) for k in range(1, compaction.MAX_FILES + 4)]
    heavy = {Path("1"), Path("2")}
    found = plan(files, lambda path: 100 if path in heavy else 1, past=False)
    assert [file.first for file in found] == list(range(3, compaction.MAX_FILES + 3))
    assert plan(files[:3], lambda _: 1, past=False) == ()


def test_very_many_files_of_today_end_as_few(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MAX_FILES", 4)
    expected = seal_each(data, hourly(11))
    data.tend()
    assert len(data.names(DATE)) <= 4
    assert same(data, expected)


def test_a_file_of_another_name_is_left_alone(data: Data) -> None:
    expected = seal_each(data, hourly(3))
    first = data.data_dir / f"history/site=ams-03/date={DATE}/log-1-1.parquet"
    first.rename(first.with_name("import.parquet"))
    data.add(LATER)
    data.tend()
    assert data.names(DATE) == ["import.parquet", "log-2-3.parquet"]
    assert same(data, expected)


MERGING = ("added", "written", "synced", "renamed", "removed", "removed")
ROLLING = ("rolled", *("written", "synced", "renamed") * 2)
STEPS = ("cursor", *MERGING, "removed", *MERGING, *ROLLING, *ROLLING)
ROLLED = [
    f"{file}.{width}.parquet" for file in ("derived-1-2", "log-1-3") for width in ("1h", "1m")
]


@pytest.mark.parametrize("trimmed", (False, True))
@pytest.mark.parametrize("nth", range(1, len(STEPS) + 1))
def test_a_kill_after_any_step_loses_nothing_and_leaves_nothing_twice(
    data: Data, nth: int, *, trimmed: bool
) -> None:
    expected = seal_each(data, [*hourly(3), *hourly(2, Source.TWIN)])
    data.add(LATER)
    crash = CrashAt(nth)
    data.start(crash)
    with pytest.raises(Killed):
        data.tend()
    if trimmed:
        data.trim()
    assert same(data, expected)
    data.add(*([LATER] if trimmed else []))  # as ingest does each second
    data.start()
    data.tend()
    assert data.names(DATE) == ["derived-1-2.parquet", "log-1-3.parquet"]
    assert data.rollups(DATE) == ROLLED
    assert data.rows() == 10
    assert same(data, expected)


def test_the_kills_above_reach_every_step(data: Data) -> None:
    seal_each(data, [*hourly(3), *hourly(2, Source.TWIN)])
    data.add(LATER)
    steps = CrashAt()
    data.start(steps)
    data.tend()
    assert sorted(steps.seen) == sorted(STEPS)


def test_a_reader_at_every_step_finds_every_row_once(data: Data) -> None:
    expected = seal_each(data, hourly(4))
    data.trim()
    looked: list[bool] = []
    data.add(LATER)
    data.start(lambda _: looked.append(same(data, expected)))
    data.tend()
    assert looked
    assert all(looked)


def test_a_listing_that_lacks_old_files_and_the_new_one_is_made_again(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = seal_each(data, hourly(3))
    data.trim()
    real, calls = parquet.date_files, []

    def halfway(root: Path, site: str, day: int) -> parquet.DateFiles:
        calls.append(day)
        found = real(root, site, day)
        return parquet.DateFiles(found.sealed[2:]) if len(calls) == 2 else found

    monkeypatch.setattr(parquet, "date_files", halfway)
    found = data.history().series(everything("ams-03"))
    assert found == expected.series(everything("ams-03"))
    assert len(calls) == 4


def test_a_lost_state_database_after_a_merge_rewrites_what_the_log_holds(data: Data) -> None:
    expected = seal_each(data, hourly(3))
    data.add(LATER)
    data.tend()
    data.cursors = MemoryCursors()
    data.start().run_once(force=True)
    data.tend()
    assert data.rows() == 6
    assert same(data, expected)


def test_a_merge_that_the_disk_refuses_leaves_all_as_it_was_and_is_tried_again(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = seal_each(data, hourly(3))
    data.add(LATER)

    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(parquet, "sync", full)
        with pytest.raises(OSError, match="No space"):
            data.tend()
    assert len(data.names(DATE)) == 3
    assert same(data, expected)
    data.tend()
    assert data.names(DATE) == ["log-1-3.parquet"]


values = st.tuples(
    st.integers(-30, 30), st.integers(0, 3), st.floats(allow_nan=False), st.booleans()
)
moves = st.one_of(values, st.sampled_from(("seal", "tend", "trim", "restart")), st.integers(1, 12))


@settings(max_examples=40)
@given(st.lists(moves, max_size=25))
def test_whatever_is_merged_and_killed_the_history_is_the_input(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, int, float, bool] | str | int],
) -> None:
    data = Data(tmp_path_factory.mktemp("data"))
    expected = MemoryHistory()
    data.add(tick(MIDNIGHT_NS + 3 * DAY_NS))
    for step in steps:
        if isinstance(step, tuple):
            hour, delay_ms, value, other = step
            ts_ns = MIDNIGHT_NS + hour * HOUR_NS
            frame = reading(
                {"a/x": value, **({"a/y": value} if other else {})},
                ts_ns,
                recv_ns=ts_ns + delay_ms * 1_000_000,
            )
            data.seal(frame)
            expected.add([frame])
        elif isinstance(step, int):
            with contextlib.suppress(Killed):
                data.start(CrashAt(step))
                data.tend()
            data.start()
        elif step == "restart":
            data.start()
        elif step == "trim":
            data.trim()
        elif step == "seal":
            data.sealer.run_once(force=True)
        else:
            data.tend()
    assert same(data, expected)
