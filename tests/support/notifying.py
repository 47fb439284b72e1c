"""A process that commits a transition with its notice, and is killed at a named point on its way.

Started as a program: `python notifying.py STATE_DB POINT`. What it was told to survive, it ends
by SIGKILL at; without a point it sends until nothing is left and ends well.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from podcore.alert import Alert
from podcore.clock import SystemClock
from podcore.ports import Notice, Transition
from podtwin.notify.address import Policy
from podtwin.notify.sender import HttpSender, Sent
from podtwin.notify.worker import Notifier
from podtwin.store.outbox import SqliteOutbox
from podtwin.store.state import StateStore

POINTS = ("committed", "taken", "sent")
BODY = b'{"type":"alert.firing","timestamp":"t","data":{}}'


def die() -> None:
    """Ends as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly:
    """Sends, and dies at its point."""

    def __init__(self, inner: HttpSender, point: str) -> None:
        self._inner = inner
        self._point = point

    def send(self, url: str, secret: str, message: str, body: bytes) -> Sent:
        if self._point == "taken":
            die()
        sent = self._inner.send(url, secret, message, body)
        if self._point == "sent":
            die()
        return sent


def commit(store: StateStore) -> None:
    """What the engine commits when a condition fires; the same in every run."""
    alert = Alert(
        "a1", "f1", "ams-03", "twin-deviation", "", "warning", "firing", "new", "", "title", "text",
        1, 2, None, 2, 2.0, 2.0, b"{}",
    )  # fmt: skip
    fired = Transition("t1", "ams-03", "f1", "pending", "firing", 7, 2, b"{}", alert)
    notice = Notice("n1", "ams-03", "f1", "a1", "alert.firing", 2, 7, BODY)
    store.commit([fired], [], 7, [notice])


def main(path: Path, point: str) -> None:
    """One life of the process."""
    store, clock = StateStore(path), SystemClock()
    commit(store)
    if point == "committed":
        die()
    sender = Deadly(HttpSender(Policy(), clock), point)
    notifier = Notifier(SqliteOutbox(store), sender, clock, threading.Event())
    notifier.start()
    notifier.drain(20.0)
    notifier.stop()
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
