"""The thread `notify`: hands due messages to at most four senders, and settles what comes back.

One thread asks the outbox and writes to it; senders do nothing but wait for the network. So an
endpoint that hangs holds a sender or two, never the outbox. The process may end between any two
lines: a message is marked before it is sent, and one whose answer was never written is sent
again under the same id.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import structlog

from podcore.clock import NS
from podcore.errors import NotWritten
from podcore.outbox import Attempt, Endpoint, Outbox, Outgoing
from podcore.ports import Clock
from podcore.thread_role import ThreadRole
from podtwin.alerts.delivery import TRANSITIONS, Decision, Delivery, DeliveryEvent, decide
from podtwin.alerts.event import refusal
from podtwin.alerts.table import follow
from podtwin.notify.circuit import Breaker, Circuit
from podtwin.notify.sender import Sender, Sent

NAME = "notify"
POLL_S = 1.0  # how long a missed wake-up can delay a message
SENDERS = 4
EACH = 2  # messages at once to one endpoint, so that one that hangs leaves room for others
KEEP_NS = 30 * 86_400 * NS  # settled messages and their attempts
PRUNE_S = 600.0

_logger = structlog.get_logger(NAME)


Submit = Callable[[Callable[[], Sent]], Future[Sent]]


def in_a_thread(send: Callable[[], Sent]) -> Future[Sent]:
    """Sends in a thread that the end of the process does not wait for; at most `SENDERS` live."""
    future: Future[Sent] = Future()

    def run() -> None:
        try:
            future.set_result(send())
        except BaseException as error:
            future.set_exception(error)  # raised where the answer is settled, which ends the role
            raise

    threading.Thread(target=run, name="notify-send", daemon=True).start()
    return future


@dataclass(slots=True)
class _Flight:
    """A message on its way. started_ns : by the clock, as the attempt's log has it."""

    message: Outgoing
    endpoint: Endpoint
    started_ns: int
    future: Future[Sent] | None = None


@dataclass(slots=True)
class _Line:
    """What is known of an endpoint while the process runs."""

    breaker: Breaker = field(default_factory=Breaker)
    flights: int = 0


class Notifier(ThreadRole):
    """The role.

    Parameters
    ----------
    wake : set when the outbox has grown or an answer came; cleared here.
    chance : in [0, 1), for the jitter.
    submit : begins a send; in a thread of its own when left out.
    tidy : deletes what else has grown old in the same file, a little at a time.
    """

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        clock: Clock,
        wake: threading.Event,
        *,
        chance: Callable[[], float] = random.random,
        submit: Submit = in_a_thread,
        tidy: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(NAME, wake=wake, stop_s=None)
        self._outbox = outbox
        self._sender = sender
        self._clock = clock
        self._chance = chance
        self._submit = submit
        self._tidy = tidy
        self._lines: dict[str, _Line] = {}
        self._flights: list[_Flight] = []
        self._pruned_s: float | None = None
        self._stalled = ""
        self._recovered = False

    def recover(self) -> None:
        """Takes up messages whose sender ended before the answer; once, before the first round."""
        left = self._outbox.recover(self._clock.now_ns())
        if left:
            _logger.warning("deliveries_interrupted", messages=left)

    def round(self) -> bool:
        """Settles what was answered, hands out what is due; whether anything was done."""
        settled = self._settle()
        handed = False
        for endpoint in self._outbox.endpoints():
            if endpoint.enabled and not self._stopping.is_set():
                handed |= self._hand_out(endpoint)
        self._prune()
        return settled or handed

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()  # before the look: what comes during it wakes us again
            if self._tried():
                continue
            if self._draining.is_set() and (self._stalled or not self._flights):
                break
            self._clock.wait(self._wake, POLL_S)

    def _detail(self) -> str:
        """The endpoints that do not answer."""
        now_s = self._clock.monotonic_s()
        closed = Circuit.CLOSED
        away = [n for n, line in list(self._lines.items()) if line.breaker.state(now_s) != closed]
        return f"no answer from {', '.join(sorted(away))}; trying again" if away else ""

    def _log_failure(self, error: Exception) -> None:
        _logger.error("notify_failed", exc_info=error)

    def _tried(self) -> bool:
        """A round; on a disk that refuses nothing is sent, and the same is tried again."""
        try:
            if not self._recovered:
                self.recover()
                self._recovered = True
            moved = self.round()
        except NotWritten as error:
            if not self._stalled:
                _logger.error("notify_not_written", error=str(error), way_out="free disk space")
            self._stalled = str(error)
            return False
        self._stalled = ""
        return moved

    def _hand_out(self, endpoint: Endpoint) -> bool:
        line = self._lines.setdefault(endpoint.id, _Line())
        state = line.breaker.state(self._clock.monotonic_s())
        if state is Circuit.OPEN:
            return False
        probe = state is Circuit.HALF_OPEN
        room = min(SENDERS - len(self._flights), 1 if probe else EACH - line.flights)
        if room <= 0:
            return False
        due = self._outbox.due(endpoint.id, self._clock.now_ns(), room, probe=probe)
        for message in due:
            self._begin(message, endpoint, line, probe=probe)
        return bool(due)

    def _begin(self, message: Outgoing, endpoint: Endpoint, line: _Line, *, probe: bool) -> None:
        now_ns = self._clock.now_ns()
        refused = refusal(message.body)
        if refused is not None:
            self._outbox.give_up(message.id, refused.value, now_ns)
            _logger.error("message_refused", message=message.id, reason=refused.value)
            return
        follow(TRANSITIONS, Delivery(message.state), DeliveryEvent.TAKEN)
        if not self._outbox.take(message.id, now_ns):
            return
        if probe:
            line.breaker.probe()
        flight = _Flight(message, endpoint, now_ns)
        line.flights += 1
        self._flights.append(flight)
        send = partial(self._sender.send, endpoint.url, endpoint.secret, message.id, message.body)
        flight.future = self._submit(send)
        flight.future.add_done_callback(lambda _: self._wake.set())

    def _settle(self) -> bool:
        landed = [each for each in self._flights if each.future is not None and each.future.done()]
        for flight in landed:
            assert flight.future is not None  # noqa: S101 - it has landed
            self._conclude(flight, self._lines[flight.endpoint.id], flight.future.result())
        return bool(landed)

    def _conclude(self, flight: _Flight, line: _Line, sent: Sent) -> None:
        now_ns = self._clock.now_ns()
        message, endpoint = flight.message, flight.endpoint
        first_ns = flight.started_ns if message.first_ns is None else message.first_ns
        age_s = (flight.started_ns - first_ns) / NS
        decision = decide(sent.answer, message.attempts + 1, age_s, self._chance())
        state = follow(TRANSITIONS, Delivery.SENDING, decision.event)
        attempt = Attempt(
            message=message.id,
            started_ns=flight.started_ns,
            took_ms=sent.took_ms,
            url=endpoint.url,
            address=sent.address,
            request_headers=sent.request_headers,
            status=sent.answer.status,
            answer=sent.body,
            reason=decision.reason,
            state=state.value,
        )
        self._outbox.conclude(attempt, now_ns + round(decision.wait_s * NS))
        # Only now: on a disk that refuses, the answer stays here and is written by a later round.
        self._flights.remove(flight)
        line.flights -= 1
        self._judge_line(endpoint, line, sent, decision)
        if decision.disable:
            self._outbox.disable(endpoint.id, decision.reason, now_ns)
            _logger.error("endpoint_disabled", endpoint=endpoint.id, reason=decision.reason)
        elif state is Delivery.DEAD:
            _logger.error("message_dead", message=message.id, reason=decision.reason)

    def _judge_line(self, endpoint: Endpoint, line: _Line, sent: Sent, decision: Decision) -> None:
        status = sent.answer.status
        now_s = self._clock.monotonic_s()
        if status is not None and status < 500:  # noqa: PLR2004 - HTTP's classes of statuses
            if line.breaker.answered():
                self._outbox.hasten(endpoint.id, self._clock.now_ns())
                _logger.info("endpoint_answers", endpoint=endpoint.id)
            return
        line.breaker.failed(now_s, sent.answer.retry_after_s or 0.0)
        if line.breaker.just_opened:
            _logger.warning("endpoint_away", endpoint=endpoint.id, reason=decision.reason)

    def _prune(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._pruned_s is None or now_s - self._pruned_s >= PRUNE_S:
            self._pruned_s = now_s
            self._outbox.prune(self._clock.now_ns() - KEEP_NS)
            self._tidy()
