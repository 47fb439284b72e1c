"""The embedded demo broker on a free port, with a real client."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from structlog.testing import capture_logs
from support.waiting import eventually

from ingest.broker import HOST, EmbeddedBroker, free_port, port_is_free, speak_plainly
from podcore.errors import ConfigError


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(free_port())
    broker.start()
    yield broker
    broker.stop()


class Client:
    """A client that subscribes to a topic and keeps what comes."""

    def __init__(self, port: int, topic: str) -> None:
        self.received: list[bytes] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _client, _data, m: self.received.append(bytes(m.payload))
        self._client.on_connect = lambda *_: self._subscribe(topic)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect(HOST, port)
        self._client.loop_start()
        assert self._subscribed.wait(10.0)

    def _subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, 1)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(10.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_what_one_client_publishes_another_receives(broker: EmbeddedBroker) -> None:
    listener, sender = Client(broker.port, "podtwin/#"), Client(broker.port, "other")
    sender.publish("podtwin/v1/ams-03/gw-1/telemetry", b"one")
    sender.publish("elsewhere", b"not for it")
    sender.publish("podtwin/v1/ams-03/gw-1/telemetry", b"two")
    eventually(lambda: len(listener.received) == 2, "two messages")
    for client in (listener, sender):
        client.close()
    assert listener.received == [b"one", b"two"]
    assert sender.received == []


def test_it_listens_on_the_loopback_and_lives(broker: EmbeddedBroker) -> None:
    assert broker.alive()
    assert not port_is_free(broker.port)


def test_a_second_one_on_its_port_is_refused_with_the_way_out(broker: EmbeddedBroker) -> None:
    with pytest.raises(ConfigError, match=rf"--mqtt-port is {broker.port}: .*choose another port"):
        EmbeddedBroker(broker.port).start()


def test_a_port_that_another_program_holds_is_refused() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        refused = EmbeddedBroker(other.getsockname()[1])
        with pytest.raises(ConfigError, match="another program listens there"):
            refused.start()
        assert not refused.alive()
        refused.stop()


def test_after_a_stop_the_port_is_free_and_another_stop_does_nothing() -> None:
    broker = EmbeddedBroker(free_port())
    broker.start()
    broker.stop()
    broker.stop()
    assert not broker.alive()
    assert port_is_free(broker.port)


def test_what_the_library_complains_of_is_one_line_and_no_traceback(
    broker: EmbeddedBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    speak_plainly()  # again: each complaint is still said once
    with capture_logs() as said:
        for packet in (1, 2):
            error = TimeoutError(f"Timeout waiting for PUBACK for packet ID {packet}")
            logging.getLogger("amqtt.broker").error("Task failed: skipped", exc_info=error)
    assert [(one["event"], one["log_level"]) for one in said] == [
        ("demo_broker_complained", "warning"),
        ("demo_broker_complained", "debug"),
    ]
    assert "packet ID 1" in said[0]["error"]
    assert "Traceback" not in capsys.readouterr().err
