"""Clients that take their time for ever: slow-loris, a stream and a subscription nobody reads.

All three hang on the program and its broker while a table is published. It must all arrive, and
the API must answer others meanwhile.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
from support.fault_ledger import Cost, Tell
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.published import frames, ledger, start_publishing
from support.tables import write_rows

ROWS = 3_000
LORISES = 100
STREAMS = 5
CONNACK, SUBACK = b"\x20\2\0\0", b"\x90\3\0\1\1"
ANSWERS_S = 20.0  # half a second alone


@contextlib.contextmanager
def hanging(count: int, port: int, first: bytes) -> Iterator[list[socket.socket]]:
    """Connections that say something once and then neither read nor write."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10.0))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            sock.sendall(first)
            found.append(sock)
        yield found


def subscription() -> bytes:
    """CONNECT as `stalled` without a keep-alive, SUBSCRIBE to everything with QoS 1."""
    name = b"stalled"
    connect = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2) + name
    subscribe = b"\0\1\0\1#\1"
    return b"\x10" + bytes([len(connect)]) + connect + b"\x82" + bytes([len(subscribe)]) + subscribe


def port_of(program: Program) -> int:
    return int(program.url.rpartition(":")[2])


def test_who_never_reads_or_never_ends_a_request_stops_nobody_else(
    programs: Programs, broker: Mosquitto, tmp_path: Path, tell: Tell
) -> None:
    rows = write_rows(tmp_path / "rows.parquet", ROWS, 2)
    where = ("--broker", broker.url, "--data-dir", "data", "--port", 0, "-o", "json")
    running = programs.start("run", *where).ready()
    port = port_of(running)
    stream = b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with (
        hanging(LORISES, port, b"GET /api/v1/status HTTP/1.1\r\nHost: loc"),
        hanging(STREAMS, port, stream) as streams,
        hanging(1, broker.port, subscription()) as subscribers,
    ):
        assert subscribers[0].recv(9) == CONNACK + SUBACK
        assert streams[0].recv(12).startswith(b"HTTP/1.1 200")
        publishing = start_publishing(programs, broker, rows)
        finished = publishing.wait(within_s=200.0)
        answer = httpx.get(f"{running.url}/api/v1/status", timeout=ANSWERS_S)
    settled = ledger(tmp_path / "data")
    assert settled is not None
    stored = len({frame.seq for frame in frames(tmp_path / "data")})
    name = f"{LORISES} slow-loris, {STREAMS} stalled streams, a stalled subscriber"
    tell(Cost(name, ROWS, stored, settled.duplicate, settled.dead))
    assert answer.status_code == httpx.codes.OK
    assert (finished.code, finished.summary["acked"]) == (0, ROWS), finished.err
    assert stored == ROWS
    assert running.interrupt().code == 0
