"""Broker and ingest killed at the same instant: what the application ack is for.

A broker's PUBACK says that it has taken a message, not that anybody keeps it. With the ack of
ingest nothing is lost; without it, in the very same fault, something is, or this test is blind.
"""

from __future__ import annotations

import threading
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion
from support.backlogs import ReadingBacklog
from support.fault_ledger import Cost, Tell
from support.killing import KillableIngest, ledger_of, sender_of
from support.live_ingest import TELEMETRY, stored
from support.mosquitto import Mosquitto
from support.waiting import eventually

from podcore.ports import Message

BOOT = "01JD0000000000000000000000"
COUNT = 6_000
KILL_AT = (1_000, 3_000)


def kill_both(broker: Mosquitto, ingest: KillableIngest) -> None:
    broker.stop(kill=True)
    ingest.kill()
    broker.start()
    ingest.start()


def test_with_the_ack_of_ingest_nothing_is_lost(
    broker: Mosquitto, tmp_path: Path, tell: Tell
) -> None:
    sender = sender_of(broker.port, ReadingBacklog(BOOT, COUNT))
    ingest = KillableIngest(tmp_path, broker.port)
    sender.start()
    try:
        for moment in KILL_AT:
            eventually(lambda goal=moment: ledger_of(ingest.log).stored >= goal, "progress", 60.0)  # type: ignore[misc]
            kill_both(broker, ingest)
        assert sender.flush(60.0), sender.status()
    finally:
        sender.stop()
        ingest.kill()
    ledger = ledger_of(ingest.log)
    found = set(stored(ingest.log))
    cost = Cost(
        "broker and ingest killed together, with the application ack",
        COUNT, len(found), ledger.duplicate, ledger.dead,
    )  # fmt: skip
    tell(cost)
    assert cost.lost == 0
    assert found == set(map(float, range(1, COUNT + 1)))


def test_without_it_the_same_fault_loses_what_the_broker_had_acknowledged(
    broker: Mosquitto, tmp_path: Path, tell: Tell
) -> None:
    ingest = KillableIngest(tmp_path, broker.port)
    sender = TrustsTheBroker(broker.port)
    messages = ReadingBacklog(BOOT, COUNT).read(0, COUNT)
    try:

        def listens() -> bool:
            sender.send(messages[:1])
            return ledger_of(ingest.log).stored == 1

        eventually(listens, "ingest to listen", 60.0)
        ingest.hold()  # else it may be quick enough to have them all
        sender.send(messages[1 : COUNT // 2])
        kill_both(broker, ingest)
        sender.send(messages[COUNT // 2 :])
        eventually(lambda: COUNT in map(int, stored(ingest.log)), "the last message", 60.0)
    finally:
        sender.close()
        ingest.kill()
    ledger = ledger_of(ingest.log)
    cost = Cost(
        "broker and ingest killed together, with the broker's PUBACK alone",
        COUNT, len(set(stored(ingest.log))), ledger.duplicate, ledger.dead,
    )  # fmt: skip
    tell(cost)
    assert cost.lost > 0


class TrustsTheBroker:
    """Forgets what the broker has acknowledged, as nearly every sender does."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(1_000)
        self._connected = threading.Event()
        self._client.on_connect = lambda *_: self._connected.set()
        self._client.on_disconnect = lambda *_: self._connected.clear()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def send(self, messages: list[Message]) -> None:
        """Returns once the broker has acknowledged all of them."""
        eventually(self._connected.is_set, "the broker", 60.0)
        sent: list[MQTTMessageInfo] = [
            self._client.publish(TELEMETRY, each.payload, qos=1) for each in messages
        ]
        for each in sent:
            each.wait_for_publish(60.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
