"""The broker's settings that we ship: a real Mosquitto takes them, and keeps what is promised."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.documents import rows, section
from support.mosquitto import Mosquitto
from support.sources import ROOT

from ingest.address import BrokerAddress
from podtwin.pipeline.doctor import Verdict, check_broker

CONFIG = (ROOT / "deploy" / "mosquitto.conf").read_text(encoding="utf-8")


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
        (folder / "mosquitto.conf").write_text(text, encoding="utf-8")


@pytest.mark.system
def test_a_broker_with_the_shipped_settings_keeps_its_queue(tmp_path: Path) -> None:
    broker = ShippedMosquitto(tmp_path)
    broker.start()
    try:
        found = check_broker(BrokerAddress.parse(broker.url), "podtwin-doctor-test")
    finally:
        broker.stop()
    assert found.verdict is Verdict.OK, found.found


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
