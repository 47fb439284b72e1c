"""The embedded history under the contract, with rows waiting, sealed, and half and half."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from contracts.history import AT, AnyOrderContract, BinnedHistory, Store, query
from support.frames import MIDNIGHT_NS, NS, reading, tick
from support.memory_cursors import MemoryCursors
from support.memory_history import MemoryHistory
from support.memory_log import MemoryLog

from podcore.errors import Unreachable
from podcore.frame import Frame, Source
from podtwin.store import history as embedded
from podtwin.store import parquet
from podtwin.store.history import EmbeddedHistory
from podtwin.store.sealer import Sealer


class Site:
    """A data directory with both logs, into which Frames go as they come."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.log = MemoryLog()
        self.derived = MemoryLog()
        self.cursors = MemoryCursors()
        self.sealer = Sealer(data_dir, self.log, self.derived, self.cursors)

    def add(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            (self.log if frame.source is Source.MEASURED else self.derived).append([frame])

    def seal(self) -> None:
        self.sealer.run_once(force=True)
        self.log.trim(self.cursors.get("sealer/log"))
        self.derived.trim(self.cursors.get("sealer/derived"))

    def merge(self) -> None:
        self.log.append([tick(2_200_000_000 * NS)])  # all dates are past
        self.sealer.run_once()
        while self.sealer.tend():
            pass

    def history(self) -> EmbeddedHistory:
        return EmbeddedHistory(self.data_dir, self.log, self.derived)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


class TestMemoryHistory(AnyOrderContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryHistory


class TestWaiting(AnyOrderContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            site.add(frames)
            return site.history()

        return keep


class TestSealedAndTrimmed(AnyOrderContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            site.add(frames)
            site.seal()
            return site.history()

        return keep


class TestSealedFrameByFrame(AnyOrderContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            for frame in frames:
                site.add([frame])
                site.seal()
            return site.history()

        return keep


class TestMerged(AnyOrderContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            for frame in frames:
                site.add([frame])
                site.seal()
            site.merge()
            return site.history()

        return keep


class TestHalfMerged(AnyOrderContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            half = len(frames) // 2
            for part in (frames[: half // 2], frames[half // 2 : half]):
                site.add(part)
                site.seal()
            site.merge()
            site.add(frames[half:])
            return site.history()

        return keep


class TestHalfSealed(AnyOrderContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            site.add(frames[: len(frames) // 2])
            site.sealer.run_once(force=True)
            site.add(frames[len(frames) // 2 :])
            return site.history()

        return keep


def test_what_is_sealed_is_not_read_from_the_log_again(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT)])
    site.sealer.run_once(force=True)
    asked: list[list[Frame]] = []

    class Watched(MemoryLog):
        def between(self, site: str, from_ns: int, to_ns: int, after: int) -> list[Frame]:
            asked.append(super().between(site, from_ns, to_ns, after))
            return asked[-1]

    watched = Watched()
    watched.frames = site.log.frames
    (found,) = EmbeddedHistory(site.data_dir, watched, site.derived).series(query())
    assert list(found.values) == [1.0]
    assert not any(asked)


def test_rows_sealed_and_trimmed_between_the_two_looks_are_found(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT), reading({"a/x": 2.0}, AT + 86_400 * NS)])

    class SealedMeanwhile(MemoryLog):
        def between(self, name: str, from_ns: int, to_ns: int, after: int) -> list[Frame]:
            site.seal()
            return site.log.between(name, from_ns, to_ns, after)

    history = EmbeddedHistory(site.data_dir, SealedMeanwhile(), site.derived)
    (found,) = history.series(query())
    assert list(found.values) == [1.0, 2.0]


def test_a_file_that_goes_away_between_listing_and_reading_is_looked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add([reading({"a/x": 1.0}, AT)])
    site.seal()
    (file,) = site.data_dir.rglob("*.parquet")
    real = parquet.scan

    def compacted(paths: Sequence[Path]) -> pl.LazyFrame:
        if file.exists():
            file.rename(file.with_name("log-1-7.parquet"))
        return real(paths)

    monkeypatch.setattr(parquet, "scan", compacted)
    (found,) = site.history().series(query())
    assert list(found.values) == [1.0]


def test_files_that_never_stay_end_in_an_error_and_not_in_a_loop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(paths: Sequence[Path]) -> pl.LazyFrame:
        raise FileNotFoundError(paths)

    monkeypatch.setattr(parquet, "scan", gone)
    with pytest.raises(Unreachable, match="change faster"):
        site.history().series(query())


def test_points_of_several_assets_bring_no_others_with_them(site: Site) -> None:
    site.add([reading(dict.fromkeys(("a/x", "a/y", "b/x", "b/y", "c/x"), 1.0), AT)])
    site.seal()
    found = site.history().series(query("a/x", "b/y"))
    assert [series.point for series in found] == ["a/x", "b/y"]


def test_rows_of_an_older_writer_without_a_column_are_read(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT, seq=7)])
    site.seal()
    (file,) = site.data_dir.rglob("*.parquet")
    pl.read_parquet(file).drop("sd", "seq").write_parquet(file)
    (found,) = site.history().series(query())
    assert (list(found.values), found.sd) == ([1.0], None)


def test_a_file_of_another_name_is_read_as_well(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT), reading({"a/x": 2.0}, AT + NS)])
    site.seal()
    (file,) = site.data_dir.rglob("*.parquet")
    file.rename(file.with_name("import-2026.parquet"))
    (found,) = site.history().series(query())
    assert list(found.values) == [1.0, 2.0]


def test_foreign_things_in_the_folder_do_no_harm(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT)])
    site.seal()
    root = site.data_dir / "history"
    (root / "README").write_text("mine")
    (root / "site=ams-03" / "date=yesterday").mkdir()
    (root / "site=ams-03" / "date=2026-11-24" / ".log-2-9.parquet").write_text("half a file")
    (root / "site=../evil").parent.mkdir()
    assert site.history().sites() == ["ams-03"]
    assert len(site.history().series(query())) == 1


def test_any_other_tool_reads_the_folder_as_a_hive(site: Site) -> None:
    frames = [reading({"a/x": 1.0}, AT), reading({"a/x": 2.0}, AT, site="cph-01")]
    site.add(frames)
    site.seal()
    hidden = site.data_dir / "history/site=ams-03/date=2026-11-24/.log-9-9.parquet"
    hidden.write_text("half a file")
    found = pl.scan_parquet(
        site.data_dir / "history", hive_partitioning=True, hidden_file_prefix="."
    ).filter(pl.col("site") == "cph-01")
    row = found.select("site", "asset", "point", "value").collect().row(0)
    assert row == ("cph-01", "a", "x", 2.0)


def test_the_table_has_the_long_columns_and_the_nanoseconds(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT + 1)])
    found = site.history().frame(query())
    assert dict(found.schema) == embedded.LONG_SCHEMA
    assert found["ts"].cast(pl.Int64).to_list() == [AT + 1]
    assert found.row(0)[1:] == ("ams-03", "a", "x", "measured", 1.0, 0, None)


def test_pieces_are_in_time_and_together_the_whole(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [MIDNIGHT_NS + k * 7 * 3600 * NS for k in range(-9, 9)]
    site.add([reading({"a/x": float(k)}, ts) for k, ts in enumerate(times[:13])])
    site.seal()
    site.add([reading({"a/x": float(k + 13)}, ts) for k, ts in enumerate(times[13:])])
    monkeypatch.setattr(embedded, "PIECE_ROWS", 2)
    pieces = list(site.history().frames(query(from_ns=times[1])))
    assert pl.concat(pieces).equals(site.history().frame(query(from_ns=times[1])))
    assert len(pieces) > 6


@pytest.mark.parametrize("sealed", (False, True))
def test_latest_goes_back_seven_dates_that_have_files(site: Site, *, sealed: bool) -> None:
    day = 86_400 * NS
    site.add([reading({f"a/day_{k}": 1.0}, AT - k * day) for k in range(9, -1, -1)])
    if sealed:
        site.seal()
    found = [one.point for one in site.history().latest("ams-03")]
    assert found == [f"a/day_{k}" for k in range(7 if sealed else 10)]
