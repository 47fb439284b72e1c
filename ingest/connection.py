"""One connection of a sender to its broker, driven by the sender's own thread.

paho's network thread is left out: an exception in one of its callbacks ends that thread while
`is_connected()` stays true, a silent stall. Here the callbacks only note what happened, and the
thread that publishes is the one that reads. A lost connection is thrown away with all that paho
remembers of it; what has to be sent again is decided by `ingest.sending`, not by paho.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.address import BrokerAddress
from ingest.tls import secure, why_unreachable
from podcore.errors import Refused, Unreachable
from podcore.ports import Clock

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 15  # a dead broker is noticed after at most twice that
CLOSE_TIMEOUT_S = 1.0  # for the last PUBACKs of a clean stop
MAX_UNRECEIVED = 1_000  # messages without PUBACK: two windows of 500, one sent and sent again
_RINGS = 4_096  # bytes a read; more than ever wait, since each wait for the network forgets them


@dataclass(frozen=True, slots=True)
class Identity:
    """Who connects: client id, the topic to listen on, and what the broker says in our absence."""

    client_id: str
    listen: str
    will_topic: str
    will: bytes


class Wake:
    """A bell that interrupts a wait for the network; any thread may ring it."""

    def __init__(self) -> None:
        self._hear, self._ring = socket.socketpair()
        self._hear.settimeout(0.0)
        self._ring.settimeout(0.0)

    def ring(self) -> None:
        """Ends the wait that goes on, or the next one; no more than that when rung often."""
        with contextlib.suppress(OSError):  # full of rings, or already closed
            self._ring.send(b"\0")

    def fileno(self) -> int:
        """For select."""
        return self._hear.fileno()

    def silence(self) -> None:
        """Forgets the rings so far."""
        with contextlib.suppress(BlockingIOError):
            while self._hear.recv(_RINGS):
                pass

    def close(self) -> None:
        """Frees both ends."""
        self._hear.close()
        self._ring.close()


class Link(Protocol):
    """An open connection, subscribed to what its identity listens to."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hands one message to the connection, QoS 1."""

    def has_room(self) -> bool:
        """Whether more may be handed over before the broker has taken what it has."""

    def pump(self, timeout_s: float) -> list[bytes]:
        """Payloads that came in; waits for one, for room or for the bell, at most so long.

        Raises
        ------
        Unreachable  When the connection is gone.
        """

    def close(self) -> None:
        """Ends in order: waits a moment for what was handed over, then disconnects."""

    def abandon(self) -> None:
        """Ends at once; the broker publishes the will."""


OpenLink = Callable[[BrokerAddress, Identity, Wake, Clock], Link]


class PahoLink:
    """A `Link` over paho-mqtt, MQTT 3.1.1, clean session."""

    def __init__(self, broker: BrokerAddress, identity: Identity, wake: Wake, clock: Clock) -> None:
        self._broker = broker
        self._wake = wake
        self._clock = clock
        self._heard: list[bytes] = []
        self._connack: ReasonCode | None = None
        self._subscribed = False
        self._lost: str | None = None
        self._unreceived = 0
        self._client = self._make_client(identity)

    @classmethod
    def open(cls, broker: BrokerAddress, identity: Identity, wake: Wake, clock: Clock) -> PahoLink:
        """A connection, once the broker has accepted it and the subscription.

        Raises
        ------
        Unreachable  When nobody answers.
        Refused  When the broker says no.
        """
        link = cls(broker, identity, wake, clock)
        try:
            link._connect(identity)
        except BaseException:
            link.abandon()
            raise
        return link

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hands one message to the connection, QoS 1."""
        self._client.publish(topic, payload, qos=1, retain=retain)
        self._unreceived += 1

    def has_room(self) -> bool:
        """Whether more may be handed over before the broker has taken what it has."""
        return self._unreceived < MAX_UNRECEIVED and not self._client.want_write()

    def pump(self, timeout_s: float) -> list[bytes]:
        """Payloads that came in; waits for one, for room or for the bell, at most so long."""
        self._turn(timeout_s)
        if self._lost is not None:
            raise Unreachable(f"{self._broker}: {self._lost}")
        heard, self._heard = self._heard, []
        return heard

    def close(self) -> None:
        """Ends in order: waits a moment for what was handed over, then disconnects."""
        until_s = self._clock.monotonic_s() + CLOSE_TIMEOUT_S
        while self._unreceived and self._lost is None:
            left_s = until_s - self._clock.monotonic_s()
            if left_s <= 0:
                break
            self._turn(left_s)
        if self._lost is None:
            self._client.disconnect()
        self.abandon()

    def abandon(self) -> None:
        """Ends at once; without `close` before it, the broker publishes the will."""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            # A thread that waits on the socket would not notice its being closed.
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        if sock is not None:
            sock.close()

    def _make_client(self, identity: Identity) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=identity.client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(2 * MAX_UNRECEIVED)  # the window is ours, not paho's 20
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.will_set(identity.will_topic, identity.will, qos=1, retain=True)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        secure(client, self._broker)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _connect(self, identity: Identity) -> None:
        until_s = self._clock.monotonic_s() + CONNECT_TIMEOUT_S
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
        except OSError as error:
            raise Unreachable(f"{self._broker}: {why_unreachable(error)}") from error
        sock = self._client.socket()
        # Without this a message of a few hundred bytes waits for the ACK of the one before.
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._await(lambda: self._connack is not None, until_s, "did not accept the connection")
        if self._connack is not None and self._connack.is_failure:
            raise Refused(f"{self._broker}: the broker refuses: {str(self._connack).lower()}")
        self._client.subscribe(identity.listen, qos=1)
        self._await(lambda: self._subscribed, until_s, f"did not confirm {identity.listen}")

    def _await(self, happened: Callable[[], bool], until_s: float, otherwise: str) -> None:
        while not happened():
            left_s = until_s - self._clock.monotonic_s()
            if self._lost is not None or left_s <= 0:
                detail = self._lost or f"{otherwise} within {CONNECT_TIMEOUT_S:g} s"
                raise Unreachable(f"{self._broker}: {detail}")
            self._turn(left_s)

    def _turn(self, timeout_s: float) -> None:
        sock = self._client.socket()
        if sock is None:
            self._lost = self._lost or "the connection is closed"
            return
        # Bytes that TLS has taken off the socket already are not seen by select.
        pending = getattr(sock, "pending", None)
        wait_s = 0.0 if pending is not None and pending() else min(max(timeout_s, 0.0), KEEPALIVE_S)
        network, bell = sock.fileno(), self._wake.fileno()
        writers = [network] if self._client.want_write() else []
        readable, writable, _ = select.select([network, bell], writers, [], wait_s)
        if bell in readable:
            self._wake.silence()
        if network in readable or wait_s == 0.0:
            self._check(self._client.loop_read())
        if writable:
            self._check(self._client.loop_write())
        self._check(self._client.loop_misc())

    def _check(self, code: MQTTErrorCode) -> None:
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS and self._lost is None:
            self._lost = code.name.removeprefix("MQTT_ERR_").lower().replace("_", " ")

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._connack = code

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._subscribed = True
        if any(code.is_failure for code in codes):
            self._lost = "the broker refuses the subscription to our acks"

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        _code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._unreceived -= 1

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self._heard.append(bytes(message.payload))

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._lost = self._lost or str(code).lower()
