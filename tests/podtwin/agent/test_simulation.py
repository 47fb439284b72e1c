from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.memory_broker import MemoryBroker
from support.receiver import Receiver

from ingest.address import BrokerAddress
from ingest.outbox import Outbox
from ingest.sender import MakeBirth, Patience, Sender
from podcore.clock import NS, SystemClock
from podcore.frame import BirthPoint
from podcore.ports import Backlog
from podcore.role import RoleState
from podtwin.agent.simulation import Script, SimulatedNode, TellFaults
from simulators.faults import Fault, FaultSpec, Label

BOOT = "01JD0000000000000000000000"
QUICK = Patience(window=200, resend_s=0.3, ack_wait_s=0.2)
MINUTE = Script(past_s=60.0, past_every_s=5.0, live=False)


class Plant:
    """A plant of one point that says what time it is."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.broken = False

    @property
    def birth_points(self) -> list[BirthPoint]:
        return [BirthPoint("a/power", "power", "W", 1.0)]

    def sample(self, ts_ns: int, *, every_s: float = 1.0) -> dict[str, float]:
        if self.broken:
            raise ArithmeticError("no plant is like this")
        return {"a/power": ts_ns / NS}

    @property
    def labels(self) -> list[Label]:
        return [Label.of(fault, "s", "a") for fault in self.faults]

    def add_fault(self, fault: Fault) -> None:
        self.faults.append(fault)


class World:
    """Broker and receiver in memory; nodes on one outbox file, ended with the test."""

    def __init__(self, folder: Path) -> None:
        self.receiver = Receiver()
        self.broker = MemoryBroker(self.receiver)
        self.file = folder / "s.n.db"
        self.plant = Plant()
        self.nodes: list[SimulatedNode] = []
        self.clock = SystemClock()

    def node(
        self,
        script: Script,
        faults: tuple[FaultSpec, ...] = (),
        on_first_live: Callable[[int], None] = lambda _ts_ns: None,
        on_faults: TellFaults = lambda _labels: None,
    ) -> SimulatedNode:
        def make_sender(backlog: Backlog, birth: MakeBirth) -> Sender:
            return Sender(
                BrokerAddress("memory"),
                "s",
                "n",
                backlog,
                birth,
                clock=self.clock,
                patience=QUICK,
                jitter=lambda: 0.0,
                open_link=self.broker.open_link,
            )

        node = SimulatedNode(
            "s",
            self.plant,
            Outbox(self.file, BOOT),
            make_sender,
            self.clock,
            script=script,
            faults=faults,
            on_first_live=on_first_live,
            on_faults=on_faults,
        )
        self.nodes.append(node)
        node.start()
        return node

    def wait_until(self, true: Callable[[], bool], node: SimulatedNode) -> None:
        until_s = self.clock.monotonic_s() + 5.0
        while not true():
            assert self.clock.monotonic_s() < until_s, (node.health(), node.status())
            node.wait_for_change(0.02)

    def clocks(self) -> list[bool]:
        """Whether each birth in turn said recorded, repetitions left out."""
        said = [birth.recorded for birth in self.receiver.births]
        return [word for n, word in enumerate(said) if n == 0 or word is not said[n - 1]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    for node in world.nodes:
        node.stop()


def test_the_past_is_sent_as_recorded_up_to_the_present_second(world: World) -> None:
    before_s = world.clock.now_ns() // NS
    node = world.node(MINUTE)
    world.wait_until(lambda: node.finished, node)
    times = [int(str(message.ts)) // NS for message in world.receiver.messages]
    assert len(times) == 12
    assert times == list(range(times[0], times[0] + 60, 5))
    assert before_s <= times[-1] <= before_s + 2
    assert world.clocks() == [True]
    assert world.receiver.births[0].points[0].period_s == 5.0


def test_it_turns_live_once_all_of_the_past_is_acknowledged(world: World) -> None:
    first = threading.Event()
    script = Script(past_s=60.0, past_every_s=5.0, live=True)
    node = world.node(script, on_first_live=lambda _ts_ns: first.set())
    assert first.wait(5.0)
    world.wait_until(lambda: len(world.receiver.messages) > 12, node)
    assert world.clocks() == [True, False]
    live = world.receiver.births[-1]
    assert (live.first, live.points[0].period_s) == (13, 1.0)


def test_a_fault_counts_from_the_first_live_sample(world: World) -> None:
    told: list[int] = []
    spec = FaultSpec("compressor-trip", onset_s=60.0, duration_s=90.0)
    node = world.node(Script(), (spec,), told.append)
    world.wait_until(lambda: len(world.receiver.messages) > 0, node)
    assert world.plant.faults == [spec.at(told[0])]
    assert world.receiver.messages[0].ts == told[0]


def test_the_truth_about_faults_is_told_once_their_times_are_known(world: World) -> None:
    told: list[Label] = []
    spec = FaultSpec("coil-fouling", onset_s=10.0)
    node = world.node(MINUTE, (spec,), on_faults=told.extend)
    world.wait_until(lambda: node.finished, node)
    assert [label.fault for label in told] == ["coil-fouling"]
    assert told[0].onset_ns == world.plant.faults[0].onset_ns


def test_what_was_not_acknowledged_is_sent_after_a_restart_as_what_it_was(world: World) -> None:
    world.broker.away = True
    node = world.node(MINUTE)
    world.wait_until(lambda: node.samples == 12, node)
    node.stop()
    world.broker.away = False
    again = world.node(Script())
    world.wait_until(lambda: len(world.receiver.messages) > 12, again)
    assert world.clocks() == [True, False]
    assert world.receiver.births[-1].first == 13
    assert sorted(world.receiver.stored(BOOT))[:12] == list(range(1, 13))


def test_a_past_played_upon_live_leftovers_does_not_change_what_they_were(world: World) -> None:
    world.broker.away = True
    node = world.node(Script())
    world.wait_until(lambda: node.samples > 0, node)
    node.stop()
    count = node.samples
    world.broker.away = False
    again = world.node(MINUTE)
    world.wait_until(lambda: again.finished, again)
    assert world.clocks() == [False, True]
    assert world.receiver.births[-1].first == count + 1


def test_a_plant_that_fails_is_a_role_that_failed(world: World) -> None:
    world.plant.broken = True
    node = world.node(MINUTE)
    world.wait_until(lambda: node.health().state is RoleState.FAILED, node)
    assert "no plant is like this" in node.health().detail
    assert not node.finished


def test_a_drain_ends_the_samples_and_waits_for_the_acks(world: World) -> None:
    node = world.node(Script())
    world.wait_until(lambda: node.samples > 0, node)
    node.drain(2.0)
    assert node.waiting == 0
    node.stop()
    assert node.health().state is RoleState.STOPPED


def test_a_past_at_a_speed_takes_its_time(world: World) -> None:
    began_s = world.clock.monotonic_s()
    script = Script(past_s=10.0, past_every_s=5.0, past_speed=20.0, live=False)
    node = world.node(script)
    world.wait_until(lambda: node.finished, node)
    assert world.clock.monotonic_s() - began_s >= 0.5
