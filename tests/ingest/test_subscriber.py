"""The subscriber at a real broker: what comes, what is acknowledged, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from support.live_ingest import POINT, LiveIngest, Publisher, stored
from support.mosquitto import Mosquitto
from support.waiting import eventually

from ingest.foreign import ForeignSource
from ingest.inbox import Inbox
from ingest.line_protocol import LineProtocol
from ingest.mapping import Mapping, Match, Place, Rule, Sent
from ingest.topic_filter import TopicFilter
from podcore.clock import SystemClock

pytestmark = pytest.mark.system


METERS = ForeignSource(
    TopicFilter.parse("meters/+"),
    LineProtocol(),
    Mapping([Rule(Match("em", "p"), Place.parse("lab", "gw-2", POINT), Sent("kW"))]),
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


def connected(ingest: LiveIngest) -> None:
    eventually(lambda: ingest.subscriber.connected, "the connection")


def test_what_is_published_is_stored_and_not_sent_again(broker: Mosquitto, tmp_path: Path) -> None:
    broker.start()
    first = LiveIngest(tmp_path, broker.port)
    first.start()
    connected(first)
    publisher = Publisher(broker.port)
    publisher.send(*range(1, 101), boot="B")
    eventually(lambda: first.writer.ledger().stored == 100, "100 messages")
    first.stop()
    again = LiveIngest(tmp_path, broker.port)
    again.start()
    connected(again)
    publisher.send(101, boot="B")
    eventually(lambda: stored(again.path)[-1] == 101, "the next message")
    assert again.stop().duplicate == 0
    publisher.close()


def test_a_broker_that_is_away_at_the_start_is_found_when_it_comes(
    broker: Mosquitto, tmp_path: Path
) -> None:
    ingest = LiveIngest(tmp_path, broker.port)
    ingest.start()
    eventually(ingest.subscriber.alive, "the network thread")
    assert not ingest.subscriber.connected
    broker.start()
    connected(ingest)
    publisher = Publisher(broker.port)
    publisher.send(1)
    eventually(lambda: ingest.writer.ledger().stored == 1, "a message")
    publisher.close()
    ingest.stop()


def test_it_can_be_stopped_while_the_broker_is_away(broker: Mosquitto, tmp_path: Path) -> None:
    ingest = LiveIngest(tmp_path, broker.port)
    ingest.start()
    eventually(ingest.subscriber.alive, "the network thread")
    clock = SystemClock()
    started_s = clock.monotonic_s()
    ingest.stop()
    assert clock.monotonic_s() - started_s < 5.0
    assert not ingest.subscriber.alive()


def test_a_connection_and_its_loss_have_generations_of_their_own(
    broker: Mosquitto, tmp_path: Path
) -> None:
    broker.start()
    ingest = LiveIngest(tmp_path, broker.port)
    ingest.start()
    connected(ingest)
    assert ingest.subscriber.generation == 1
    broker.stop(kill=True)
    eventually(lambda: not ingest.subscriber.connected, "the loss of the broker")
    broker.start()
    connected(ingest)
    assert ingest.subscriber.generation == 3
    ingest.stop()


def test_what_found_no_room_is_left_to_the_broker_and_comes_again(
    broker: Mosquitto, tmp_path: Path
) -> None:
    broker.start()
    inbox = Inbox(max_messages=20)
    ingest = LiveIngest(tmp_path, broker.port, inbox=inbox)
    ingest.subscriber.start()
    connected(ingest)
    publisher = Publisher(broker.port)
    publisher.send(*range(1, 51), boot="B")
    eventually(lambda: inbox.overflowed == 30, "the overflow")
    assert ingest.writer.ledger().pending == 20
    ingest.writer.start()
    eventually(lambda: ingest.writer.ledger().stored == 50, "all of them")
    ledger = ingest.stop()
    publisher.close()
    assert sorted(stored(ingest.path)) == list(range(1, 51))
    assert ledger.received == ledger.stored + ledger.duplicate
    assert ledger.pending == 0


def test_what_found_no_room_and_is_with_no_broker_is_counted_and_not_asked_for_again(
    broker: Mosquitto, tmp_path: Path
) -> None:
    broker.start()
    inbox = Inbox(max_messages=20)
    ingest = LiveIngest(tmp_path, broker.port, inbox=inbox, sources=[METERS])
    ingest.subscriber.start()
    connected(ingest)
    publisher = Publisher(broker.port)
    for number in range(50):
        publisher.publish("meters/a", b"em p=%d" % number, qos=0)
    eventually(lambda: inbox.overflowed == 30, "the overflow")
    ingest.writer.start()
    eventually(lambda: ingest.writer.ledger().stored == 20, "what found room")
    publisher.publish("meters/a", b"em p=50", qos=0)
    eventually(lambda: ingest.writer.ledger().stored == 21, "the next one")
    assert (ingest.subscriber.generation, ingest.subscriber.lost) == (1, 30)
    ingest.stop()
    publisher.close()


def test_a_large_message_is_refused_without_being_kept_whole(
    broker: Mosquitto, tmp_path: Path
) -> None:
    broker.start()
    ingest = LiveIngest(tmp_path, broker.port)
    ingest.start()
    connected(ingest)
    publisher = Publisher(broker.port)
    publisher.send(1, pad=10_000_000)
    eventually(lambda: ingest.writer.ledger().dead == 1, "the refusal")
    assert ingest.writer.ledger().dead_by_reason == {"too_large": 1}
    publisher.close()
    ingest.stop()


def test_a_source_is_subscribed_to_and_counted(broker: Mosquitto, tmp_path: Path) -> None:
    broker.start()
    ingest = LiveIngest(tmp_path, broker.port, sources=[METERS])
    ingest.start()
    connected(ingest)
    publisher = Publisher(broker.port)
    publisher.publish("meters/a", b"em p=1.5\n")
    publisher.publish("meters/b", b"no line")
    publisher.publish("elsewhere/a", b"em p=3\n")
    eventually(lambda: ingest.writer.ledger().dead == 1, "the refusal")
    assert stored(ingest.path) == [1_500.0]
    ledger = ingest.stop()
    assert (ledger.received, ledger.stored, ledger.dead, ledger.pending) == (2, 1, 1, 0)
    publisher.close()


def test_a_source_that_is_taken_out_is_left_at_the_next_start(
    broker: Mosquitto, tmp_path: Path
) -> None:
    broker.start()
    first = LiveIngest(tmp_path, broker.port, sources=[METERS])
    first.start()
    connected(first)
    first.stop()
    again = LiveIngest(tmp_path, broker.port)
    again.start()
    connected(again)
    publisher = Publisher(broker.port)
    publisher.publish("meters/a", b"em p=1.5\n")
    publisher.send(7)
    eventually(lambda: stored(again.path) == [7.0], "what comes after it")
    ledger = again.stop()
    assert (ledger.received, ledger.stored) == (1, 1)
    publisher.close()


def test_a_broker_whose_queue_is_too_short_is_told_of(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, more="max_queued_messages 5\nsys_interval 1\n") as broker:
        absent = Client(CallbackAPIVersion.VERSION2, "absent", clean_session=False)
        absent.on_connect = lambda client, *_: client.subscribe("podtwin/#", qos=1)
        absent.on_subscribe = lambda client, *_: client.disconnect()
        absent.connect("127.0.0.1", broker.port)
        absent.loop_forever()
        ingest = LiveIngest(tmp_path, broker.port)
        ingest.start()
        connected(ingest)
        publisher = Publisher(broker.port)
        eventually(lambda: ingest.subscriber.drops.heard_of, "the broker's count")
        publisher.send(*range(1, 51))
        eventually(lambda: ingest.subscriber.drops.dropped > 0, "what it dropped")
        assert "raise max_queued_messages" in ingest.subscriber.drops.why()
        eventually(lambda: ingest.writer.ledger().stored == 50, "all that came to us")
        publisher.close()
        ingest.stop()
