from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.mosquitto import Mosquitto
from support.receiver import AckingReceiver, Receiver

ROOT = Path(__file__).parents[3]
CODE = "from podtwin.cli import main; main()"
MAPPING = ("--site", "s", "--node", "n", "--time", "t", "--map", "p=a/power:W")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", CODE, *arguments]


def podtwin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text("t,p\n" + "".join(f"2026-11-24T14:{n:02d}:00,{n}\n" for n in range(60)))
    return path


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop(kill=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    (
        (("--map", "q=b/power:W"), "--map is 'q': is no column of the file"),
        (("--map", "p"), "a mapping is column=asset/point:unit"),
        (("--speed", "0"), "a speed is a number above 0, or max"),
        (("--broker", "http://h"), "a broker speaks mqtt or mqtts"),
        (("--site", "S"), "--site is 'S': an id is"),
    ),
)
def test_a_wrong_flag_is_named_with_its_rule_and_exits_2(
    file: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = podtwin("publish", str(file), *MAPPING, *arguments)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert ended.stdout == ""


@pytest.mark.system
def test_without_a_broker_it_exits_3_and_says_how_to_go_on(file: Path, tmp_path: Path) -> None:
    nobody = Mosquitto(tmp_path).url
    ended = podtwin("publish", str(file), *MAPPING, "--broker", nobody, "--give-up", "1")
    assert ended.returncode == 3
    assert "is a broker there? 0 of 60 messages are acknowledged" in ended.stderr


@pytest.mark.system
def test_it_says_once_what_it_assumed_and_prints_one_object(
    file: Path, mosquitto: Mosquitto
) -> None:
    receiver = Receiver()
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    to_it = ("--broker", mosquitto.url, "-o", "json")
    part = podtwin("publish", str(file), *MAPPING, *to_it, "--max-messages", "20")
    rest = podtwin("publish", str(file), *MAPPING, *to_it)
    acking.close()
    assert part.returncode == rest.returncode == 0
    assert part.stderr.count("has no time zone; taken as UTC") == 1
    assert json.loads(part.stdout)["acked"] == 20
    printed = json.loads(rest.stdout)
    assert {key: printed[key] for key in ("rows", "messages", "points", "acked")} == {
        "rows": 60,
        "messages": 60,
        "points": 60,
        "acked": 60,
    }
    assert printed["acked_before"] == 20
    assert receiver.duplicates == 0


@pytest.mark.system
def test_ctrl_c_leaves_in_order_and_says_how_to_go_on(file: Path, mosquitto: Mosquitto) -> None:
    receiver = Receiver()
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    process = subprocess.Popen(
        command("publish", str(file), *MAPPING, "--broker", mosquitto.url, "--speed", "1"),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert receiver.first_message.wait(20.0)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20.0)
    acking.close()
    assert process.returncode == 130
    assert "of 60 messages are acknowledged; the same command goes on from there" in said
