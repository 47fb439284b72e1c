"""The demo from the command to its end: what it says, and that it leaves nothing behind."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from support.program import Program, Programs

PAST_MESSAGES = 3 * 7_200 // 5
AT_ONCE = 130


def test_a_demo_stores_all_that_it_sends_and_leaves_nothing_behind(programs: Programs) -> None:
    program = programs.start(
        "demo", "--duration", 8, "--sites", 3, "--port", 0, "--mqtt-port", 0, "-o", "json"
    )
    finished = program.wait(within_s=100.0)
    assert finished.code == 0, finished.err
    summary = finished.summary
    ledger, readings = summary["ledger"], summary["readings"]
    assert ledger["received"] == ledger["stored"] >= PAST_MESSAGES + 3 * 8
    assert (ledger["duplicate"], ledger["dead"], ledger["pending"]) == (0, 0, 0)
    assert readings["offered"] == readings["stored"] > ledger["stored"]
    assert readings["dead"] == 0
    assert summary["sites"] == 3
    assert (summary["alerts_fired"], summary["deliveries_ok"]) == (0, 0)
    assert summary["first_value_s"] > 0
    assert summary["url"].startswith("http://127.0.0.1:")
    assert finished.err.count("open   http://127.0.0.1:") == 1
    assert_nothing_left(program)


def test_an_interrupt_ends_a_demo_in_order(programs: Programs) -> None:
    program = programs.start("demo", "--sites", 1, "--port", 0, "--mqtt-port", 0, "-o", "json")
    program.ready()
    finished = program.interrupt()
    assert finished.code == 0, finished.err
    assert finished.summary["ended"] == "SIGINT"
    ledger = finished.summary["ledger"]
    assert ledger["received"] == ledger["stored"] + ledger["duplicate"]
    assert "Traceback" not in finished.err
    assert_nothing_left(program)


def test_a_second_interrupt_ends_it_at_once(programs: Programs) -> None:
    program = programs.start("demo", "--sites", 3, "--port", 0, "--mqtt-port", 0).ready()
    program.send(signal.SIGSTOP)  # so that both wait for it, whatever it was doing
    program.send(signal.SIGINT)
    program.send(signal.SIGTERM)
    program.send(signal.SIGCONT)
    assert program.wait(within_s=5.0).code == AT_ONCE


@pytest.mark.parametrize("named", ((), ("--port", "{port}", "--mqtt-port", "{mqtt}")))
def test_a_demo_takes_other_ports_when_those_it_wants_are_busy(
    programs: Programs, named: tuple[str, ...]
) -> None:
    with busy(0 if named else 8080) as port, busy(0 if named else 1883) as mqtt:
        arguments = [text.format(port=port, mqtt=mqtt) for text in named]
        program = programs.start("demo", "--sites", 1, *arguments).ready()
        assert port_of(program.url) != port
        assert port_of(program.logged("podtwin_running")["broker"]) != mqtt
        assert program.json("/api/v1/sites")["sites"][0]["id"] == "ams-03"


def assert_nothing_left(program: Program) -> None:
    assert program.left_behind() == []
    assert list(program.temporary.iterdir()) == []
    running = program.logged("podtwin_running")
    for address in (running["url"], running["broker"]):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port_of(address))) != 0, address


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@contextmanager
def busy(port: int) -> Iterator[int]:
    """Listens on a port, unless somebody does already; the number of the port."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            assert port, "any port can be had"
        yield port or listener.getsockname()[1]
