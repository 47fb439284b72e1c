from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.backlogs import MemoryBacklog
from support.memory_broker import MemoryBroker
from support.mosquitto import Mosquitto
from support.receiver import AckingReceiver, Receiver

from ingest.address import BrokerAddress
from ingest.connection import PahoLink
from ingest.native import encode_birth, encode_state
from ingest.sender import Patience, Sender
from ingest.standing import Standing
from podcore.clock import SystemClock
from podcore.frame import BirthPoint
from podcore.ports import Backlog, Message

BOOT = "01JD0000000000000000000000"
POINTS = (BirthPoint("a/x", "power", "W", 1.0),)
QUICK = Patience(window=50, resend_s=0.3, ack_wait_s=0.2)
MEMORY = BrokerAddress("memory")


def birth_of(backlog: Backlog, *, recorded: bool = False) -> Callable[[], bytes]:
    return lambda: encode_birth(backlog.boot, 0, backlog.first(), recorded=recorded, points=POINTS)


def wait_until(true: Callable[[], bool], sender: Sender, within_s: float = 5.0) -> None:
    clock = SystemClock()
    until_s = clock.monotonic_s() + within_s
    while not true():
        assert clock.monotonic_s() < until_s, sender.status()
        sender.wait_for_change(0.05)


class World:
    """A broker and a receiver in memory, and senders that end with the test."""

    def __init__(self) -> None:
        self.receiver = Receiver()
        self.broker = MemoryBroker(self.receiver)
        self.senders: list[Sender] = []

    def sender(self, backlog: Backlog, *, start: bool = True) -> Sender:
        sender = Sender(
            MEMORY,
            "s",
            "n",
            backlog,
            birth_of(backlog),
            clock=SystemClock(),
            patience=QUICK,
            jitter=lambda: 0.0,
            open_link=self.broker.open_link,
        )
        self.senders.append(sender)
        if start:
            sender.start()
        return sender


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    for sender in world.senders:
        sender.stop()


def test_all_that_is_held_arrives_and_is_let_go(world: World) -> None:
    backlog = MemoryBacklog(BOOT, 120)
    sender = world.sender(backlog)
    assert sender.flush(5.0)
    assert world.receiver.stored(BOOT) == set(range(1, 121))
    assert world.receiver.duplicates == 0
    assert backlog.first() == 121


def test_a_growing_backlog_is_sent_when_the_bell_rings(world: World) -> None:
    backlog = MemoryBacklog(BOOT)
    sender = world.sender(backlog)
    wait_until(lambda: sender.status().answered, sender)
    backlog.grow(3)
    sender.wake()
    assert sender.flush(5.0)


def test_a_birth_and_a_retained_state_stand_before_the_messages(world: World) -> None:
    sender = world.sender(MemoryBacklog(BOOT, 1))
    assert sender.flush(5.0)
    assert world.receiver.births[0].first == 1
    assert world.receiver.states[0] == encode_state(online=True)
    assert world.broker.retained["podtwin/v1/s/n/state"] == encode_state(online=True)
    assert "podtwin/v1/s/n/telemetry" not in world.broker.retained


def test_a_stop_in_order_says_offline(world: World) -> None:
    sender = world.sender(MemoryBacklog(BOOT, 1))
    assert sender.flush(5.0)
    sender.stop()
    assert world.broker.retained["podtwin/v1/s/n/state"] == encode_state(online=False)
    assert not sender.status().alive
    assert sender.status().detail == "stopped"


def test_lost_messages_are_sent_again(world: World) -> None:
    lost = iter([True, True, True])
    world.broker.lose = lambda topic, _: topic.endswith("telemetry") and next(lost, False)
    sender = world.sender(MemoryBacklog(BOOT, 10))
    assert sender.flush(5.0)
    assert world.receiver.stored(BOOT) == set(range(1, 11))


def test_a_lost_connection_is_made_anew_and_goes_on(world: World) -> None:
    backlog = MemoryBacklog(BOOT, 5)
    sender = world.sender(backlog)
    assert sender.flush(5.0)
    world.broker.cut()
    backlog.grow(5)
    assert sender.flush(5.0)
    assert world.broker.opened == 2
    assert world.receiver.duplicates == 0


def test_a_broker_that_refuses_is_asked_again_and_its_reason_shown(world: World) -> None:
    world.broker.refusing = "not authorized"
    sender = world.sender(MemoryBacklog(BOOT, 1))
    wait_until(lambda: sender.status().detail == "not authorized", sender)
    assert sender.status().refused
    assert not sender.status().connected
    world.broker.refusing = None
    assert sender.flush(5.0)


def test_pauses_between_attempts_grow_and_are_jittered() -> None:
    class CountingClock(SystemClock):
        def __init__(self) -> None:
            self.waits: list[float] = []
            self.enough = threading.Event()

        def wait(self, event: threading.Event, timeout_s: float) -> bool:
            self.waits.append(timeout_s)
            if len(self.waits) == 8:
                event.set()
                self.enough.set()
            return event.is_set()

    broker, backlog, clock = MemoryBroker(Receiver()), MemoryBacklog(BOOT, 1), CountingClock()
    broker.away = True
    sender = Sender(
        MEMORY,
        "s",
        "n",
        backlog,
        birth_of(backlog),
        clock=clock,
        jitter=iter([0.0, 1.0] * 4).__next__,
        open_link=broker.open_link,
    )
    sender.start()
    assert clock.enough.wait(5.0)
    sender.stop()
    assert clock.waits == [0.125, 0.5, 0.5, 2.0, 2.0, 8.0, 5.0, 10.0]


def test_a_receiver_that_lost_its_disk_gets_all_that_is_still_held(world: World) -> None:
    backlog = MemoryBacklog(BOOT, 20, trims=False)
    sender = world.sender(backlog)
    assert sender.flush(5.0)
    world.receiver.wipe()
    world.broker.cut()
    wait_until(lambda: len(world.receiver.stored(BOOT)) == 20, sender)


def test_messages_go_out_though_nobody_answers(world: World) -> None:
    world.receiver.deaf = True
    sender = world.sender(MemoryBacklog(BOOT, 10))
    wait_until(lambda: len(world.receiver.stored(BOOT)) == 10, sender)
    assert sender.status().confirmed == 0
    assert not sender.status().answered
    world.receiver.deaf = False
    assert sender.flush(5.0)


def test_the_clock_changes_when_all_recorded_values_are_confirmed(world: World) -> None:
    backlog = MemoryBacklog(BOOT, 5)
    world.receiver.deaf = True
    sender = world.sender(backlog)
    sender.change_clock(birth_of(backlog, recorded=True))
    backlog.grow(5)
    wait_until(lambda: len(world.receiver.stored(BOOT)) == 5, sender)
    assert not any(birth.recorded for birth in world.receiver.births)
    world.receiver.deaf = False
    assert sender.flush(5.0)
    assert world.receiver.births[-1].recorded
    assert world.receiver.births[-1].first == 6
    assert sender.status().edition == 1


def test_a_thread_that_dies_says_so_and_a_flush_does_not_wait_for_it(world: World) -> None:
    class Broken(MemoryBacklog):
        def read(self, after: int, limit: int) -> list[Message]:
            raise OSError("disk gone")

    sender = world.sender(Broken(BOOT, 1))
    assert not sender.flush(5.0)
    status = sender.status()
    assert not status.alive
    assert status.detail == "failed: OSError('disk gone')"


def test_a_flush_that_cannot_be_says_so_in_time(world: World) -> None:
    world.broker.away = True
    sender = world.sender(MemoryBacklog(BOOT, 1))
    assert not sender.flush(0.1)


def test_a_sender_that_never_started_stops(world: World) -> None:
    world.sender(MemoryBacklog(BOOT, 1), start=False).stop()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop(kill=True)


def real_sender(mosquitto: Mosquitto, backlog: Backlog, patience: Patience = QUICK) -> Sender:
    return Sender(
        BrokerAddress.parse(mosquitto.url),
        "s",
        "n",
        backlog,
        birth_of(backlog),
        clock=SystemClock(),
        patience=patience,
        jitter=lambda: 0.0,
    )


@pytest.mark.system
def test_through_a_real_broker_all_arrives_once(mosquitto: Mosquitto) -> None:
    receiver = Receiver()
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    sender = real_sender(mosquitto, MemoryBacklog(BOOT, 3_000), Patience())
    sender.start()
    assert sender.flush(20.0)
    sender.stop()
    wait_until(lambda: len(receiver.states) == 2, sender)
    acking.close()
    assert len(receiver.stored(BOOT)) == 3_000
    assert receiver.duplicates == 0
    waits = encode_state(online=True, standing=Standing(3_000))
    assert receiver.states == [waits, encode_state(online=False)]


@pytest.mark.system
def test_a_real_broker_that_comes_back_with_nothing_costs_no_message(mosquitto: Mosquitto) -> None:
    receiver, backlog = Receiver(), MemoryBacklog(BOOT, 200)
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    sender = real_sender(mosquitto, backlog)
    sender.start()
    assert sender.flush(10.0)
    acking.close()
    mosquitto.stop(kill=True)
    backlog.grow(200)
    sender.wake()
    wait_until(lambda: not sender.status().connected, sender)
    mosquitto.start()
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    assert sender.flush(10.0)
    sender.stop()
    acking.close()
    assert receiver.stored(BOOT) == set(range(1, 401))


@pytest.mark.system
def test_without_a_broker_the_reason_is_in_the_status(tmp_path: Path) -> None:
    mosquitto = Mosquitto(tmp_path)
    sender = real_sender(mosquitto, MemoryBacklog(BOOT, 1))
    sender.start()
    wait_until(lambda: "refused" in sender.status().detail, sender)
    sender.stop()


@pytest.mark.system
def test_a_dead_connection_leaves_the_will_behind(mosquitto: Mosquitto) -> None:
    receiver = Receiver()
    acking = AckingReceiver(mosquitto.port, receiver, client_id="r")
    links: list[PahoLink] = []

    def remembered(*args: object) -> PahoLink:
        links.append(PahoLink.open(*args))  # type: ignore[arg-type]
        return links[-1]

    backlog = MemoryBacklog(BOOT, 1)
    address, clock = BrokerAddress.parse(mosquitto.url), SystemClock()
    sender = Sender(
        address, "s", "n", backlog, birth_of(backlog), clock=clock, open_link=remembered
    )
    sender.start()
    assert sender.flush(5.0)
    links[0].abandon()
    wait_until(lambda: encode_state(online=False) in receiver.states, sender)
    sender.stop()
    acking.close()
