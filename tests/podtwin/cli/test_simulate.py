from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.mosquitto import Mosquitto
from support.receiver import AckingReceiver, Receiver

from podcore.errors import ConfigError
from podtwin.agent.simulation import LIVE, Script
from podtwin.cli.simulate import _not_again, _script

ROOT = Path(__file__).parents[3]
CODE = "from podtwin.cli import main; main()"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop(kill=True)


def test_a_speed_of_one_is_live() -> None:
    assert _script(1.0, None) is LIVE
    assert _script(1.0, 60.0) is LIVE


def test_another_speed_plays_a_stretch_of_the_past() -> None:
    assert _script(60.0, 120.0) == Script(120.0, 1.0, 60.0, live=False)
    assert _script(None, 120.0) == Script(120.0, 1.0, None, live=False)


def test_another_speed_needs_a_stretch_to_play() -> None:
    with pytest.raises(ConfigError, match=r"add e\.g\. --duration 2h"):
        _script(None, None)


def test_a_live_plant_may_play_a_stretch_of_the_past_first() -> None:
    assert _script(1.0, None, 7_200.0) == Script(7_200.0, 5.0, None, live=True)


def test_a_stretch_before_the_present_needs_a_live_plant() -> None:
    with pytest.raises(ConfigError, match="plays the past alone"):
        _script(None, 120.0, 60.0)


def test_an_outbox_that_has_had_its_past_goes_on_live(tmp_path: Path) -> None:
    script, outbox = Script(past_s=7_200.0), tmp_path / "ams-03.gw-1.db"
    assert _not_again(script, outbox) is script
    outbox.touch()
    assert _not_again(script, outbox) is LIVE


def test_the_past_alone_is_played_again_on_an_outbox_that_is_there(tmp_path: Path) -> None:
    script, outbox = Script(past_s=60.0, live=False), tmp_path / "ams-03.gw-1.db"
    outbox.touch()
    assert _not_again(script, outbox) is script


@pytest.mark.system
def test_ten_minutes_of_the_past_of_two_sites_are_acknowledged(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    receiver = Receiver()
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    truth = tmp_path / "truth.jsonl"
    faults = ("--fault", "coil-fouling:site=ams-03@1m/ramp=5m", "--truth", str(truth))
    options = ("--sites", "2", "--speed", "max", "--duration", "10m", "-o", "json", *faults)
    where = ("--broker", mosquitto.url, "--data-dir", str(tmp_path / "data"))
    ended = subprocess.run(
        [sys.executable, "-c", CODE, "simulate", *options, *where],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    acking.close()
    counts = {"sites": 2, "messages": 1_200, "waiting": 0, "dropped": 0}
    assert json.loads(ended.stdout) == counts
    assert len(receiver.messages) == 1_200
    assert all(birth.recorded for birth in receiver.births)
    assert sorted(file.name for file in (tmp_path / "data" / "outbox").glob("*.db")) == [
        "ams-03.gw-1.db",
        "osl-01.gw-1.db",
    ]
    assert [json.loads(line)["fault"] for line in truth.read_text().splitlines()] == [
        "coil-fouling"
    ]
