"""The MQTT side of ingest: one paho client, manual acks, connection generations.

paho acknowledges by packet id, and after a reconnect an old id names another message. So each
message carries the generation of the connection that brought it, and an ack is sent only if that
is still the present one. An exception in a paho callback would kill the network thread while
`is_connected()` stays true: `on_message` stamps, bounds, puts, and does nothing that can raise.
The thread itself is `ingest.network`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.acks import OwedAck
from ingest.address import BrokerAddress
from ingest.broker_drops import DROPPED_TOPIC, BrokerDrops
from ingest.host_state import HostState
from ingest.inbox import Arrival, Inbox, Put
from ingest.ledger import LedgerBook, is_counted
from ingest.native import MAX_PAYLOAD, encode_ack
from ingest.network import NetworkLoop, cut
from ingest.sample import Command
from ingest.tls import secure, why_unreachable
from podcore.ports import Clock
from podcore.topic import Topic, TopicKind, inbound_filters

KEEP_OF_TOO_LARGE = 1024  # bytes kept of a payload past the limit, to show what it was
RECONNECT_S = (1.0, 30.0)  # first and longest pause between tries
KEEPALIVE_S = 30
NO_TEXT = "(a topic that is no UTF-8)"
LAST_WORD_S = 1.0  # for the broker to take what a host says at its end
MAX_QUEUED_ACKS = 1_000  # application acks waiting for the broker; the newest one a node counts

logger = structlog.get_logger("ingest")


class Subscriber:
    """Subscribes to what senders publish, fills the inbox, sends acks of committed messages."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        inbox: Inbox,
        book: LedgerBook,
        clock: Clock,
        *,
        clean_session: bool = False,
        reconnect_s: tuple[float, float] = RECONNECT_S,
    ) -> None:
        self.drops = BrokerDrops(clock)
        self._drops_mid: int | None = None
        self._filters = inbound_filters()
        self._no_more: list[str] = []
        self._host: HostState | None = None
        self._address = address
        self._inbox = inbox
        self._book = book
        self._clock = clock
        self._generation = 0
        self._acked_on = 0
        self._connected = False
        self._subscribed = False
        self._asks_again = False
        self.lost = 0  # messages of QoS 0 that found no room
        self._lost_said = 0
        self._lost_s: float | None = None
        self._lock = threading.Lock()
        self._client_id = client_id
        self._client = self._make_client(clean_session=clean_session)
        self._network = NetworkLoop(
            self._client,
            clock,
            reconnect_s,
            on_no_connection=lambda error: self._say_lost(why_unreachable(error)),
            after_burst=inbox.ring,
        )

    def _make_client(self, *, clean_session: bool) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=clean_session,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        client.max_queued_messages_set(MAX_QUEUED_ACKS)
        if self._address.user is not None:
            client.username_pw_set(self._address.user, self._address.password)
        secure(client, self._address)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def listen_to(self, also: Sequence[str], no_more: Sequence[str]) -> None:
        """Names topic filters beside PodTwin's own, and those to be left; before the start."""
        self._filters += also
        self._no_more += no_more

    def be_host(self, host: HostState) -> None:
        """Says on each connection that a Sparkplug host is there, and by its will that it is not.

        Called before the start.
        """
        self._host = host
        self._client.on_pre_connect = self._on_pre_connect

    def start(self) -> None:
        """Starts the network thread; it goes on trying when the broker is away."""
        self._client.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
        self._network.start()

    def stop(self) -> None:
        """Leaves the broker; what is unacknowledged stays with it."""
        if self._host is not None and self._subscribed:  # who leaves in peace has no will
            said = self._client.publish(
                self._host.topic, self._host.payload(online=False), qos=1, retain=True
            )
            with contextlib.suppress(RuntimeError, ValueError):  # it is gone already
                said.wait_for_publish(LAST_WORD_S)
        self._network.stop()

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the present connection and what it subscribes to."""
        return self._subscribed

    @property
    def generation(self) -> int:
        """The number of the present connection."""
        return self._generation

    def alive(self) -> bool:
        """Whether the network thread lives; paho's own flag would not tell."""
        return self._network.alive()

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Tells the broker that these are committed, where they came on this connection."""
        with self._lock:
            present = self._generation
            ours = [one.mid for one in arrivals if one.generation == present and one.qos > 0]
            # A connection is not cut before it has brought something that is acknowledged for good,
            # else the same messages would come for ever.
            if not ours or self._acked_on == present:
                self._ask_again()
            for mid in ours:
                self._client.ack(mid, 1)
            if ours:
                self._acked_on = present
        self._say_messages_lost()

    def _say_messages_lost(self) -> None:
        lost = self.lost
        if lost > self._lost_said and self._inbox.has_room():  # once an overflow, when it is over
            way_out = "let their senders publish with QoS 1, or less often"
            logger.error("messages_lost", messages=lost - self._lost_said, way_out=way_out)
            self._lost_said = lost

    def _ask_again(self) -> None:
        """Once there is room for what found none, and the acks so far are out."""
        if self._asks_again and self._inbox.has_room() and not self._client.want_write():
            self._asks_again = False
            self._reconnect("what found no room is asked for again")

    def publish_ack(self, ack: OwedAck) -> None:
        """Tells a sender how far it is committed; lost when the broker is away, and owed again."""
        if self._connected:
            topic = str(Topic(ack.site, ack.node, TopicKind.ACK))
            self._client.publish(topic, encode_ack(ack.boot, ack.seq, ack.refused), qos=1)

    def command(self, command: Command) -> None:
        """Asks a sender of another format; lost when the broker is away, and asked again."""
        if not self._connected:
            return
        if command.payload is not None:
            self._client.publish(command.topic, command.payload, qos=0)
        else:
            self._say_host_is_there()

    def _say_host_is_there(self) -> None:
        if self._host is not None:
            payload = self._host.payload(online=True)
            self._client.publish(self._host.topic, payload, qos=1, retain=True)

    def _on_pre_connect(self, client: Client, _userdata: object) -> None:
        if self._host is not None:
            self._host.connects(self._clock.now_ns())
            client.will_set(self._host.topic, self._host.payload(online=False), qos=1, retain=True)

    def _reconnect(self, why: str) -> None:
        # The broker sends unacknowledged messages again only on a new connection.
        logger.info("broker_reconnecting", why=why)
        cut(self._client)

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._say_lost(f"refused: {reason}")
            return
        with self._lock:
            self._generation += 1
            self._connected = True
            self._asks_again = False
        if self._no_more:  # the broker keeps subscriptions of a session over its end
            client.unsubscribe(self._no_more)
        client.subscribe([(text, 1) for text in self._filters])
        _, self._drops_mid = client.subscribe(DROPPED_TOPIC, qos=0)

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if mid == self._drops_mid:  # a broker may keep this to itself
            return
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:  # by the broker's access rules: connected, and yet nothing would ever come
            self._say_lost(f"the subscription was refused: {refused[0]}")
            return
        self._subscribed = True
        self._say_host_is_there()
        if self._lost_s is not None:
            away_s = round(self._clock.monotonic_s() - self._lost_s, 1)
            logger.info("broker_connected", broker=str(self._address), away_s=away_s)
            self._lost_s = None

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._lock:
            self._generation += 1
            self._connected = self._subscribed = False
        if reason.is_failure:
            self._say_lost(str(reason))

    def _say_lost(self, why: str) -> None:
        if self._lost_s is None:  # once at the start, once at the end
            self._lost_s = self._clock.monotonic_s()
            logger.warning("broker_lost", broker=str(self._address), why=why)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        recv_ns = self._clock.now_ns()
        payload = bytes(message.payload)
        size = len(payload)
        if size > MAX_PAYLOAD:
            payload = payload[:KEEP_OF_TOO_LARGE]
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = NO_TEXT
        if topic == DROPPED_TOPIC:
            self.drops.heard(payload)
            return
        arrival = Arrival(self._generation, message.mid, message.qos, topic, payload, size, recv_ns)
        counted = is_counted(topic)
        if counted:
            self._book.arrived()
        put = self._inbox.put(arrival)
        if put is not Put.TAKEN:
            if counted:
                self._book.forgot(1)
            if message.qos > 0:
                # Left unacknowledged: the broker keeps it, and brings it on the next connection.
                self._asks_again = put is not Put.CLOSED
            else:  # nobody has it any more, and a new connection would cost the next ones as well
                self.lost += 1
