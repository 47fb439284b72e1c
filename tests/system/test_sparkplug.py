"""An edge node that is no work of ours, through a real broker, to PodTwin as its host."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from support.mosquitto import Mosquitto
from support.program import Program, Programs, eventually
from support.sources import ROOT
from support.sparkplug_node import SparkplugNode, python_with_pysparkplug

from ingest.log import SqliteLogReader
from podcore.frame import STATE, Kind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

MAP = ROOT / "tests" / "recordings" / "sparkplug" / "orderly" / "map.yaml"
HOST_TOPIC, COMMANDS = "spBv1.0/STATE/hall-1", "spBv1.0/Plant 1/NCMD/edge-1"


@dataclass
class Ear:
    """Another client of the broker, which hears all that Sparkplug is."""

    port: int
    heard: list[tuple[str, bytes, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._hear
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", self.port)
        self._client.subscribe("spBv1.0/#", 1)
        self._client.loop_start()
        assert self._subscribed.wait(30.0)

    def _hear(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload), message.retain))

    def states(self) -> list[dict[str, Any]]:
        """What the host said of itself."""
        return [json.loads(payload) for topic, payload, _ in self.heard if topic == HOST_TOPIC]

    def commands(self) -> int:
        """How often the edge node was asked for its births."""
        return sum(topic == COMMANDS for topic, _, _ in self.heard)

    def close(self) -> None:
        """Leaves."""
        self._client.disconnect()
        self._client.loop_stop()


@dataclass
class Stage:
    """All that plays."""

    folder: Path
    host: Program
    node: SparkplugNode
    ear: Ear

    def value(self, point: str) -> float | None:
        """The newest value of a point."""
        answer = self.host.get("/api/v1/sites/lab/state")
        points = answer.json()["values"] if answer.status_code == 200 else {}
        found: float | None = points.get(point, {}).get("v")
        return found

    def came_and_went(self, node: str) -> bool:
        """Whether a node was online once and is no more."""
        return self.node_states(node) == [True, False]

    def node_states(self, node: str) -> list[bool]:
        """What the log says of a node, in order."""
        reader = SqliteLogReader(self.folder / "data" / "log.db")
        try:
            frames = reader.read(0, 2_000)
        finally:
            reader.close()
        return [
            bool(STATE.decode(frame.body).online)
            for frame in frames
            if frame.kind is Kind.STATE and frame.node == node
        ]


def settings(broker: str) -> str:
    return f"""\
data_dir: data
broker: {{url: {broker}}}
http: {{port: 0}}
ingest:
  sources:
    - {{topics: spBv1.0/#, format: sparkplug, map: {MAP}, host: hall-1}}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """The host first, then the edge node, born before its eyes."""
    python = python_with_pysparkplug(tmp_path / "oracle")
    with Mosquitto(tmp_path) as broker, Programs(tmp_path) as programs:
        ear = Ear(broker.port)
        (tmp_path / "podtwin.yaml").write_text(settings(broker.url), encoding="utf-8")
        host = programs.start("run", "--config", tmp_path / "podtwin.yaml", "-o", "json").ready()
        eventually(ear.states, "the host's STATE")
        with SparkplugNode(python, broker.port) as node:
            yield Stage(tmp_path, host, node, ear)
        ear.close()


def test_a_real_edge_node_lives_loses_a_message_is_born_again_and_dies(stage: Stage) -> None:
    def shows(point: str, value: float) -> None:
        eventually(lambda: stage.value(point) == value, f"{point} at {value}")

    assert stage.ear.states()[0]["online"] is True
    shows("edge-1/large", -(2.0**40))
    shows("ahu-1/power", 1_500.0)
    stage.node.tell("update")
    shows("edge-1/small", -2.0)
    assert stage.ear.commands() == 0

    stage.node.tell("lose")
    stage.node.tell("update")
    stage.node.wait_for("rebirth")  # which it was asked for
    assert stage.ear.commands() == 1
    stage.node.tell("update")
    shows("edge-1/small", -4.0)
    status = stage.host.json("/api/v1/status")
    assert (status["dead_by_reason"], status["ledger"]["dead"]) == ({}, 0)

    stage.node.kill()
    for name in ("edge-1", "edge-1-ahu-1"):
        eventually(partial(stage.came_and_went, name), f"{name} gone")


def test_a_host_that_is_killed_is_gone_by_its_will_with_the_time_of_its_connection(
    stage: Stage,
) -> None:
    stage.host.kill()
    gone = eventually(
        lambda: next((state for state in stage.ear.states() if not state["online"]), None),
        "the host's will",
    )
    assert gone["timestamp"] == stage.ear.states()[0]["timestamp"]
