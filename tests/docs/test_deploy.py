"""The broker's settings that we ship: a real Mosquitto takes them, and keeps what is promised."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.components import require
from support.documents import rows, section
from support.mosquitto import Mosquitto
from support.sources import ROOT

from ingest.address import BrokerAddress
from podtwin.pipeline.checks import Verdict
from podtwin.pipeline.doctor_broker import check_broker

CONFIG = (ROOT / "deploy" / "mosquitto.conf").read_text(encoding="utf-8")


def run(program: Path, *arguments: str) -> str:
    """What a client of the broker prints."""
    return subprocess.run(
        [program, *arguments], check=True, capture_output=True, text=True, timeout=60
    ).stdout


class ShippedMosquitto(Mosquitto):
    """With the file of the project; only port and folder are the test's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        text = re.sub(
            r"^listener .*", f"listener {self.port} 127.0.0.1", CONFIG, flags=re.MULTILINE
        )
        text = re.sub(
            r"^persistence_location .*", f"persistence_location {folder}/", text, flags=re.MULTILINE
        )
        # As root it would step down, and go on without persistence in a folder that is not its.
        user = "user root\n" if os.geteuid() == 0 else ""
        (folder / "mosquitto.conf").write_text(text + user, encoding="utf-8")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ShippedMosquitto]:
    with ShippedMosquitto(tmp_path) as started:
        yield started


@pytest.mark.system
def test_a_broker_with_the_shipped_settings_keeps_its_queue(broker: ShippedMosquitto) -> None:
    found = check_broker(BrokerAddress.parse(broker.url), "podtwin-doctor-test")
    assert found.verdict is Verdict.OK, found.found


@pytest.mark.system
def test_a_queue_outlives_a_restart_of_the_broker(broker: ShippedMosquitto) -> None:
    away = ("-c", "-i", "away", "-q", "1", "-t", "podtwin/v1/#", "-p", str(broker.port))
    run(require("mosquitto_sub", "come back for a queue"), "-E", *away)
    to = ("-q", "1", "-t", "podtwin/v1/a/b/telemetry", "-m", "kept", "-p", str(broker.port))
    run(require("mosquitto_pub", "publish"), *to)
    broker.stop()
    broker.start()
    said = run(require("mosquitto_sub", "come back for a queue"), *away, "-C", "1", "-W", "20")
    assert said == "kept\n"


def test_the_settings_that_the_page_explains_are_those_of_the_file() -> None:
    explained = {
        name: value
        for names, values, _ in rows(section("docs/operations.md", "## The broker"))
        for name, value in zip(names.split(", "), values.split(", "), strict=True)
    }
    assert explained
    shipped = dict(re.findall(r"^(\w+) (\S+)", CONFIG, re.MULTILINE))
    assert {name: shipped.get(name) for name in explained} == explained


def test_the_shipped_broker_listens_to_this_machine_alone() -> None:
    assert re.findall(r"^listener .*", CONFIG, re.MULTILINE) == ["listener 1883 127.0.0.1"]
