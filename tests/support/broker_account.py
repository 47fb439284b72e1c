"""One account at a broker: what it publishes, and what the broker lets it read."""

from __future__ import annotations

import queue
import socket
import threading
from typing import Self

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

ANSWER_S = 10.0


class BrokerAccount:
    """A client that is connected while in its `with`.

    will : topic of a will to connect with.
    version : MQTT 3.1.1, in which a refused PUBLISH has no answer of its own, or 5.
    """

    def __init__(
        self,
        port: int,
        name: str,
        password: str,
        *,
        will: str | None = None,
        version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
    ) -> None:
        self._port = port
        self._heard = queue.SimpleQueue[MQTTMessage]()
        self._answers = queue.SimpleQueue[ReasonCode]()
        self._lost = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=version)
        self._client.username_pw_set(name, password)
        if will is not None:
            self._client.will_set(will, b"gone", qos=1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = lambda _client, _userdata, message: self._heard.put(message)
        self._client.on_disconnect = lambda *_: self._lost.set()

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert not self._answers.get(timeout=ANSWER_S).is_failure
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def listen(self, *filters: str) -> bool:
        """Subscribes; whether the broker granted each."""
        return not any(self._subscribe(each).is_failure for each in filters)

    def publish(self, topic: str, payload: bytes = b"{}", *, retain: bool = False) -> ReasonCode:
        """The answer to a message of QoS 1; in MQTT 3.1.1 a PUBACK can only say yes."""
        self._client.publish(topic, payload, qos=1, retain=retain)
        return self._answers.get(timeout=ANSWER_S)

    def is_cut_off_for(self, topic: str, payload: bytes) -> bool:
        """Whether the broker ends the connection over a message."""
        self._client.publish(topic, payload, qos=1)
        return self._lost.wait(ANSWER_S)

    def break_off(self) -> None:
        """Ends the connection without a word, so that the broker has to speak the will."""
        sock = self._client.socket()
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)

    def heard_up_to(self, last: str) -> list[str]:
        """The topics of what came, up to the first of `last`, which is not among them."""
        topics: list[str] = []
        while (topic := self._heard.get(timeout=ANSWER_S).topic) != last:
            topics.append(topic)
        return topics

    def _subscribe(self, wanted: str) -> ReasonCode:
        self._client.subscribe(wanted, qos=1)
        return self._answers.get(timeout=ANSWER_S)

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._answers.put(code)

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._answers.put(codes[0])

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        code: ReasonCode,
        _properties: Properties,
    ) -> None:
        self._answers.put(code)
