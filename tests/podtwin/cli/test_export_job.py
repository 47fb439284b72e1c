"""An export broken off at any step and gone on with is the export that was never broken off."""

from __future__ import annotations

import fcntl
from pathlib import Path

import polars as pl
import pytest
from support.frames import MIDNIGHT_NS, NS, reading
from support.history_files import CrashAt, Data, Killed

from podcore.errors import ConfigError
from podcore.frame import Source
from podcore.ports import SeriesQuery
from podtwin.cli.export_job import Asked, ExportJob, Manifest, clipped

DAY_NS = 86_400 * NS
SUFFIXES = (".csv", ".parquet", ".arrows")
STEPS = 2 * 4 + 2  # two for each of four dates, and two for the result


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Three dates of one site and one of another."""
    found = Data(tmp_path_factory.mktemp("data"))
    for k in range(9):
        found.seal(reading({"a/x": k / 7, "b/y": float(-k)}, MIDNIGHT_NS + k * DAY_NS // 3))
    found.seal(reading({"a/x": 5.0}, MIDNIGHT_NS, site="cph-01"))
    return found


@pytest.fixture
def manifest(data: Data) -> Manifest:
    wanted = []
    for site in ("ams-03", "cph-01"):
        extent = data.history().extent(site)
        assert extent is not None
        wanted.append(clipped(SeriesQuery(site, (), 0, 2**62, (Source.MEASURED,)), extent))
    return Manifest(Asked(("*",), "now-9w", "now", "measured"), 7, tuple(wanted))


def read(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path)
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ipc_stream(path)


def test_parts_are_the_dates_that_hold_anything(manifest: Manifest) -> None:
    spans = [(part.site, part.from_ns - MIDNIGHT_NS) for part in manifest.parts()]
    days = [("ams-03", 0), ("ams-03", DAY_NS), ("ams-03", 2 * DAY_NS), ("cph-01", 0)]
    assert spans == days


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("nth", range(1, STEPS + 1))
def test_a_kill_after_any_step_is_gone_on_from(
    data: Data, manifest: Manifest, tmp_path: Path, suffix: str, nth: int
) -> None:
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    ExportJob(whole).begin(manifest)
    assert ExportJob(whole).run(data.history(), manifest) == 19
    killed = ExportJob(out, CrashAt(nth))
    killed.begin(manifest)
    with pytest.raises(Killed):
        killed.run(data.history(), manifest)
    assert out.exists() == (nth == STEPS)
    left = ExportJob(out).unfinished()
    assert left == manifest
    assert ExportJob(out).run(data.history(), left) == 19
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(tmp_path.iterdir()) == [out, whole]
    assert read(out)["value"].to_list()[-1] == 5.0


def test_what_is_there_is_not_asked_for_again(
    data: Data, manifest: Manifest, tmp_path: Path
) -> None:
    job = ExportJob(tmp_path / "out.csv", CrashAt(6))
    job.begin(manifest)
    with pytest.raises(Killed):
        job.run(data.history(), manifest)
    told: list[tuple[int, int]] = []
    asked: list[str] = []

    class Watched:
        def frames(self, query: SeriesQuery) -> object:
            asked.append(query.site)
            return data.history().frames(query)

    ExportJob(tmp_path / "out.csv").run(Watched(), manifest, lambda *now: told.append(now))  # type: ignore[arg-type] # as `frames`
    assert asked == ["cph-01"]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_two_at_once_are_not_let_into_one_file(
    data: Data, manifest: Manifest, tmp_path: Path
) -> None:
    job = ExportJob(tmp_path / "out.csv")
    job.begin(manifest)
    with (tmp_path / ".out.csv.export/.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another process exports into this file"):
            job.run(data.history(), manifest)
