from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer
from support.data_dirs import lived, recorded
from typer.testing import CliRunner, Result

from podcore.errors import ConfigError
from podtwin.cli.replay import parse_speed, replay
from podtwin.pipeline.catalog import list_replays

RUNNER = CliRunner()
APP = typer.Typer()
APP.command()(replay)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived")
    return recorded(lived(folder / "data", 40), folder / "one").path


@pytest.fixture
def recording(original: Path, tmp_path: Path) -> Path:
    """A copy that a test may harm."""
    return Path(shutil.copytree(original, tmp_path / "one"))


def run(recording: Path, *arguments: str) -> Result:
    data_dir = recording.with_name("replayed")
    done = RUNNER.invoke(APP, [str(recording), "--data-dir", str(data_dir), *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def change_manifest(recording: Path, **changes: object) -> None:
    manifest = json.loads((recording / "manifest.json").read_text())
    (recording / "manifest.json").write_text(json.dumps(manifest | changes))


def test_a_replay_that_gives_the_same_is_well(recording: Path) -> None:
    done = run(recording, "-o", "json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["same"]) == (0, True)
    assert said["digest"] == said["recorded_digest"]
    assert (said["frames"], said["steps"]) == (81, 8)
    (note,) = list_replays(recording.with_name("replayed") / "replays")
    assert (note.id, note.state, note.digest) == (said["replay"], "done", said["digest"])


def test_another_digest_than_the_recorded_one_is_a_finding(recording: Path) -> None:
    change_manifest(recording, digest="0" * 64)
    done = run(recording)
    assert done.exit_code == 1
    said = dict(line.split(None, 1) for line in done.stdout.splitlines())
    assert (said["same"], said["recorded_digest"]) == ("False", "0" * 64)


def test_without_a_recorded_digest_there_is_nothing_to_find(recording: Path) -> None:
    change_manifest(recording, digest=None)
    done = run(recording, "-o", "json")
    assert (done.exit_code, json.loads(done.stdout)["same"]) == (0, None)


def test_a_speed_changes_nothing_but_the_pace(recording: Path) -> None:
    fast, paced = (
        json.loads(run(recording, "--speed", speed, "-o", "json").stdout)
        for speed in ("max", "200")
    )
    assert fast["digest"] == paced["digest"]
    assert paced["speed"] <= 200.0


def test_a_speed_is_a_number_above_zero_or_max() -> None:
    assert (parse_speed("max"), parse_speed("2.5")) == (None, 2.5)
    for text in ("0", "-1", "nan", "inf", "fast"):
        with pytest.raises(ConfigError, match=r"--speed is .*a number above 0, or max"):
            parse_speed(text)


def test_what_is_no_recording_is_refused_and_leaves_no_replay(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        run(tmp_path / "foreign")
    assert not (tmp_path / "replayed").exists()
