"""A receiver in a few lines: takes births and numbered messages, answers with acks.

The pure half follows the rules of the real one for numbering, and no others; `AckingReceiver`
puts it behind a real broker.
"""

from __future__ import annotations

import socket
import threading

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from ingest.native import Birth, Telemetry, decode_birth, decode_telemetry, encode_ack
from podcore.topic import Topic, TopicKind, parse_topic


class Numbering(msgspec.Struct):
    """What is known of one boot: seqs stored, and the end of the unbroken run from `first`."""

    run: int
    stored: set[int]


class Receiver:
    """What a receiver has committed, by boot. `deaf` takes without answering."""

    def __init__(self) -> None:
        self.boots: dict[str, Numbering] = {}
        self.births: list[Birth] = []
        self.states: list[bytes] = []
        self.messages: list[Telemetry] = []
        self.duplicates = 0
        self.first_message = threading.Event()
        self.deaf = False
        self.refuses = False  # every reading, and says so
        self.refused = 0

    def wipe(self) -> None:
        """Forgets everything, as after the loss of its disk."""
        self.boots.clear()

    def take(self, topic: str, payload: bytes) -> bytes | None:
        """The ack for a message, or None when it owes none."""
        address = parse_topic(topic)
        assert address is not None
        if address.kind is TopicKind.STATE:
            self.states.append(payload)
            return None
        ack = self._born(payload) if address.kind is TopicKind.BIRTH else self._stored(payload)
        return None if self.deaf else ack

    def stored(self, boot: str) -> set[int]:
        """The seqs stored of a boot."""
        return self.boots[boot].stored if boot in self.boots else set()

    def _born(self, payload: bytes) -> bytes | None:
        birth = decode_birth(payload)
        assert isinstance(birth, Birth)
        self.births.append(birth)
        assert birth.boot is not None
        assert birth.first is not None
        numbering = self.boots.setdefault(birth.boot, Numbering(birth.first - 1, set()))
        numbering.run = max(numbering.run, birth.first - 1)
        return self._ack(birth.boot, numbering)

    def _stored(self, payload: bytes) -> bytes | None:
        message = decode_telemetry(payload)
        assert isinstance(message, Telemetry)
        assert message.seq is not None
        numbering = self.boots.get(message.boot or "")
        if numbering is None:  # without a birth nothing is owed
            return None
        if message.seq in numbering.stored:
            self.duplicates += 1
        else:
            numbering.stored.add(message.seq)
            self.messages.append(message)
            self.refused += len(message.values) if self.refuses else 0
            self.first_message.set()
        return self._ack(message.boot or "", numbering)

    def _ack(self, boot: str, numbering: Numbering) -> bytes:
        while numbering.run + 1 in numbering.stored:
            numbering.run += 1
        return encode_ack(boot, numbering.run, self.refused)


class AckingReceiver:
    """A `Receiver` behind a real broker; acks at once, or the newest every `period_s`."""

    def __init__(
        self, port: int, receiver: Receiver, *, client_id: str, period_s: float = 0.0
    ) -> None:
        self.receiver = receiver
        self._period_s = period_s
        self._owed: dict[str, bytes] = {}
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
        self._client.on_connect = lambda client, *_: client.subscribe("podtwin/v1/#", qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.on_socket_open = _send_at_once
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(5.0)
        self._pacer = threading.Thread(target=self._pace, daemon=True)
        self._pacer.start()

    def close(self) -> None:
        """Leaves; the broker keeps its session."""
        self._closing.set()
        self._pacer.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        address = parse_topic(message.topic)
        if address is None or address.kind is TopicKind.ACK:
            return
        ack = self.receiver.take(message.topic, bytes(message.payload))
        if ack is None:
            return
        topic = str(Topic(address.site, address.node, TopicKind.ACK))
        self._owed[topic] = ack
        if not self._period_s or address.kind is TopicKind.BIRTH:
            self._pay()

    def _pace(self) -> None:
        while self._period_s and not self._closing.wait(self._period_s):
            self._pay()

    def _pay(self) -> None:
        owed, self._owed = self._owed, {}
        for topic, ack in owed.items():
            self._client.publish(topic, ack, qos=1)


def _send_at_once(_client: Client, _userdata: object, sock: object) -> None:
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
