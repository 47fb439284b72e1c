"""An ingest at a real broker, in this process or, run as a script, in one that can be killed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from ingest.address import BrokerAddress
from ingest.foreign import ForeignSource
from ingest.inbox import Inbox
from ingest.ledger import Ledger
from ingest.log import SqliteLog, SqliteLogReader
from ingest.spool_quota import Gate
from ingest.subscriber import Subscriber
from ingest.writer import Writer, nothing_to_trim
from podcore.clock import SystemClock
from podcore.frame import READING, Kind
from podcore.site import Point, Site, SiteType

POINT = "meter-1/power"
TELEMETRY = "podtwin/v1/lab/gw-1/telemetry"
LAB = Site("lab", SiteType.NONE, "lab", points=(Point("meter-1", "power", "meter", "power", 1.0),))


class LiveIngest:
    """Subscriber, inbox and writer of one data folder, as the program connects them.

    broker : its address, or the port of one on the loopback that lets everybody in.
    """

    def __init__(
        self,
        folder: Path,
        broker: int | BrokerAddress,
        *,
        log: SqliteLog | None = None,
        inbox: Inbox | None = None,
        sources: Sequence[ForeignSource] = (),
        gate: Callable[[SqliteLog], Gate] | None = None,
        trim: Callable[[], None] = nothing_to_trim,
    ) -> None:
        self.path = folder / "log.db"
        self.log = log or SqliteLog(self.path)
        self.inbox = inbox or Inbox()
        clock = SystemClock()
        self.writer = Writer(
            self.log,
            self.inbox,
            clock,
            discover=False,
            wake=lambda _: None,
            trim=trim,
        )
        if gate is not None:
            self.writer.guard(gate(self.log))
        self.writer.adopt([LAB])
        left = self.writer.add_sources(sources)
        self.subscriber = Subscriber(
            broker if isinstance(broker, BrokerAddress) else BrokerAddress("127.0.0.1", broker),
            "podtwin-ingest-test",
            self.inbox,
            self.writer.ledger_book,
            clock,
            reconnect_s=(1, 1),
        )
        self.subscriber.listen_to([each.topics.text for each in sources], left)
        self.writer.connect(self.subscriber)

    def start(self) -> None:
        """Writes and listens."""
        self.writer.start()
        self.subscriber.start()

    def stop(self) -> Ledger:
        """Commits what is there and leaves; its ledger."""
        if self.writer.alive():
            self.writer.drain(10.0)
        self.subscriber.stop()
        self.log.close()
        return self.writer.ledger()


def stored(path: Path) -> list[float]:
    """The values in the log, in order."""
    values: list[float] = []
    after = 0
    reader = SqliteLogReader(path)
    while frames := reader.read(after, 2_000):
        after = frames[-1].offset
        bodies = [READING.decode(one.body) for one in frames if one.kind is Kind.READING]
        values += [body.values[0] for body in bodies]
    reader.close()
    return values


class Publisher:
    """A sender without an outbox: each message goes out once, QoS 1."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None:
        """One message on any topic, taken by the broker on return."""
        self._client.publish(topic, payload, qos=qos).wait_for_publish(10.0)

    def send(self, *values: int, boot: str | None = None, pad: int = 0) -> None:
        """Messages of one value each, numbered by it when there is a boot; taken on return."""
        for value in values:
            number = {"boot": boot, "seq": value} if boot else {}
            payload = msgspec.json.encode({"v": 1, **number, "m": {POINT: value}})
            info = self._client.publish(TELEMETRY, payload.ljust(pad), qos=1)
            info.wait_for_publish(10.0)

    def close(self) -> None:
        """Leaves the broker."""
        self._client.disconnect()
        self._client.loop_stop()


def main() -> None:
    """An ingest until it is killed: folder and port are the arguments."""
    LiveIngest(Path(sys.argv[1]), int(sys.argv[2])).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
