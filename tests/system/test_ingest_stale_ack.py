"""A broker that comes back with an emptied session while messages are unacknowledged.

Packet ids begin anew with the session, so an ack that was owed on the old connection would name
another message, not committed yet. The broker would forget that one, and a crash would lose it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from support.live_ingest import LiveIngest, Publisher, stored
from support.mosquitto import Mosquitto
from support.waiting import eventually

from ingest.inbox import MAX_BATCH_BYTES
from ingest.log import SqliteLog
from podcore.frame import Frame, Kind

pytestmark = pytest.mark.system

OLD, NEW = (1, 2, 3, 4, 5), (6, 7, 8, 9, 10)
PAD = MAX_BATCH_BYTES // len(OLD) + 1  # the old ones fill a batch of their own


class LogThatDies(SqliteLog):
    """A log whose process dies before its second commit of readings."""

    commits = 0

    def append(
        self, frames: Sequence[Frame], also: Callable[[sqlite3.Connection], None] | None = None
    ) -> int:
        if any(frame.kind is Kind.READING for frame in frames):
            self.commits += 1
        if self.commits > 1:
            raise RuntimeError("killed before the commit")
        return super().append(frames, also)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


def arrive(ingest: LiveIngest, port: int, values: tuple[int, ...], *, pad: int = 0) -> None:
    """Sends the values once the subscription is there, and returns when they wait in the inbox."""
    before = ingest.inbox.size()[0]
    publisher = Publisher(port)
    publisher.send(*values, pad=pad)
    publisher.close()
    what = f"{values} in the inbox"
    eventually(lambda: ingest.inbox.size()[0] == before + len(values), what)


def test_no_message_is_acknowledged_in_the_place_of_another(
    broker: Mosquitto, tmp_path: Path
) -> None:
    doomed = LiveIngest(tmp_path, broker.port, log=LogThatDies(tmp_path / "log.db"))
    doomed.subscriber.start()
    eventually(lambda: doomed.subscriber.connected, "the subscription")
    arrive(doomed, broker.port, OLD, pad=PAD)

    broker.stop(kill=True)  # it keeps nothing on disk: the session comes back empty
    eventually(lambda: not doomed.subscriber.connected, "the loss of the broker")
    broker.start()
    eventually(lambda: doomed.subscriber.connected, "the next subscription")
    arrive(doomed, broker.port, NEW)

    doomed.writer.start()  # commits the old ones, owes their acks, and dies with the new ones
    eventually(lambda: doomed.writer.failure is not None, "the death of the writer")
    doomed.stop()
    assert stored(doomed.path) == list(OLD)

    again = LiveIngest(tmp_path, broker.port)
    again.start()
    eventually(lambda: len(stored(again.path)) == 10, "the messages that nobody acknowledged")
    again.stop()
    assert stored(again.path) == [*OLD, *NEW]
