"""What a process says when it cannot run or must wait: place, value, rule, way out, exit code."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from support.mosquitto import Mosquitto, free_port
from support.program import Program, Programs
from support.site_files import AIR_DX
from support.tables import write_rows

USAGE, UNREACHABLE = 2, 3


def serve(programs: Programs, *arguments: object) -> Program:
    """All roles with their own broker on free ports, save what is said otherwise."""
    where = ("--port", 0, "--mqtt-port", 0, "--data-dir", "data")
    return programs.start("run", *where, *arguments)


def assert_refused(program: Program, *words: str) -> None:
    """Ends with a usage error in one line that holds all of the words, and no traceback."""
    finished = program.wait()
    assert finished.code == USAGE, finished.err
    assert "Traceback" not in finished.err
    for word in words:
        assert word in finished.err


def test_a_second_process_of_a_running_role_names_the_first(programs: Programs) -> None:
    running = serve(programs).ready()
    refused = ("already runs", f"process {running.pid}", "another --data-dir")
    assert_refused(serve(programs), "role broker", *refused)
    assert_refused(serve(programs, "--roles", "ingest"), "role ingest", *refused)
    running.ready().kill()
    serve(programs).ready()  # what an ended process held is free


def test_roles_of_one_data_directory_may_be_split_over_processes(
    programs: Programs, broker: Mosquitto
) -> None:
    looking = serve(programs, "--broker", broker.url, "--roles", "engine,seal,api").ready()
    serve(programs, "--broker", broker.url, "--roles", "ingest")
    rows = write_rows(programs.folder / "rows.csv", 100)
    where = ("--site", "lab-01", "--node", "gw-1", "--broker", broker.url)
    assert programs.summary("publish", *rows.arguments, *where)["acked"] == 100
    looking.eventually(
        lambda: looking.json("/api/v1/status")["ledger"]["stored"] == 100, "100 messages"
    )
    looking.eventually(
        lambda: any(site["newest_at"] for site in looking.json("/api/v1/sites")["sites"]), "a value"
    )


def test_a_page_port_in_use_is_refused_with_the_way_out(programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        program = programs.start("run", "--port", port, "--mqtt-port", 0, "--data-dir", "data")
        assert_refused(program, "--port", str(port), "another program listens", "--port 0")


def test_a_broker_port_in_use_is_refused_with_the_way_out(programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        program = programs.start("run", "--port", 0, "--mqtt-port", port, "--data-dir", "data")
        assert_refused(program, "--mqtt-port", str(port), "choose another port", "--broker")


def test_a_run_waits_for_its_broker_and_says_so(programs: Programs, tmp_path: Path) -> None:
    away = Mosquitto(tmp_path)
    program = serve(programs, "--broker", away.url, "-o", "json")
    assert waits_for(program, away.url)
    with away:
        program.ready()
    assert waits_for(program, away.url)
    with away:
        program.ready()
        status = program.json("/api/v1/status")
        assert status["broker"]["connected"]
    assert program.interrupt().code == 0


def waits_for(program: Program, broker: str) -> str:
    """What `/readyz` says once the broker is what it waits for."""

    def said() -> str:
        answer = program.get("/readyz")
        return answer.text if answer.status_code == 503 and broker in answer.text else ""

    found = program.eventually(said, "a refusal that names the broker")
    assert "no connection to the broker" in found
    assert program.get("/healthz").status_code == 200
    return found


def test_a_publication_without_a_broker_names_where_it_looked(programs: Programs) -> None:
    rows = write_rows(programs.folder / "rows.csv", 10)
    nowhere = f"mqtt://127.0.0.1:{free_port()}"
    where = ("--site", "lab-01", "--node", "gw-1", "--broker", nowhere, "--give-up", 1)
    finished = programs.run("publish", *rows.arguments, *where)
    assert finished.code == UNREACHABLE
    assert nowhere.removeprefix("mqtt://") in finished.err
    assert "0 of 10 messages" in finished.err
    assert "the same command goes on" in finished.err


@pytest.mark.parametrize(
    ("mistake", "instead", "words"),
    (
        (
            "feeds: [ups-1, crac-1]",
            "feeds: [meter-main]",
            ("feeds is", "meter-main > meter-main", "must not lead back"),
        ),
        (
            'measures: ["rack-[01-03]"]',
            "measures: [rack-4]",
            ("rack-4", "no asset of this site", "rack-0"),
        ),
        (
            "filter_pressure_difference: {period_s: 60}",
            "filter_pressure_difference: {unit: bra}",
            ("'bra'", "unit"),
        ),
        ("supply: {carbon_g_kwh", "suply: {carbon_g_kwh", ("suply is", "'supply'")),
    ),
)
def test_a_mistake_in_a_site_file_is_told_with_its_line(
    programs: Programs, mistake: str, instead: str, words: tuple[str, ...]
) -> None:
    assert mistake in AIR_DX
    text = AIR_DX.replace(mistake, instead, 1)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if instead in row)
    path = programs.folder / "ams-03.yaml"
    path.write_text(text)
    assert_refused(serve(programs, "--sites", path), f"{path} line {line}", *words)
    assert not (programs.folder / "data").exists()
