"""The API of the running program, asked as a stranger would ask it, while messages come in."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.tables import write_rows

LOOKS = 200
PARTS = ("stored", "duplicate", "dead", "pending")
Event = tuple[str, str, dict[str, Any]]  # name, id, data


def test_only_local_names_are_answered(demo: Program) -> None:
    for host in ("127.0.0.1", "localhost", "[::1]", "localhost:1234"):
        assert demo.get("/healthz", headers={"Host": host}).status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080"):
        refused = demo.get("/api/v1/sites", headers={"Host": host})
        assert refused.status_code == 421
        assert "foreign_host" in refused.json()["type"]


@pytest.mark.parametrize("path", ("/api/v1/sites", "/api/v1/status", "/api/v1/stream", "/readyz"))
def test_an_unknown_parameter_is_a_problem(demo: Program, path: str) -> None:
    refused = demo.get(path, {"sitse": "ams-03"})
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["status"] == 400
    assert "sitse" in problem["detail"]
    assert {"type", "title", "instance"} <= problem.keys()


def test_every_documented_reading_path_answers(demo: Program) -> None:
    described = demo.json("/openapi.json")
    known = {"/api/v1/series": {"point": "ams-03/*/inlet_temp"}}
    for path, methods in described["paths"].items():
        if "get" not in methods or path == "/api/v1/stream":
            continue
        asked = path.replace("{site}", "ams-03")
        asked = asked.replace("{alert}", "0" * 16).replace("{delivery}", f"msg_{'0' * 24}")
        asked = asked.replace("{deadletter}", "i999")
        answer = demo.get(asked, known.get(path))
        # Of alerts, messages and dead letters there is none by that name in a healthy demo.
        named = any(each in path for each in ("{alert}", "{delivery}", "{deadletter}"))
        expected = {200, 404} if named else {200}
        assert answer.status_code in expected, (path, answer.text)


def test_metrics_tell_the_ledger(demo: Program) -> None:
    before = demo.json("/api/v1/status")["ledger"]
    lines = demo.get("/metrics").text.splitlines()
    after = demo.json("/api/v1/status")["ledger"]
    stored = next(row for row in lines if row.startswith('podtwin_messages_total{outcome="stored"'))
    assert before["stored"] <= float(stored.rpartition(" ")[2]) <= after["stored"]
    for name in ("podtwin_messages_pending", "podtwin_lag_frames", "podtwin_thread_alive"):
        assert any(row.startswith(name) for row in lines), name


def test_the_ledger_holds_at_any_moment_of_a_burst(programs: Programs, broker: Mosquitto) -> None:
    where = ("--broker", broker.url, "--port", 0, "--data-dir", "data")
    program = programs.start("run", *where).ready()
    rows = write_rows(programs.folder / "rows.parquet", 8_000)
    to = ("--site", "lab-01", "--node", "gw-1", "--broker", broker.url)
    publishing = programs.start("publish", *rows.arguments, *to, "-o", "json")
    chance, pause, seen = random.Random(7), threading.Event(), []
    with httpx.Client(base_url=program.url) as client:
        for _ in range(LOOKS):
            pause.wait(chance.uniform(0.0, 0.03))
            seen.append(client.get("/api/v1/status").json())
    assert publishing.wait().code == 0
    for status in seen:
        assert status["ledger"]["received"] == sum(status["ledger"][part] for part in PARTS)
        readings = status["readings"]
        assert readings["offered"] == readings["stored"] + readings["dead"]
    stored = [status["ledger"]["stored"] for status in seen]
    assert stored == sorted(stored)
    assert len(set(stored)) > 10  # it was looked at while it moved
    last = program.json("/api/v1/status")["ledger"]
    assert (last["stored"], last["dead"], last["pending"]) == (8_000, 0, 0)


def test_a_stream_begins_with_a_snapshot_and_goes_on_with_deltas_and_pings(demo: Program) -> None:
    with stream(demo, "?sites=ams-03,osl-01") as events:
        name, position, first = next(events)
        assert name == "snapshot"
        assert position.count(".") == 2
        assert set(first["sites"]) == {"ams-03", "osl-01"}
        assert {key.partition("/")[0] for key in first["values"]} == {"ams-03", "osl-01"}
        met: set[str] = set()
        for name, _, data in events:
            met.add(name)
            assert data["now_ms"] >= first["now_ms"]
            if met == {"delta", "ping"}:
                break


def test_a_stream_that_was_cut_goes_on_where_it_was(demo: Program) -> None:
    with stream(demo) as events:
        _, position, first = next(events)
    with stream(demo, last=position) as events:
        following = [item for item, _ in zip(events, range(6), strict=False) if item[0] != "ping"]
        assert {name for name, *_ in following} == {"delta"}
        changed = set[str]().union(*(data["values"] for *_, data in following))
        assert 0 < len(changed) < len(first["values"])
        assert offsets(following[0][1]) >= offsets(position)
    with stream(demo, last="of.another.directory") as events:
        assert next(events)[0] == "snapshot"


def test_a_stream_ends_with_a_word_when_the_server_stops(programs: Programs) -> None:
    program = programs.start("run", "--port", 0, "--mqtt-port", 0, "--data-dir", "data").ready()
    with stream(program) as events:
        assert next(events)[0] == "snapshot"
        ended: list[int] = []
        stopping = threading.Thread(target=lambda: ended.append(program.interrupt().code))
        stopping.start()
        assert [name for name, *_ in events if name != "ping"] == ["end"]
    stopping.join()
    assert ended == [0]


@contextmanager
def stream(
    program: Program, query: str = "", *, last: str | None = None
) -> Iterator[Iterator[Event]]:
    """The events of a stream, read by hand."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with httpx.stream(
        "GET", f"{program.url}/api/v1/stream{query}", headers=headers, timeout=30.0
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parsed(answer.iter_lines())


def parsed(lines: Iterator[str]) -> Iterator[Event]:
    event: dict[str, str] = {}
    for line in lines:
        if line:
            field, _, value = line.partition(":")
            event[field] = value.removeprefix(" ")
        elif event:
            yield event["event"], event.get("id", ""), json.loads(event["data"])
            event = {}


def offsets(position: str) -> list[int]:
    return [int(part) for part in position.split(".")[1:]]
