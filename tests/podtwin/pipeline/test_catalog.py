from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.data_dirs import lived, recorded

from podtwin.api.deps import ReplayInfo
from podtwin.pipeline.catalog import (
    REPLAY_FILE,
    ReplayNote,
    list_recordings,
    list_replays,
    write_replay_note,
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived")
    return recorded(lived(folder / "data", 20), folder / "one").path


def test_where_nothing_was_recorded_or_replayed_nothing_is_listed(tmp_path: Path) -> None:
    assert list_recordings(tmp_path / "recordings") == []
    assert list_replays(tmp_path / "replays") == []


def test_a_recording_is_listed_as_its_manifest_says(recording: Path, tmp_path: Path) -> None:
    shutil.copytree(recording, tmp_path / "b")
    shutil.copytree(recording, tmp_path / "a")
    manifest = json.loads((recording / "manifest.json").read_text())
    listed = list_recordings(tmp_path)
    assert [found.id for found in listed] == ["a", "b"]
    first = listed[0]
    assert (first.path, first.sites) == (str(tmp_path / "a"), ("ams-03",))
    assert (first.frames, first.digest) == (manifest["frames"], manifest["digest"])
    assert (first.from_ns, first.to_ns) == (manifest["from_ns"], manifest["to_ns"])
    assert first.created_ns == 1_795_521_600_000_000_000


@pytest.mark.parametrize(
    "changes", ({"schema": "somebody/else/1"}, {"created_at": "yesterday"}, {"frames": "many"})
)
def test_a_recording_that_cannot_be_understood_hides_no_other(
    recording: Path, tmp_path: Path, changes: dict[str, str]
) -> None:
    shutil.copytree(recording, tmp_path / "good")
    shutil.copytree(recording, tmp_path / "bad")
    manifest = json.loads((recording / "manifest.json").read_text())
    (tmp_path / "bad/manifest.json").write_text(json.dumps(manifest | changes))
    (tmp_path / "empty").mkdir()
    (tmp_path / "a-file").touch()
    assert [found.id for found in list_recordings(tmp_path)] == ["good"]


def test_a_replay_is_listed_as_its_note_says(tmp_path: Path) -> None:
    write_replay_note(tmp_path / "r2", ReplayNote("rec", "running", speed=60.0, started_ns=5))
    write_replay_note(tmp_path / "r1", ReplayNote("rec", "done", 12, "d1", None, 4))
    assert list_replays(tmp_path) == [
        ReplayInfo(
            id="r1", recording="rec", state="done", frames=12, digest="d1", speed=None, started_ns=4
        ),
        ReplayInfo(
            id="r2",
            recording="rec",
            state="running",
            frames=0,
            digest=None,
            speed=60.0,
            started_ns=5,
        ),
    ]


def test_a_later_note_takes_the_place_of_the_earlier(tmp_path: Path) -> None:
    write_replay_note(tmp_path / "r1", ReplayNote("rec", "running"))
    write_replay_note(tmp_path / "r1", ReplayNote("rec", "failed", 3))
    assert [(found.state, found.frames) for found in list_replays(tmp_path)] == [("failed", 3)]


@pytest.mark.parametrize("note", (b"", b"{", b"[]", b'{"recording": "x", "state": "lost"}'))
def test_a_note_that_cannot_be_understood_hides_no_other(tmp_path: Path, note: bytes) -> None:
    write_replay_note(tmp_path / "good", ReplayNote("rec", "running"))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / REPLAY_FILE).write_bytes(note)
    (tmp_path / "empty").mkdir()
    assert [found.id for found in list_replays(tmp_path)] == ["good"]
