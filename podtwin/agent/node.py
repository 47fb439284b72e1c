"""A node that this machine plays: a thread that samples, an outbox and a sender.

What is sampled, and when, is the business of `simulation` and `host_node`; how a node starts,
drains, stops and says how it is, is the same for both and stands here.
"""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable

import structlog

from ingest.native import encode_telemetry
from ingest.outbox import Outbox
from ingest.sender import MakeBirth, Sender, SenderStatus
from podcore.ports import Backlog, Clock
from podcore.role import Health, RoleState

MakeSender = Callable[[Backlog, MakeBirth], Sender]

_log = structlog.get_logger(__name__)


class PublishingNode(abc.ABC):
    """A role: a thread of that name samples into the outbox, the sender's thread sends.

    Parameters
    ----------
    make_sender : the sender for a backlog and its first birth. The birth is asked of the subclass
        here, so that what `_first_birth` needs is set before this is called.
    """

    def __init__(self, name: str, outbox: Outbox, make_sender: MakeSender, clock: Clock) -> None:
        self.name = name
        self.samples = 0
        self._outbox = outbox
        self._clock = clock
        self._started_ns = clock.now_ns()
        self._stopping = threading.Event()
        self._failure = ""
        self._stopped = False
        self._confirmed_before = outbox.first() - 1
        self._sender = make_sender(outbox, self._first_birth())
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abc.abstractmethod
    def _first_birth(self) -> MakeBirth:
        """What the node says of itself first."""

    @abc.abstractmethod
    def _play(self) -> None:
        """Samples until `_stopping` is set, or until there is no more."""

    def start(self) -> None:
        """Begins to sample and to send."""
        self._sender.start()
        self._thread.start()

    def drain(self, deadline_s: float) -> None:
        """Samples no more, and waits at most so long until all is acknowledged."""
        self.end_sampling()
        self._sender.flush(deadline_s)

    def end_sampling(self) -> None:
        """Ends the thread that samples; the sender goes on."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def stop(self) -> None:
        """Ends both threads and frees the outbox, which keeps what is not acknowledged."""
        if self._stopped:
            return
        self._stopped = True
        self.end_sampling()
        self._sender.stop()
        self._outbox.close()

    def health(self) -> Health:
        """How it is now."""
        sender = self._sender.status()
        if self._failure:
            return Health(self.name, RoleState.FAILED, self._failure, ready=False)
        if self._stopped:
            return Health(self.name, RoleState.STOPPED, sender.detail, ready=False)
        if not self._thread.is_alive() and self._thread.ident is None:
            return Health(self.name, RoleState.STARTING, "not started", ready=False)
        if not sender.alive:
            return Health(self.name, RoleState.FAILED, sender.detail, ready=False)
        detail = f"{self.samples} samples, {sender.last - sender.confirmed} not acknowledged"
        if self.given_up:
            detail += f", {self.given_up} given up"
        return Health(self.name, RoleState.RUNNING, detail)

    def status(self) -> SenderStatus:
        """How its sender is."""
        return self._sender.status()

    @property
    def heard(self) -> bool:
        """Whether anything was acknowledged since the start."""
        return self._sender.status().confirmed > self._confirmed_before

    @property
    def waiting(self) -> int:
        """Samples that are not acknowledged."""
        return self._outbox.last() - self._outbox.first() + 1

    @property
    def given_up(self) -> int:
        """Samples that the outbox let go unacknowledged, since it is there."""
        return self._outbox.dropped

    @property
    def finished(self) -> bool:
        """Whether all is played that has an end, and all of it acknowledged."""
        played = self._thread.ident is not None and not self._thread.is_alive()
        return played and not self._failure and self.waiting == 0

    def wait_for_change(self, timeout_s: float) -> None:
        """Waits at most so long for the sender to hear something."""
        self._sender.wait_for_change(timeout_s)

    def _run(self) -> None:
        try:
            self._play()
        except Exception as error:  # noqa: BLE001 - the top of a task: it ends and says so
            self._failure = f"failed: {error!r}"
            _log.exception("node_failed", node=self.name)

    def _encoded(self, ts_ns: int, values: dict[str, float], ahead: int = 0) -> bytes:
        """The values as a message, `ahead` places after the next one."""
        return encode_telemetry(self._outbox.boot, self._outbox.last() + ahead + 1, ts_ns, values)

    def _append(self, payloads: list[bytes], *, recorded: bool = False) -> None:
        if payloads:
            self._outbox.append_many(payloads, recorded=recorded)
            self.samples += len(payloads)
            self._sender.wake()
