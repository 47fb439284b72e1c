"""A broker without a network: hands what senders publish to a `Receiver`, and acks back."""

from __future__ import annotations

import select
import threading
from collections import deque
from collections.abc import Callable

from support.receiver import Receiver

from ingest.address import BrokerAddress
from ingest.connection import Identity, Wake
from podcore.errors import Refused, Unreachable
from podcore.ports import Clock


class MemoryBroker:
    """One broker, one receiver. `refusing` says no to who connects; `lose` drops a message."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.refusing: str | None = None
        self.away = False
        self.lose: Callable[[str, bytes], bool] = lambda _topic, _payload: False
        self.retained: dict[str, bytes] = {}
        self.opened = 0
        self.links: list[MemoryLink] = []

    def open_link(
        self, _broker: BrokerAddress, identity: Identity, wake: Wake, _clock: Clock
    ) -> MemoryLink:
        """A connection, as `ingest.connection.PahoLink.open` makes one."""
        self.opened += 1
        if self.away:
            raise Unreachable("the broker is away")
        if self.refusing is not None:
            raise Refused(self.refusing)
        link = MemoryLink(self, identity, wake)
        self.links.append(link)
        return link

    def cut(self) -> None:
        """Drops all connections."""
        for link in self.links:
            link.drop()


class MemoryLink:
    """A `Link` of a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, identity: Identity, wake: Wake) -> None:
        self._broker = broker
        self._identity = identity
        self._wake = wake
        self._inbox: deque[bytes] = deque()
        self._lost = threading.Event()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if retain:
            self._broker.retained[topic] = payload
        if self._lost.is_set() or self._broker.lose(topic, payload):
            return
        ack = self._broker.receiver.take(topic, payload)
        if ack is not None:
            self._inbox.append(ack)

    def has_room(self) -> bool:
        return True

    def pump(self, timeout_s: float) -> list[bytes]:
        if not self._inbox:
            select.select([self._wake.fileno()], [], [], max(timeout_s, 0.0))
        self._wake.silence()
        if self._lost.is_set():
            raise Unreachable("the connection was cut")
        heard = list(self._inbox)
        self._inbox.clear()
        return heard

    def close(self) -> None:
        self._lost.set()

    def abandon(self) -> None:
        self._lost.set()
        self._broker.retained[self._identity.will_topic] = self._identity.will

    def drop(self) -> None:
        """Cuts the connection from the broker's side."""
        self._lost.set()
        self._wake.ring()
