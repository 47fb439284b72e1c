from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.fake_device import FakeDevice, SteppedClock
from support.frames import MIDNIGHT_NS
from support.memory_broker import MemoryBroker
from support.receiver import Receiver
from support.waiting import eventually

from ingest.address import BrokerAddress
from ingest.outbox import Outbox
from ingest.outbox_quota import OutboxQuota
from ingest.sender import MakeBirth, Patience, Sender
from podcore.clock import NS, SystemClock
from podcore.frame import BirthPoint
from podcore.ports import Backlog
from podcore.role import RoleState
from podtwin.agent.devices.device import Reading
from podtwin.agent.devices.poller import Pollers
from podtwin.agent.host.collector import Seen, Sight
from podtwin.agent.host_node import Dropped, HostNode, birth_points

BOOT = "01JD0000000000000000000000"
QUICK = Patience(window=200, resend_s=0.3, ack_wait_s=0.2)
POINTS = {
    "cpu_power": BirthPoint("srv/cpu_power", "power", "W", 10.0),
    "memory_used": BirthPoint("srv/memory_used", "data_size", "By", 10.0),
}


class PacedClock:
    """A clock on which only waiting takes time; after so many waits the node is told to end."""

    def __init__(self, waits: int, now_ns: int = MIDNIGHT_NS) -> None:
        self.waits = waits
        self.wall_ns = now_ns
        self.at_s = 500.0

    def now_ns(self) -> int:
        return self.wall_ns

    def monotonic_s(self) -> float:
        return self.at_s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        if self.waits == 0 or event.is_set():
            return True
        self.waits -= 1
        self.pass_time(timeout_s)
        return False

    def pass_time(self, seconds: float) -> None:
        self.at_s += seconds
        self.wall_ns += round(seconds * NS)


class FakeHost:
    """A host that says what it is told to, and remembers when it was asked."""

    def __init__(self) -> None:
        self.read_at_s: list[float] = []
        self.forgotten_before: list[int] = []
        self.script: Callable[[int], Mapping[str, float]] = lambda n: {"memory_used": float(n)}

    def read(self, at_s: float) -> Mapping[str, float]:
        self.read_at_s.append(at_s)
        return self.script(len(self.read_at_s) - 1)

    def forget(self) -> None:
        self.forgotten_before.append(len(self.read_at_s))


class World:
    """A host, a broker and a receiver in memory; nodes on one outbox file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "lab.srv.db"
        self.host = FakeHost()
        self.receiver = Receiver()
        self.broker = MemoryBroker(self.receiver)
        self.nodes: list[HostNode] = []

    def node(
        self,
        clock: PacedClock,
        *,
        outbox: Callable[[Path, str], Outbox] = Outbox,
        beside: Pollers | None = None,
    ) -> HostNode:
        node = HostNode(
            "srv",
            self.host,
            POINTS,
            outbox(self.file, BOOT),
            self.make_sender,
            clock,
            period_s=10.0,
            beside=beside,
        )
        self.nodes.append(node)
        return node

    def play(self, waits: int, **options: object) -> HostNode:
        """A node that has taken so many samples; none of them lost on the way."""
        node = self.node(PacedClock(waits), **options)  # type: ignore[arg-type]  # passed on
        node.start()
        eventually(lambda: len(self.host.read_at_s) > waits, "all samples")
        node.drain(5.0)
        return node

    def make_sender(self, backlog: Backlog, birth: MakeBirth) -> Sender:
        return Sender(
            BrokerAddress("memory"),
            "lab",
            "srv",
            backlog,
            birth,
            clock=SystemClock(),
            patience=QUICK,
            jitter=lambda: 0.0,
            open_link=self.broker.open_link,
        )

    @property
    def times_s(self) -> list[float]:
        """When the values that arrived were taken, after midnight."""
        return [(int(str(m.ts)) - MIDNIGHT_NS) / NS for m in self.receiver.messages]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    for node in world.nodes:
        node.stop()


def test_a_sample_is_taken_at_each_whole_period_of_the_wall_clock(world: World) -> None:
    clock = PacedClock(3, MIDNIGHT_NS + 3 * NS)
    node = world.node(clock)
    node.start()
    eventually(lambda: len(world.receiver.messages) == 3, "three messages")
    assert world.times_s == [10.0, 20.0, 30.0]


def test_a_first_period_of_nearly_nothing_is_left_out(world: World) -> None:
    clock = PacedClock(1, MIDNIGHT_NS + 9 * NS)
    world.node(clock).start()
    eventually(lambda: len(world.receiver.messages) == 1, "one message")
    assert world.times_s == [20.0]


def test_what_is_read_first_is_for_rates_and_published_by_nobody(world: World) -> None:
    node = world.play(2)
    assert [m.values for m in world.receiver.messages] == [
        {"srv/memory_used": 1.0},
        {"srv/memory_used": 2.0},
    ]
    assert (node.samples, node.waiting, node.dropped.total()) == (2, 0, 0)


def test_the_birth_names_the_points_as_live(world: World) -> None:
    world.play(1)
    birth = world.receiver.births[0]
    assert birth.boot == BOOT
    assert not birth.recorded
    assert {point.id for point in birth.points} == {"srv/cpu_power", "srv/memory_used"}
    assert {point.period_s for point in birth.points} == {10.0}


@pytest.mark.parametrize("step_s", (3_600.0, -3_600.0, 5.0))
def test_a_clock_that_is_set_moves_times_and_not_the_pace(world: World, step_s: float) -> None:
    clock = PacedClock(4)

    def script(n: int) -> Mapping[str, float]:
        if n == 2:
            clock.wall_ns += round(step_s * NS)
        return {"memory_used": 1.0, "cpu_power": 1.0}

    world.host.script = script
    with capture_logs() as logs:
        world.node(clock).start()
        eventually(lambda: len(world.receiver.messages) == 4, "four messages")
    assert world.times_s == [10.0, 20.0, 30.0 + step_s, 40.0 + step_s]
    assert world.host.read_at_s == [500.0, 510.0, 520.0, 530.0, 540.0]
    assert world.host.forgotten_before == [3]
    assert [entry["by_s"] for entry in logs if entry["event"] == "clock_jumped"] == [step_s]


def test_samples_that_were_missed_are_not_made_up(world: World) -> None:
    clock = PacedClock(3)

    def script(n: int) -> Mapping[str, float]:
        if n == 1:
            clock.pass_time(24.0)  # a read that hung
        return {"memory_used": 1.0}

    world.host.script = script
    world.node(clock).start()
    eventually(lambda: len(world.receiver.messages) == 3, "three messages")
    assert world.times_s == [10.0, 40.0, 50.0]


def test_a_host_that_gives_nothing_sends_nothing(world: World) -> None:
    world.host.script = lambda _n: {}
    assert world.play(3).samples == 0


def test_a_point_that_falls_silent_is_said_once_and_so_is_its_return(world: World) -> None:
    silent = {3, 5, 6, 7, 8}
    world.host.script = lambda n: {"cpu_power": 1.0} | ({} if n in silent else {"memory_used": 1.0})
    with capture_logs() as logs:
        world.play(10)
    said = [(e["event"], e["point"]) for e in logs if e["event"].startswith("point_")]
    assert said == [("point_lost", "memory_used"), ("point_found", "memory_used")]


def test_an_outbox_that_nobody_empties_gives_up_the_oldest_and_says_so_once(world: World) -> None:
    world.broker.away = True
    small = partial(Outbox, quota=OutboxQuota(max_bytes=1_000))
    with capture_logs() as logs:
        node = world.node(PacedClock(20), outbox=small)
        node.start()
        eventually(lambda: len(world.host.read_at_s) == 21, "all samples")
        node.end_sampling()
    assert node.samples == 20
    assert node.given_up == 20 - node.waiting
    assert 5 < node.waiting < 15
    (said,) = [entry for entry in logs if entry["event"] == "outbox_full"]
    assert said["outbox"] == str(world.file)


class FullDisk(Outbox):
    """An outbox whose disk has no room for some of its messages."""

    refused = range(3, 6)

    def __init__(self, path: Path, ulid: str) -> None:
        super().__init__(path, ulid)
        self._asked = 0

    def append_many(self, payloads: Sequence[bytes], *, recorded: bool = False) -> int:
        self._asked += 1
        if self._asked in self.refused:
            raise sqlite3.OperationalError("database or disk is full")
        return super().append_many(payloads, recorded=recorded)


def test_a_full_disk_costs_samples_that_are_counted_and_no_numbers(world: World) -> None:
    with capture_logs() as logs:
        node = world.play(8, outbox=FullDisk)
    assert node.dropped == {Dropped.DISK_REFUSES: 3}
    assert world.receiver.stored(BOOT) == {1, 2, 3, 4, 5}
    events = [e["event"] for e in logs if e["event"].startswith("samples_")]
    assert events == ["samples_dropped", "samples_kept_again"]


def test_what_waits_is_sent_after_a_restart_under_the_same_numbering(world: World) -> None:
    world.broker.away = True
    first = world.node(PacedClock(3))
    first.start()
    eventually(lambda: first.samples == 3, "three samples")
    first.stop()
    world.broker.away = False
    world.host = FakeHost()
    world.play(2)
    assert world.receiver.stored(BOOT) == {1, 2, 3, 4, 5}
    assert [birth.boot for birth in world.receiver.births] == [BOOT]


def test_devices_beside_the_host_speak_through_its_outbox_and_its_birth(world: World) -> None:
    readings = threading.Semaphore(2)

    def script(n: int) -> Reading:
        readings.acquire()
        return Reading({"pdu/power": float(n)})

    beside = Pollers([FakeDevice("pdu", script)], SteppedClock(MIDNIGHT_NS))
    node = world.node(PacedClock(1), beside=beside)
    node.start()
    eventually(lambda: len(world.receiver.messages) == 3, "one of the host, two of the device")
    readings.release()
    node.drain(5.0)
    values = [m.values for m in world.receiver.messages if isinstance(m.values, dict)]
    powers = [each["pdu/power"] for each in values if "pdu/power" in each]
    assert powers[:2] == [0.0, 1.0]
    (birth,) = world.receiver.births[:1]
    assert {point.id for point in birth.points} >= {"srv/cpu_power", "pdu/power", "pdu/health"}
    assert sorted(world.receiver.stored(BOOT)) == list(range(1, node.samples + 1))


def test_what_comes_after_the_end_is_not_kept(world: World) -> None:
    node = world.play(1)
    node.stop()
    node.keep(MIDNIGHT_NS, {"srv/cpu_power": 1.0})
    assert node.samples == 1


def test_a_host_that_raises_is_a_role_that_failed(world: World) -> None:
    def script(_n: int) -> Mapping[str, float]:
        raise ArithmeticError("no host is like this")

    world.host.script = script
    node = world.node(PacedClock(3))
    node.start()
    eventually(lambda: node.health().state is RoleState.FAILED, "failed")
    assert "no host is like this" in node.health().detail


def test_points_are_announced_as_the_class_server_knows_them() -> None:
    sight = Sight((Seen("core_07_utilization", "/proc/stat"), Seen("fan_1_speed", "/sys")))
    assert birth_points(sight, "srv", 5.0) == {
        "core_07_utilization": BirthPoint("srv/core_07_utilization", "utilization", "%", 5.0),
        "fan_1_speed": BirthPoint("srv/fan_1_speed", "rotational_speed", "r/min", 5.0),
    }


def test_a_point_that_the_class_does_not_know_is_our_own_mistake() -> None:
    with pytest.raises(KeyError, match="warp_speed"):
        birth_points(Sight((Seen("warp_speed", "/sys"),)), "srv", 5.0)
