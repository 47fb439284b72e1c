"""What was refused is tried again, and what was exported is sent again, by running programs."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import polars as pl
import pytest
from paho.mqtt import publish
from support.mosquitto import Mosquitto
from support.program import Program, Programs, eventually

pytestmark = pytest.mark.slow  # three starts of the whole program
NOON_NS = 1_795_521_600 * 10**9
TELEMETRY, BIRTH = "podtwin/v1/lab/gw-1/telemetry", "podtwin/v1/lab/gw-1/birth"


def send(broker: Mosquitto, topic: str, **said: object) -> None:
    payload = msgspec.json.encode({"v": 1, **said})
    publish.single(topic, payload, qos=1, hostname="127.0.0.1", port=broker.port)


def start(programs: Programs, broker: Mosquitto, data_dir: str) -> Program:
    arguments = ("--broker", broker.url, "--port", 0, "--data-dir", data_dir, "-o", "json")
    return programs.start("run", *arguments).ready()


def letters(program: Program) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = program.json("/api/v1/deadletters")["deadletters"]
    return found


def test_a_letter_is_stored_once_its_site_is_known_whoever_asks(
    broker: Mosquitto, programs: Programs
) -> None:
    run = start(programs, broker, "data")
    for seq in (1, 2, 3):
        send(broker, TELEMETRY, boot="b", seq=seq, ts=NOON_NS - seq, m={"meter-1/power": 1.0})
    run.eventually(lambda: len(letters(run)) == 3, "three letters")
    assert programs.run("deadletter", "retry", "i1", "--data-dir", "data").code == 1
    send(broker, BIRTH, boot="b", points=[{"id": "meter-1/power", "unit": "W"}])
    run.eventually(lambda: run.json("/api/v1/sites")["sites"], "the site")

    asked = httpx.post(f"{run.url}/api/v1/deadletters/i2/retry")
    assert asked.status_code == 202, asked.text
    said = programs.summary("deadletter", "retry", "--all", "--site", "lab", "--data-dir", "data")
    assert said["refused"] == said["waiting"] == 0

    eventually(lambda: all(each["retry"]["stored"] for each in letters(run)), "all stored")
    status = run.json("/api/v1/status")
    assert (status["ledger"]["received"], status["ledger"]["dead"]) == (3, 3)
    assert (status["dead_letters"]["retried_stored"], status["dead_letters"]["retried_dead"]) == (
        3,
        1,
    )
    kept = programs.run("query", "lab/*", "--from", "now-1h", "-o", "csv", "--data-dir", "data")
    assert len(kept.out.splitlines()) == 1 + 3


def test_what_one_exported_another_imports_and_exports_the_same(
    broker: Mosquitto, programs: Programs
) -> None:
    one = start(programs, broker, "one")
    points = [{"id": "meter-1/power", "unit": "W"}, {"id": "rack-01/inlet_temp", "unit": "Cel"}]
    send(broker, BIRTH, boot="b", points=points, clock="recorded")
    for seq in range(1, 61):
        values = {"meter-1/power": seq / 3, "rack-01/inlet_temp": 20.0 + seq}
        send(broker, TELEMETRY, boot="b", seq=seq, ts=NOON_NS + seq * 10**9 + seq, m=values)
    one.eventually(lambda: one.json("/api/v1/status")["ledger"]["stored"] == 60, "60 stored")
    programs.run("export", "*", "--out", "one.parquet", "--data-dir", "one")
    refused = programs.run("import", "one.parquet", "--broker", broker.url, "-o", "json")
    assert (refused.code, refused.summary["sites"][0]["refused"]) == (1, 120)  # another node's
    assert "refused: 120 of 120 readings were not stored; podtwin deadletter" in refused.err
    one.interrupt()

    two = start(programs, broker, "two")
    for before in (0, 60):
        said = programs.summary("import", "one.parquet", "--broker", broker.url)
        sites = [(s["site"], s["values"], s["acked"], s["acked_before"]) for s in said["sites"]]
        assert sites == [("lab", 120, 60, before)]
    programs.run("export", "*", "--out", "two.parquet", "--data-dir", "two")
    two.interrupt()
    key = ["asset", "point", "ts"]
    exported = [pl.read_parquet(programs.folder / f"{n}.parquet").sort(key) for n in ("one", "two")]
    assert exported[0].height == 120
    assert exported[1].equals(exported[0], null_equal=True)
