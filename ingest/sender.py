"""The sender's thread: what `ingest.sending` decides, done over a link.

One thread a node owns the connection from the first byte to the last. It lives through a broker
that refuses, goes away or comes back with nothing, and tells by `status()` how it is; the
backlog holds what is not confirmed, so nothing here has to be kept.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from ingest.address import BrokerAddress
from ingest.connection import Identity, Link, OpenLink, PahoLink, Wake
from ingest.live_lane import DRAIN_PER_S
from ingest.native import decode_ack, encode_state
from ingest.sending import (
    ACK_WAIT_S,
    RESEND_S,
    WINDOW,
    Announce,
    Heard,
    Held,
    Phase,
    Send,
    Sending,
)
from ingest.standing import Reports, Standing
from podcore.backoff import backoff_s
from podcore.errors import Refused, Unreachable
from podcore.ports import Backlog, Clock
from podcore.topic import Topic, TopicKind

FIRST_PAUSE_S = 0.25  # before the second attempt to connect; doubled at each further one
LONGEST_PAUSE_S = 10.0
STOP_TIMEOUT_S = 2.0  # an attempt to connect to a host that is silent may take longer; it is left

_log = structlog.get_logger(__name__)

MakeBirth = Callable[[], bytes]


class Patience(NamedTuple):
    """How much a sender sends ahead, and how long it waits. [messages, s, s, messages/s]

    drain_per_s : of a long backlog, behind the present; None sends all in order.
    """

    window: int = WINDOW
    resend_s: float = RESEND_S
    ack_wait_s: float = ACK_WAIT_S
    drain_per_s: float | None = None


DEFAULT_PATIENCE = Patience()
LIVE_FIRST = Patience(drain_per_s=DRAIN_PER_S)  # of a node that samples while it sends


@dataclass(frozen=True, slots=True)
class SenderStatus:
    """How a sender is.

    confirmed, sent, last : seqs that the receiver has committed, that went out, that are held.
    connected : whether the broker has us; `answered` whether a receiver has, on this connection.
    alive : whether the thread runs; `detail` says why it or the connection does not.
    refused : whether the broker answered and said no, instead of not answering.
    edition : changes of the clock that were announced.
    draining : whether a backlog goes out behind the present.
    readings_refused : by the receiver, of all that this boot sent.
    """

    confirmed: int
    sent: int
    last: int
    connected: bool
    answered: bool
    alive: bool
    refused: bool
    edition: int
    detail: str
    draining: bool = False
    readings_refused: int = 0


class Sender:
    """Brings a backlog to whoever listens behind a broker; thread `send-{site}-{node}`.

    Parameters
    ----------
    birth : makes the birth anew at each announcement, since its `first` moves.
    clock : for pauses and patience.
    jitter : numbers from [0, 1), so that a thousand senders do not return in one instant.
    open_link : the connection; another one in tests.
    """

    def __init__(  # noqa: PLR0913 - what it sends, where to, and four that a test replaces
        self,
        broker: BrokerAddress,
        site: str,
        node: str,
        backlog: Backlog,
        birth: MakeBirth,
        *,
        clock: Clock,
        patience: Patience = DEFAULT_PATIENCE,
        jitter: Callable[[], float] = random.random,
        open_link: OpenLink = PahoLink.open,
    ) -> None:
        self._broker = broker
        self._backlog = backlog
        self._births = [birth]
        self._clock = clock
        self._jitter = jitter
        self._open_link = open_link
        self._topics = {kind: str(Topic(site, node, kind)) for kind in TopicKind}
        self._identity = Identity(
            # The boot's end keeps two senders of one node from throwing each other out for ever.
            client_id=f"podtwin-{site}-{node}-{backlog.boot[-8:]}",
            listen=self._topics[TopicKind.ACK],
            will_topic=self._topics[TopicKind.STATE],
            will=encode_state(online=False),
        )
        self._window = patience.window
        self._sending = Sending(backlog.boot, backlog.first() - 1, **patience._asdict())
        self._reports = Reports()
        self._wake = Wake()
        self._stopping = threading.Event()
        self._settled = self._sending.confirmed  # and let go by the backlog
        self._moved = threading.Event()
        self._detail = "not started"
        self._refused = False
        self._failures = 0  # attempts in a row after which no receiver answered
        self._lost_at_s: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"send-{site}-{node}", daemon=True)
        self._started = False

    def start(self) -> None:
        """Begins to connect and send; returns at once."""
        self._started = True
        self._thread.start()

    def wake(self) -> None:
        """Says that the backlog has grown."""
        self._wake.ring()

    def begin(self, *, recorded: bool) -> None:
        """Says which clock the first birth is of, before the start; what is recorded goes in order.

        Live unless said.
        """
        self._sending.begin(recorded=recorded)

    def change_clock(
        self, birth: MakeBirth, after: int | None = None, *, recorded: bool = False
    ) -> None:
        """Announces `birth` once everything up to `after` is confirmed, and holds back the rest.

        after : a seq; None means what the backlog holds now.
        """
        self._births.append(birth)
        last = self._backlog.last() if after is None else after
        self._sending.change_clock_after(last, recorded=recorded)
        self.wake()

    def release(self, up_to: int) -> None:
        """Holds back what lies above `up_to`; called again with more, it keeps a pace."""
        self._sending.release(up_to)
        self.wake()

    def flush(self, deadline_s: float) -> bool:
        """Waits at most so long until all that is held now is confirmed; whether it is."""
        goal = self._backlog.last()
        until_s = self._clock.monotonic_s() + deadline_s
        while self._settled < goal:
            left_s = until_s - self._clock.monotonic_s()
            if left_s <= 0 or not self._thread.is_alive():
                return False
            self.wait_for_change(left_s)
        return True

    def wait_for_change(self, timeout_s: float) -> bool:
        """Waits at most so long for an ack, a connection or its loss; whether there was one."""
        changed = self._clock.wait(self._moved, timeout_s)
        self._moved.clear()
        return changed

    def stop(self) -> None:
        """Says `offline`, disconnects, ends the thread; the backlog keeps what is unconfirmed."""
        self._stopping.set()
        self._wake.ring()
        if self._started:
            self._thread.join(STOP_TIMEOUT_S)
        if not self._thread.is_alive():
            self._wake.close()

    def status(self) -> SenderStatus:
        """How it is now."""
        sending = self._sending
        return SenderStatus(
            confirmed=sending.confirmed,
            sent=sending.sent,
            last=self._backlog.last(),
            connected=sending.phase is not Phase.DOWN,
            answered=sending.answered,
            alive=self._thread.is_alive(),
            refused=self._refused,
            edition=sending.edition,
            detail=self._detail,
            draining=sending.draining,
            readings_refused=sending.readings_refused,
        )

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._connect_and_serve()
            self._detail = "stopped"
        except Exception as error:  # noqa: BLE001 - the top of a task: it ends and says so
            self._detail = f"failed: {error!r}"
            _log.exception("sender_failed", topic=self._identity.listen)
        finally:
            self._sending.lost()
            self._moved.set()

    def _connect_and_serve(self) -> None:
        try:
            link = self._open_link(self._broker, self._identity, self._wake, self._clock)
        except (Unreachable, Refused) as error:
            self._pause(error)
            return
        try:
            self._serve(link)
        except Unreachable as error:
            link.abandon()
            self._sending.lost()
            self._pause(error)

    def _pause(self, error: Unreachable | Refused) -> None:
        if self._lost_at_s is None:
            self._lost_at_s = self._clock.monotonic_s()
            _log.warning("broker_lost", broker=str(self._broker), why=str(error))
        self._detail = str(error)
        self._refused = isinstance(error, Refused)
        self._moved.set()
        self._failures += 1
        pause_s = backoff_s(self._failures, FIRST_PAUSE_S, LONGEST_PAUSE_S, self._jitter())
        self._clock.wait(self._stopping, pause_s)

    def _serve(self, link: Link) -> None:
        if self._lost_at_s is not None:
            away_s = self._clock.monotonic_s() - self._lost_at_s
            _log.info("broker_found", broker=str(self._broker), away_s=round(away_s, 1))
            self._lost_at_s = None
        self._detail = "connected"
        self._refused = False
        self._sending.connected()
        self._moved.set()
        while not self._stopping.is_set():
            pause_s = self._step(link)
            for payload in link.pump(pause_s):
                self._hear(payload)
        link.publish(self._topics[TopicKind.STATE], encode_state(online=False), retain=True)
        link.close()

    def _step(self, link: Link) -> float:
        held, now_s = Held(self._backlog.first(), self._backlog.last()), self._clock.monotonic_s()
        step = self._sending.next(held, now_s)
        if isinstance(step, Announce):
            link.publish(self._topics[TopicKind.BIRTH], self._births[step.edition](), retain=True)
            self._report(link, now_s)
            self._sending.announced(held, now_s)
            return 0.0
        # Reports to a receiver that is away would wait for it in the broker, one after another.
        answered = self._sending.is_answered(now_s)
        report_s = self._reports.due_s(self._standing()) if answered else math.inf
        if now_s >= report_s:
            self._report(link, now_s)
            return 0.0
        if isinstance(step, Send):
            return self._send(link, step, now_s)
        return min(step.until_s - now_s, report_s - now_s, 60.0)

    def _report(self, link: Link, now_s: float) -> None:
        standing = self._standing()
        state = encode_state(online=True, standing=standing)
        link.publish(self._topics[TopicKind.STATE], state, retain=True)
        self._reports.told(standing, now_s)

    def _standing(self) -> Standing:
        waiting = self._backlog.last() - self._sending.confirmed
        backlog = waiting if waiting > self._window else 0
        return Standing(backlog, self._backlog.dropped)

    def _send(self, link: Link, step: Send, now_s: float) -> float:
        if not link.has_room():
            return 1.0  # the pump returns as soon as the broker takes something
        for message in self._backlog.read(step.after, step.limit):
            link.publish(self._topics[TopicKind.TELEMETRY], message.payload)
            self._sending.published(message.seq, now_s)
        return 0.0

    def _hear(self, payload: bytes) -> None:
        ack = decode_ack(payload)
        if ack is None:
            return
        held = Held(self._backlog.first(), self._backlog.last())
        heard = self._sending.acknowledged(ack, held, self._clock.monotonic_s())
        if heard in {Heard.OTHER_BOOT, Heard.NOT_CONNECTED}:
            return
        if heard is Heard.AHEAD:
            _log.error("receiver_is_ahead", boot=ack.boot, acked=ack.seq, last=held.last)
        self._failures = 0
        self._backlog.confirm(self._sending.confirmed)
        self._settled = self._sending.confirmed
        self._moved.set()
