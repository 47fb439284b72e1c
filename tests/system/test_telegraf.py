"""The real Telegraf, through a real broker, by a source of the settings: what the API shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.telegraf import HOST, SHIPPED, Telegraf

from podcore.clock import NS, SystemClock

STATE = "/api/v1/sites/servers/state"
EXPECTED = {
    "cpu_utilization": "%", "cpu0_utilization": "%", "cpu_iowait": "%", "load1": "1",
    "memory_used": "By", "memory_available": "By", "memory_utilization": "%", "uptime": "s",
}  # fmt: skip


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """PodTwin with Telegraf at work before it."""
    folder = tmp_path_factory.mktemp("telegraf")
    with Mosquitto(folder) as broker, Programs(folder) as programs:
        (folder / "podtwin.yaml").write_text(settings(broker.url), encoding="utf-8")
        running = programs.start("run", "--config", folder / "podtwin.yaml", "-o", "json").ready()
        with Telegraf(folder, broker.port) as telegraf:
            running.eventually(lambda: newest(running).keys() >= EXPECTED.keys(), telegraf.said)
            yield running


def settings(broker: str) -> str:
    return f"""\
data_dir: data
broker: {{url: {broker}}}
http: {{port: 0}}
ingest:
  sources:
    - {{topics: telegraf/#, format: influx, map: {SHIPPED / "map.yaml"}}}
"""


def newest(program: Program) -> dict[str, Any]:
    """What is known of the host, by the name of the point."""
    answer = program.get(STATE)
    points = answer.json()["values"] if answer.status_code == 200 else {}
    return {name.removeprefix(f"{HOST}/"): point for name, point in points.items()}


def test_every_point_has_its_unit(receiver: Program) -> None:
    points = newest(receiver)
    assert {name: points[name]["unit"] for name in EXPECTED} == EXPECTED
    assert {point["quality"] for point in points.values()} <= {"good", "out_of_range"}


def test_the_values_are_those_of_the_machine(receiver: Program) -> None:
    points = newest(receiver)
    running_s = SystemClock().now_ns() / NS - psutil.boot_time()
    assert points["uptime"]["v"] == pytest.approx(running_s, abs=120.0)
    memory = points["memory_available"]["v"]
    assert 0 < memory <= psutil.virtual_memory().total
    assert 0.0 <= points["memory_utilization"]["v"] <= 100.0
    cores = [name for name in points if name.startswith("cpu") and name[3].isdigit()]
    assert len(cores) == psutil.cpu_count()


def test_nothing_is_refused_and_the_ledger_is_exact(receiver: Program) -> None:
    status = receiver.json("/api/v1/status")
    assert status["dead_by_reason"] == {}
    messages = status["ledger"]
    assert messages["stored"] > 0
    assert messages["received"] == messages["stored"] + messages["pending"]


def test_its_node_is_born_and_lives(receiver: Program) -> None:
    site = receiver.json("/api/v1/sites/servers")
    assert (site["type"], site["clock"]) == ("none", "live")
