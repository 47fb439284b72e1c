"""Recording a data directory, and replaying it to the digest of the live run."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest
from support.data_dirs import lived, recorded
from support.engine_logs import START_NS, air_dx, live
from support.frames import NS
from support.ingesting import HandClock

from ingest.log import SqliteLog, SqliteLogReader
from podcore.errors import ConfigError
from podtwin import __version__
from podtwin.engine.replay import Replay
from podtwin.pipeline.catalog import list_replays
from podtwin.pipeline.recordings import record, replay
from podtwin.store.recording import Recording

SECONDS = 60


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lived(tmp_path_factory.mktemp("lived") / "data", SECONDS)


@pytest.fixture(scope="module")
def recording(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return Recording(recorded(data_dir, tmp_path_factory.mktemp("recorded") / "one").path)


def test_a_replay_gives_what_the_live_run_gave(recording: Recording, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    done = replay(recording, tmp_path, HandClock(), progress=lambda *counts: seen.append(counts))
    assert done.same is True
    assert done.digest == recording.manifest.digest
    assert done.frames == recording.manifest.frames == 2 * SECONDS + 1
    assert done.steps == SECONDS // 5
    assert seen[-1] == (done.frames, done.frames)


def test_a_replay_leaves_its_results_and_a_note_below_replays(
    data_dir: Path, recording: Recording, tmp_path: Path
) -> None:
    done = replay(recording, tmp_path, HandClock())
    (note,) = list_replays(tmp_path / "replays")
    assert (note.id, note.state, note.digest) == (done.id, "done", done.digest)
    assert note.recording == str(recording.path)
    mine, lived_there = (
        SqliteLogReader(folder / "derived.db", derived=True)
        for folder in (tmp_path / "replays" / done.id, data_dir)
    )
    assert mine.read(0, 100) == lived_there.read(0, 100) != []
    mine.close()
    lived_there.close()


def test_a_paced_replay_takes_its_share_of_the_recorded_time(
    recording: Recording, tmp_path: Path
) -> None:
    clock = HandClock()
    done = replay(recording, tmp_path, clock, speed=10.0)
    assert done.wall_s == pytest.approx(SECONDS / 10.0, rel=0.05)
    assert done.speed == pytest.approx(10.0, rel=0.01)
    assert done.same is True


def test_a_replay_that_is_told_to_stop_ends_early(recording: Recording, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    done = replay(recording, tmp_path, HandClock(), speed=1.0, stop=stop)
    assert done.frames < recording.manifest.frames


def test_a_replay_that_fails_says_so_in_its_note(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Replay, "read_next", broken)
    with pytest.raises(OSError, match="no space"):
        replay(recording, tmp_path, HandClock(), speed=3.0)
    (note,) = list_replays(tmp_path / "replays")
    assert (note.state, note.digest, note.speed) == ("failed", None, 3.0)
    assert note.started_ns == HandClock().now_ns()


def test_a_digest_that_differs_or_is_not_known_is_told_apart(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for digest, same in (("0" * 64, False), (None, None)):
        changed = msgspec.structs.replace(recording.manifest, digest=digest)
        monkeypatch.setattr(recording, "manifest", changed)
        assert replay(recording, tmp_path, HandClock()).same is same


def test_a_range_is_recorded_by_receive_time(data_dir: Path, tmp_path: Path) -> None:
    to_ns = START_NS + 20 * NS
    summary = record(data_dir, tmp_path / "one", HandClock(), (None, to_ns), lambda *_: None)
    assert summary.manifest.to_ns < to_ns
    assert summary.manifest.digest is not None
    with Recording(tmp_path / "one") as opened:
        assert replay(opened, tmp_path, HandClock()).same is True


def test_what_the_engine_has_not_done_yet_is_recorded_without_a_digest(tmp_path: Path) -> None:
    data_dir = lived(tmp_path / "data", 20)
    log = SqliteLog(data_dir / "log.db")
    log.append(list(live(range(20, 40))))
    log.close()
    assert recorded(data_dir, tmp_path / "one").manifest.digest is None


def test_the_manifest_holds_the_registry_and_who_made_it(
    recording: Recording,
) -> None:
    manifest = recording.manifest
    assert [site.id for site in manifest.sites] == [air_dx().id]
    assert manifest.created_at == "2026-11-24T12:00:00Z"
    assert manifest.version == __version__


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no log\.db; name the --data-dir of a run"):
        recorded(tmp_path, tmp_path / "one")
    assert list(tmp_path.iterdir()) == []
