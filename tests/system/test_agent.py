"""The agent on this very machine: seen live, killed, cut off, and gone on with where it was."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from support.modbus_server import ModbusServer, words
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.redfish_service import RedfishHandler, RedfishService, modern
from support.snmp_agent import COMMUNITY, SnmpAgent
from support.sources import ROOT

from ingest.log import SqliteLogReader
from podcore.frame import Kind
from podtwin.agent.devices.device import Health
from podtwin.cli.app import UNREACHABLE

SITE, NODE = "lab-02", "host-01"
POINT = f"{NODE}/cpu_utilization"


def start_receiver(programs: Programs, broker: Mosquitto, *options: object) -> Program:
    where = ("--broker", broker.url, "--port", 0, "--data-dir", "data", "-o", "json")
    return programs.start("run", *where, *options)


def start_agent(programs: Programs, broker: Mosquitto, *options: object) -> Program:
    where = ("--site", SITE, "--node", NODE, "--broker", broker.url, "--data-dir", "agent")
    return programs.start("agent", *where, "--period", "1s", "-o", "json", *options)


def values(receiver: Program) -> dict[str, Any]:
    answer = receiver.get(f"/api/v1/sites/{SITE}/state")
    return dict(answer.json()["values"]) if answer.is_success else {}


def shown_live(receiver: Program) -> bool:
    found = values(receiver).get(POINT, {})
    return found.get("v") is not None and found["quality"] == "good" and found["age_s"] < 10.0


def is_online(receiver: Program) -> bool | None:
    nodes = receiver.json(f"/api/v1/sites/{SITE}")["nodes"]
    return {node["id"]: node["online"] for node in nodes}.get(NODE)


def numbers(folder: Path) -> list[tuple[str, int]]:
    """Boot and seq of all readings of the log, in its order."""
    reader = SqliteLogReader(folder / "data" / "log.db")
    frames = reader.read(0, 100_000)
    return [(frame.boot, frame.seq or 0) for frame in frames if frame.kind is Kind.READING]


def outbox(folder: Path) -> tuple[str, int, int]:
    """Boot, what is confirmed, and what waits, of an agent that has ended."""
    file = folder / "agent" / "outbox" / f"{SITE}.{NODE}.db"
    with sqlite3.connect(file) as connection:
        boot, confirmed = connection.execute("SELECT boot, confirmed FROM outbox").fetchone()
        (waiting,) = connection.execute("SELECT count(*) FROM messages").fetchone()
    connection.close()
    return boot, confirmed, waiting


@pytest.mark.parametrize(
    "known",
    (True, pytest.param(False, marks=pytest.mark.slow)),
    ids=("a site with a file", "a site that is found"),
)
def test_this_host_is_live_on_the_page_and_goes_on_after_a_kill(
    programs: Programs, broker: Mosquitto, tmp_path: Path, *, known: bool
) -> None:
    file = ("--sites", ROOT / "examples" / "agent-site.yaml") if known else ()
    receiver = start_receiver(programs, broker, *file).ready()
    agent = start_agent(programs, broker)
    receiver.eventually(lambda: shown_live(receiver), "a live utilisation")
    found = values(receiver)
    assert 0.0 <= found[POINT]["v"] <= 100.0
    assert found[POINT]["unit"] == "%"
    assert found[f"{NODE}/memory_used"]["v"] > 0.0
    assert is_online(receiver)

    agent.kill()
    receiver.eventually(lambda: is_online(receiver) is False, "offline, said by the broker")
    boot, confirmed, waiting = outbox(tmp_path)
    before = confirmed + waiting
    agent = start_agent(programs, broker)
    receiver.eventually(lambda: len(numbers(tmp_path)) > before + 1, "readings after the kill")
    assert agent.interrupt().summary["waiting"] == 0
    receiver.interrupt()
    stored = numbers(tmp_path)
    assert {name for name, _ in stored} == {boot}
    assert sorted(seq for _, seq in stored) == list(range(1, len(stored) + 1))
    assert outbox(tmp_path) == (boot, len(stored), 0)


@pytest.mark.slow
def test_what_was_read_while_broker_and_receiver_were_away_arrives_whole(
    programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    broker.stop(kill=True)
    cut = start_agent(programs, broker, "--duration", "5s").wait()
    waiting = cut.summary["waiting"]
    assert waiting == cut.summary["messages"] > 0
    assert cut.code == UNREACHABLE
    assert "nobody acknowledged anything" in cut.err
    broker.start()
    receiver = start_receiver(programs, broker).ready()
    agent = start_agent(programs, broker)
    receiver.eventually(lambda: len(numbers(tmp_path)) > waiting, "what waited, and more")
    assert agent.interrupt().code == 0
    ledger = receiver.interrupt().summary["ledger"]
    stored = numbers(tmp_path)
    assert sorted(seq for _, seq in stored) == list(range(1, len(stored) + 1))
    assert (ledger["stored"], ledger["dead"]) == (len(stored), 0)


@pytest.mark.slow
def test_devices_beside_the_host_are_live_whatever_becomes_of_one_of_them(
    programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    meter = {42: [*words("f", 231.5), *[0] * 8, *words("f", 8123.0)], 70: [0] * 4}
    pdu: dict[str, int | str] = {"1.3.6.1.4.1.9.1.0": 412}
    released = threading.Event()

    def hang(_handler: RedfishHandler) -> None:
        released.wait(60)

    (tmp_path / "community").write_text(COMMUNITY, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(
        "schema: podtwin/snmp-map/1\nobjects:\n  - {point: power, oid: 1.3.6.1.4.1.9.1.0}\n",
        encoding="utf-8",
    )
    with (
        ModbusServer(inputs=meter) as modbus,
        RedfishService(modern()) as redfish,
        SnmpAgent(pdu) as snmp,
    ):
        redfish.special["/redfish/v1/Chassis"] = hang
        file = tmp_path / "devices.yaml"
        file.write_text(
            "schema: podtwin/devices/1\nperiod_s: 1\n"
            f"modbus: [{{id: meter-1, host: 127.0.0.1, port: {modbus.port}, map: meter}}]\n"
            f"redfish: [{{id: bmc, url: '{redfish.url}'}}]\n"
            f"snmp: [{{id: pdu-1, host: 127.0.0.1, port: {snmp.port}, map: own.yaml,"
            " community_file: community}]\n",
            encoding="utf-8",
        )
        receiver = start_receiver(programs, broker).ready()
        agent = start_agent(programs, broker, "--devices", file)

        def value(point: str) -> object:
            return values(receiver).get(point, {}).get("v")

        receiver.eventually(lambda: value("meter-1/power") == 8123.0, "the meter")
        receiver.eventually(lambda: value("pdu-1/power") == 412.0, "the power distribution unit")
        receiver.eventually(lambda: value("bmc/health") == Health.SLOW.code, "the board that hangs")
        receiver.eventually(lambda: shown_live(receiver), "the host")
        assert value("meter-1/health") == Health.OK.code
        released.set()
        agent.interrupt()
        receiver.interrupt()
