"""The network thread, with a client of a few lines in the place of paho's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from paho.mqtt.client import Client
from support.waiting import eventually

from ingest.network import LINGER_S, NetworkLoop
from podcore.clock import SystemClock

RECONNECT_S = (0.01, 0.04)


class BytesClient:
    """A packet is a byte; what is queued goes out with `loop_write`."""

    def __init__(self) -> None:
        self.refusals = 0
        self.connections = 0
        self.read: list[bytes] = []
        self.queued: list[bytes] = []
        self.broken = False
        self.on_socket_register_write: Callable[..., None] | None = None
        self._sock: socket.socket | None = None
        self.far: socket.socket | None = None
        self._all: list[socket.socket] = []

    def free(self) -> None:
        for each in self._all:
            each.close()

    def reconnect(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionRefusedError(111, "Connection refused")
        self._sock, self.far = socket.socketpair()
        self._all += [self._sock, self.far]
        self.connections += 1

    def socket(self) -> socket.socket | None:
        return self._sock

    def is_connected(self) -> bool:
        return self._sock is not None

    def loop_read(self) -> None:
        if self.broken:
            raise ArithmeticError("no callback may raise, and this one did")
        assert self._sock is not None
        packet = self._sock.recv(1)
        if packet:
            self.read.append(packet)
        else:
            self._close()

    def loop_write(self) -> None:
        assert self._sock is not None
        while self.queued:
            packet = self.queued.pop(0)
            self._sock.sendall(packet)
            if packet == b"D":
                self._close()
                return

    def want_write(self) -> bool:
        return bool(self.queued)

    def loop_misc(self) -> None:
        """Nothing to look after."""

    def disconnect(self) -> None:
        if self._sock is not None:
            self.queue(b"D")

    def queue(self, packet: bytes) -> None:
        self.queued.append(packet)
        assert self.on_socket_register_write is not None
        self.on_socket_register_write(self, None, self._sock)

    def _close(self) -> None:
        assert self._sock is not None
        self._sock.close()
        self._sock = None


class RecordingClock(SystemClock):
    """Notes how long each pause between two tries was to be."""

    def __init__(self) -> None:
        self.pauses_s: list[float] = []

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        if timeout_s != LINGER_S:
            self.pauses_s.append(timeout_s)
        return super().wait(event, timeout_s)


class World:
    """A loop on a client; `start` to begin."""

    def __init__(self) -> None:
        self.client = BytesClient()
        self.clock = RecordingClock()
        self.failures: list[OSError] = []
        self.bursts: list[int] = []
        self.loop = NetworkLoop(
            cast("Client", self.client),
            self.clock,
            RECONNECT_S,
            on_no_connection=self.failures.append,
            after_burst=lambda: self.bursts.append(len(self.client.read)),
        )

    def connected(self) -> socket.socket:
        self.loop.start()
        eventually(lambda: self.client.far is not None, "a connection")
        assert self.client.far is not None
        return self.client.far


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    if world.loop.alive():
        world.loop.stop()
    world.client.free()


def test_what_comes_together_is_read_and_handed_on_together(world: World) -> None:
    far = world.connected()
    far.sendall(b"x" * 50)
    eventually(lambda: len(world.client.read) == 50, "fifty packets")
    eventually(lambda: world.bursts != [], "the end of the burst")
    assert world.bursts == [50]


def test_what_another_thread_queues_goes_out_at_once(world: World) -> None:
    far = world.connected()
    far.settimeout(0.9)  # less than the longest wait for the network
    world.client.queue(b"a")
    assert far.recv(1) == b"a"


def test_it_connects_again_when_the_connection_ends(world: World) -> None:
    world.connected().close()
    eventually(lambda: world.client.connections == 2, "another connection")
    assert world.loop.alive()


def test_pauses_between_tries_grow_to_a_longest_one(world: World) -> None:
    world.client.refusals = 4
    world.connected()
    assert [str(error) for error in world.failures] == ["[Errno 111] Connection refused"] * 4
    assert world.clock.pauses_s == [0.01, 0.02, 0.04, 0.04]


def test_after_a_connection_the_pauses_begin_anew(world: World) -> None:
    world.client.refusals = 3
    world.connected().close()
    eventually(lambda: world.client.connections == 2, "another connection")
    assert world.clock.pauses_s == [0.01, 0.02, 0.04, 0.01]


def test_it_says_farewell_at_the_stop(world: World) -> None:
    far = world.connected()
    world.loop.stop()
    assert far.recv(2) == b"D"
    assert not world.loop.alive()


def test_it_can_be_stopped_while_nobody_answers(world: World) -> None:
    world.client.refusals = 1_000_000
    world.loop.start()
    eventually(lambda: world.failures != [], "a refusal")
    world.loop.stop()
    assert not world.loop.alive()


def test_what_a_callback_raises_ends_the_thread_and_is_not_hidden(world: World) -> None:
    world.client.broken = True
    world.connected().sendall(b"x")
    eventually(lambda: not world.loop.alive(), "the end of the thread")
