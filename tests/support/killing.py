"""An ingest in a process that can be killed, and a sender that goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from support import live_ingest
from support.backlogs import POINT, MemoryBacklog

from ingest.address import BrokerAddress
from ingest.ledger import Ledger, read_ledger
from ingest.log import SqliteLogReader
from ingest.native import encode_birth
from ingest.sender import Patience, Sender
from podcore.clock import SystemClock
from podcore.frame import BirthPoint

START_NS = 1_795_521_600_000_000_000


class KillableIngest:
    """Runs from the start on; `kill` and `start` again, on the same log."""

    def __init__(self, folder: Path, port: int) -> None:
        self.log = folder / "log.db"
        SqliteLogReader(self.log).close()
        script = Path(live_ingest.__file__ or "")
        self._environment = os.environ | {"PYTHONPATH": f"{script.parents[1]}:{script.parents[2]}"}
        self._command = [sys.executable, "-P", str(script), str(folder), str(port)]
        self.start()

    def start(self) -> None:
        """Starts it; it listens some time later."""
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL
        )

    def hold(self) -> None:
        """Keeps it from doing anything, as a disk that takes its time would."""
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait(10.0)


def sender_of(port: int, backlog: MemoryBacklog) -> Sender:
    """A sender with the application ack, of what is a recording."""
    points = (BirthPoint(POINT, "power", "W", 1.0),)
    return Sender(
        BrokerAddress("127.0.0.1", port),
        "lab",
        "gw-1",
        backlog,
        lambda: encode_birth(backlog.boot, START_NS, backlog.first(), recorded=True, points=points),
        clock=SystemClock(),
        patience=Patience(resend_s=1.0, ack_wait_s=1.0),
    )


def ledger_of(path: Path) -> Ledger:
    """What a log says is settled."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return read_ledger(connection)
    finally:
        connection.close()
