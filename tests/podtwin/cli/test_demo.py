"""What `podtwin demo` says and exits with; what it plays is in `tests/system/test_demo.py`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from podcore.ports import Clock
from podtwin.cli.demo import demo
from podtwin.notify.receiver import Received
from podtwin.notify.signing import Verdict
from podtwin.pipeline import demo as player
from podtwin.pipeline.demo import DemoOptions

RUNNER = CliRunner()
APP = typer.Typer()
APP.command()(demo)
BODY = {"type": "alert.firing", "data": {"site": "ams-03", "text": "CRAC-1 is 31.2 °C."}}


class Played:
    """A demo that is over as soon as it began, after one webhook."""

    ended = "duration"
    options: DemoOptions
    existed = False

    def __init__(self, options: DemoOptions, clock: Clock) -> None:
        type(self).options = options
        type(self).existed = options.data_dir.is_dir()
        self.pipeline = SimpleNamespace(url="http://127.0.0.1:8080", broker="mqtt://127.0.0.1:1883")

    def run(self, on_start: Callable[[], None]) -> dict[str, object]:
        on_start()
        body = json.dumps(BODY).encode()
        self.options.on_webhook(Received("msg_1", Verdict.VERIFIED, again=False, body=body))
        return {"ended": self.ended, "sites": len(self.options.sites)}


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> type[Played]:
    monkeypatch.setattr(player, "Demo", Played)
    monkeypatch.setattr(Played, "ended", "duration")
    return Played


def test_it_says_where_the_page_is_and_which_faults_come() -> None:
    done = RUNNER.invoke(APP, ["--sites", "7"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert "PodTwin demo: ams-03, osl-01, lis-02, rkv-01, mad-01 and 2 more" in done.stderr
    assert "open   http://127.0.0.1:8080" in done.stderr
    assert "compressor-trip at ams-03, 60 s after the first live value" in done.stderr
    assert "webhook alert.firing ams-03: CRAC-1 is 31.2 °C." in done.stderr


def test_its_summary_is_one_object_on_stdout() -> None:
    done = RUNNER.invoke(APP, ["--fault", "none", "-o", "json"])
    assert json.loads(done.stdout) == {"ended": "duration", "sites": 3}
    assert "fault" not in done.stderr


def test_what_was_asked_for_is_played(played: type[Played], tmp_path: Path) -> None:
    asked = (
        "--fault", "sensor-stuck:site=osl-01@5s", "--duration", "2m", "--seed", "7",
        "--port", "0", "--mqtt-port", "0", "--data-dir", str(tmp_path),
    )  # fmt: skip
    assert RUNNER.invoke(APP, list(asked)).exit_code == 0
    options = played.options
    assert [(fault.name, fault.site) for fault in options.faults] == [("sensor-stuck", "osl-01")]
    assert (options.duration_s, options.seed, options.data_dir) == (120.0, 7, tmp_path)
    assert (options.port, options.mqtt_port) == (0, 0)
    assert options.process_began_ns > 0


def test_a_temporary_directory_is_removed_and_a_given_one_kept(
    played: type[Played], tmp_path: Path
) -> None:
    RUNNER.invoke(APP, [])
    assert played.existed
    assert not played.options.data_dir.exists()
    RUNNER.invoke(APP, ["--data-dir", str(tmp_path)])
    assert tmp_path.exists()


@pytest.mark.parametrize("form", ("table", "json"))
def test_a_part_that_failed_is_our_fault(
    monkeypatch: pytest.MonkeyPatch, played: type[Played], form: str
) -> None:
    monkeypatch.setattr(played, "ended", "failed")
    done = RUNNER.invoke(APP, ["-o", form])
    assert done.exit_code == 70
    assert ("a part of the demo has failed" in done.stderr) is (form == "table")
