from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.mosquitto import Mosquitto
from support.receiver import AckingReceiver, Receiver

ROOT = Path(__file__).parents[3]
CODE = "from podtwin.cli import main; main()"
HEAD = "ts,site,asset,point,source,value,flags,sd\r\n"


def podtwin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def row(second: int, site: str = "ams-03", source: str = "measured") -> str:
    at = f"2026-11-24T00:{second // 60:02d}:{second % 60:02d}Z"
    return f"{at},{site},meter-main,power,{source},{second},0,\r\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """60 s of one site, 10 s of another, and three values of the twin's."""
    path = tmp_path / "a.csv"
    rows = [row(k) for k in range(60)] + [row(k, source="twin") for k in range(3)]
    path.write_text(HEAD + "".join(rows + [row(k, "osl-01") for k in range(10)]), newline="")
    return path


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop(kill=True)


@pytest.mark.system
def test_each_site_is_sent_and_the_same_command_sends_nothing_twice(
    file: Path, mosquitto: Mosquitto
) -> None:
    receiver = Receiver()
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    asked = ("import", str(file), "--broker", mosquitto.url, "--site", "ams-03=lab-01")
    once, again = podtwin(*asked, "-o", "json"), podtwin(*asked)
    acking.close()
    assert (once.returncode, again.returncode) == (0, 0), once.stderr + again.stderr
    said = json.loads(once.stdout)
    assert (said["rows"], said["skipped"]) == (73, {"twin": 3})
    assert [
        (s["site"], s["node"], s["values"], s["acked"], s["acked_before"]) for s in said["sites"]
    ] == [("lab-01", "import", 60, 60, 0), ("osl-01", "import", 10, 10, 0)]
    assert "lab-01: 60 values, 60 messages; acknowledged 60, 60 of them before" in again.stdout
    assert again.stderr == "left out, by source: 3 twin\n"
    assert (len(receiver.messages), receiver.duplicates) == (70, 0)
    assert all(birth.recorded for birth in receiver.births)


@pytest.mark.system
def test_an_import_that_is_refused_ends_with_a_finding_and_the_counts(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    (tmp_path / "a.csv").write_text(HEAD + "".join(map(row, range(20))), newline="")
    receiver = Receiver()
    receiver.refuses = True
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    ended = podtwin("import", str(tmp_path / "a.csv"), "--broker", mosquitto.url)
    acking.close()
    assert ended.returncode == 1
    assert "acknowledged 20, 0 of them before this run; refused 20" in ended.stdout
    assert "refused: 20 of 20 readings were not stored" in ended.stderr
    assert "podtwin deadletter list --node import says why" in ended.stderr


@pytest.mark.system
def test_without_a_broker_it_exits_3_and_says_how_to_go_on(file: Path, tmp_path: Path) -> None:
    ended = podtwin("import", str(file), "--broker", Mosquitto(tmp_path).url, "--give-up", "1")
    assert ended.returncode == 3
    assert "0 of 60 messages are acknowledged; the same command goes on from there" in ended.stderr


@pytest.mark.parametrize(
    ("rows", "arguments", "words"),
    (
        (row(1, source="twin"), (), "holds no measured value (1 twin); export with --source"),
        (row(1), ("--unit", "meter-main/powr=W"), "is no point of the files; nearest is"),
        (row(1), ("--node", "A B"), "--node is 'A B'"),
        (row(1), ("--site", "b=c"), "--site is 'b': is no site of the files, which hold ams-03"),
    ),
)
def test_a_wrong_command_says_what_is_wrong(
    tmp_path: Path, rows: str, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "a.csv").write_text(HEAD + rows, newline="")
    ended = podtwin("import", str(tmp_path / "a.csv"), *arguments)
    assert ended.returncode == 2
    assert words in ended.stderr
