from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from support.data_dirs import filled, lived
from support.engine_logs import air_dx, live
from typer.testing import CliRunner, Result

from podcore.errors import ConfigError
from podtwin.cli.record import record
from podtwin.store.recording import Recording

RUNNER = CliRunner()
APP = typer.Typer()
APP.command()(record)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lived(tmp_path_factory.mktemp("lived") / "data", 40)


def run(data_dir: Path, out: Path, *arguments: str) -> Result:
    done = RUNNER.invoke(APP, ["--data-dir", str(data_dir), "--out", str(out), *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.mark.parametrize("name", ("one", "one.zip"))
def test_it_says_what_it_wrote(data_dir: Path, tmp_path: Path, name: str) -> None:
    said = json.loads(run(data_dir, tmp_path / name, "-o", "json").stdout)
    with Recording(tmp_path / name) as opened:
        manifest = opened.manifest
    assert (said["frames"], said["values"]) == (manifest.frames, manifest.values)
    assert (said["digest"], said["sites"]) == (manifest.digest, 1)
    assert said["recording"] == str(tmp_path / name)
    assert (said["from"], said["to"]) == ("2026-11-23T23:59:59Z", "2026-11-24T00:00:39.2Z")
    assert said["checkpoints"] == 0


def test_a_table_is_a_line_a_fact(data_dir: Path, tmp_path: Path) -> None:
    lines = run(data_dir, tmp_path / "one").stdout.splitlines()
    assert dict(line.split(None, 1) for line in lines)["frames"] == "81"


def test_a_digest_that_is_not_known_yet_is_said_in_words(tmp_path: Path) -> None:
    running = filled(tmp_path / "data", live(range(3)), air_dx())
    assert "not known; the engine" in run(running, tmp_path / "one").stdout
    assert json.loads(run(running, tmp_path / "two", "-o", "json").stdout)["digest"] is None


def test_a_range_ends_before_to(data_dir: Path, tmp_path: Path) -> None:
    to = ("--to", "2026-11-24T00:00:10Z")
    said = json.loads(run(data_dir, tmp_path / "one", *to, "-o", "json").stdout)
    assert said["to"] == "2026-11-24T00:00:09.2Z"


@pytest.mark.parametrize(
    ("arguments", "words"),
    (
        (("--from", "yesterday"), r"--from is 'yesterday': .*a time is"),
        (("--to", "soon"), "--to is 'soon'"),
        (("--from", "2030-01-01T00:00:00Z"), "2026-11-24"),
    ),
)
def test_a_range_that_cannot_be_recorded_is_refused_and_leaves_nothing(
    data_dir: Path, tmp_path: Path, arguments: tuple[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        run(data_dir, tmp_path / "one", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_not_overwritten(data_dir: Path, tmp_path: Path) -> None:
    run(data_dir, tmp_path / "one")
    with pytest.raises(ConfigError, match="exists already"):
        run(data_dir, tmp_path / "one")
