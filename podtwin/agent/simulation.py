"""A simulated node: a plant that is sampled at a pace, its outbox and its sender.

It may first play a stretch of the past under a birth that says so, and then turns live. Live
samples are appended at once; the sender holds them back until all of the past is acknowledged,
since a node's clock is one thing at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from ingest.address import BrokerAddress
from ingest.native import encode_birth, encode_telemetry
from ingest.outbox import Outbox
from ingest.sender import DEFAULT_PATIENCE, MakeBirth, Patience, Sender, SenderStatus
from podcore.clock import NS
from podcore.frame import BirthPoint
from podcore.ports import Backlog, Clock
from podcore.role import Health, RoleState
from podcore.site import Site
from simulators.faults import Fault, FaultSpec
from simulators.site import SimulatedSite

BATCH = 100  # samples of the past a commit: one wait for the disk for all of them
MOST_WAITING = 20_000  # samples of the past that may wait in the outbox: 24 MB at 1.2 kB
ASLEEP_NS = 5 * NS  # later than this the machine slept, and what was missed is not made up
_DEFAULT_NODE = "gw-1"

_log = structlog.get_logger(__name__)


class Plant(Protocol):
    """What can be sampled; `simulators.site.SimulatedSite` is one."""

    @property
    def birth_points(self) -> list[BirthPoint]:
        """What is announced."""

    def sample(self, ts_ns: int, *, every_s: float = 1.0) -> dict[str, float]:
        """The readings due at a time."""

    def add_fault(self, fault: Fault) -> None:
        """One more fault."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a node plays.

    past_s, past_every_s : a stretch up to the present, and the distance of its samples.
    past_speed : seconds of it a second; None as fast as it goes.
    live : whether it goes on with the present, a sample a second.
    """

    past_s: float = 0.0
    past_every_s: float = 5.0
    past_speed: float | None = None
    live: bool = True


LIVE = Script()


class SimulatedNode:
    """A role: thread `sim-{site}` samples, the sender's thread sends.

    Parameters
    ----------
    make_sender : the sender for a backlog and its first birth.
    faults : begin to count with the first live sample, or with the first of all if none is live.
    on_first_live : told the time of the first live sample, before it is taken.
    """

    def __init__(  # noqa: PLR0913 - what is played, by whom, and how
        self,
        site: str,
        plant: Plant,
        outbox: Outbox,
        make_sender: Callable[[Backlog, MakeBirth], Sender],
        clock: Clock,
        *,
        script: Script = LIVE,
        faults: Sequence[FaultSpec] = (),
        on_first_live: Callable[[int], None] = lambda _ts_ns: None,
    ) -> None:
        self.site = site
        self.samples = 0
        self._plant = plant
        self._outbox = outbox
        self._clock = clock
        self.script = script
        self._faults = faults
        self._on_first_live = on_first_live
        self._started_ns = clock.now_ns()
        self._stopping = threading.Event()
        self._failure = ""
        self._stopped = False
        self._confirmed_before = outbox.first() - 1
        waiting = outbox.first() <= outbox.last()
        self._recorded = outbox.recorded_up_to >= outbox.first() or (
            not waiting and script.past_s > 0
        )
        self._sender = make_sender(outbox, self._birth(recorded=self._recorded))
        self._thread = threading.Thread(target=self._run, name=f"sim-{site}", daemon=True)

    def start(self) -> None:
        """Begins to sample and to send."""
        if self._outbox.first() <= self._outbox.recorded_up_to < self._outbox.last():
            self._turn(recorded=False, after=self._outbox.recorded_up_to)
        self._sender.start()
        self._thread.start()

    def drain(self, deadline_s: float) -> None:
        """Samples no more, and waits at most so long until all is acknowledged."""
        self.end_sampling()
        self._sender.flush(deadline_s)

    def end_sampling(self) -> None:
        """Ends the plant's thread; the sender goes on."""
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
        name = f"sim-{self.site}"
        sender = self._sender.status()
        if self._failure:
            return Health(name, RoleState.FAILED, self._failure, ready=False)
        if self._stopped:
            return Health(name, RoleState.STOPPED, sender.detail, ready=False)
        if not self._thread.is_alive() and self._thread.ident is None:
            return Health(name, RoleState.STARTING, "not started", ready=False)
        if not sender.alive:
            return Health(name, RoleState.FAILED, sender.detail, ready=False)
        detail = f"{self.samples} samples, {sender.last - sender.confirmed} not acknowledged"
        return Health(name, RoleState.RUNNING, detail)

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
    def finished(self) -> bool:
        """Whether a script without an end in the present is played, and all acknowledged."""
        played = self._thread.ident is not None and not self._thread.is_alive()
        return played and not self._failure and self.waiting == 0

    def wait_for_change(self, timeout_s: float) -> None:
        """Waits at most so long for the sender to hear something."""
        self._sender.wait_for_change(timeout_s)

    def play_past(self, from_ns: int, to_ns: int) -> None:
        """Samples (from, to] into the outbox, marked as recorded."""
        self._turn(recorded=True, after=self._outbox.last())
        every_ns = round(self.script.past_every_s * NS)
        batch: list[bytes] = []
        began_s = self._clock.monotonic_s()
        for ts_ns in range(from_ns + every_ns, to_ns + 1, every_ns):
            if self._held_up((ts_ns - from_ns) / NS, began_s):
                break
            batch += self._encoded(ts_ns, self.script.past_every_s, len(batch))
            if len(batch) == BATCH or self.script.past_speed is not None:
                self._append(batch, recorded=True)
                batch = []
        self._append(batch, recorded=True)

    def play_live(self) -> None:
        """Samples each whole second from the next on, until the end."""
        self._turn(recorded=False, after=self._outbox.last())
        next_ns = (self._clock.now_ns() // NS + 1) * NS
        self._begin_faults(next_ns)
        self._on_first_live(next_ns)
        while True:
            wait_s = (next_ns - self._clock.now_ns()) / NS
            if self._clock.wait(self._stopping, max(wait_s, 0.0)):
                return
            now_ns = self._clock.now_ns()
            if now_ns - next_ns > ASLEEP_NS:
                next_ns = now_ns // NS * NS
            self._append(self._encoded(next_ns, 1.0, 0))
            next_ns += NS

    def _run(self) -> None:
        try:
            if self.script.past_s > 0:
                to_ns = self._clock.now_ns() // NS * NS
                from_ns = to_ns - round(self.script.past_s * NS)
                if not self.script.live:
                    self._begin_faults(from_ns)
                self.play_past(from_ns, to_ns)
            if self.script.live and not self._stopping.is_set():
                self.play_live()
        except Exception as error:  # noqa: BLE001 - the top of a task: it ends and says so
            self._failure = f"failed: {error!r}"
            _log.exception("simulation_failed", site=self.site)

    def _begin_faults(self, zero_ns: int) -> None:
        for spec in self._faults:
            self._plant.add_fault(spec.at(zero_ns))

    def _held_up(self, played_s: float, began_s: float) -> bool:
        """Waits for the pace, and for room; whether the end came meanwhile."""
        wait_s = 0.0
        if self.script.past_speed is not None:
            due_s = began_s + played_s / self.script.past_speed
            wait_s = max(due_s - self._clock.monotonic_s(), 0.0)
        while self.waiting >= MOST_WAITING and not self._stopping.is_set():
            self._clock.wait(self._stopping, 0.1)
        return self._clock.wait(self._stopping, wait_s) if wait_s else self._stopping.is_set()

    def _encoded(self, ts_ns: int, every_s: float, ahead: int) -> list[bytes]:
        values = self._plant.sample(ts_ns, every_s=every_s)
        if not values:
            return []
        seq = self._outbox.last() + ahead + 1
        return [encode_telemetry(self._outbox.boot, seq, ts_ns, values)]

    def _append(self, payloads: list[bytes], *, recorded: bool = False) -> None:
        if payloads:
            self._outbox.append_many(payloads, recorded=recorded)
            self.samples += len(payloads)
            self._sender.wake()

    def _turn(self, *, recorded: bool, after: int) -> None:
        if recorded is not self._recorded:
            self._recorded = recorded
            self._sender.change_clock(self._birth(recorded=recorded), after)

    def _birth(self, *, recorded: bool) -> MakeBirth:
        every_s = self.script.past_every_s if recorded else 0.0
        points = [
            msgspec.structs.replace(point, period_s=max(point.period_s, every_s))
            for point in self._plant.birth_points
        ]
        return lambda: encode_birth(
            self._outbox.boot,
            self._started_ns,
            self._outbox.first(),
            recorded=recorded,
            points=points,
        )


def simulated_node(  # noqa: PLR0913 - what is played, where to, and how
    site: Site,
    broker: BrokerAddress,
    outbox: Path,
    clock: Clock,
    *,
    seed: int,
    ulid: str,
    script: Script = LIVE,
    faults: Sequence[FaultSpec] = (),
    on_first_live: Callable[[int], None] = lambda _ts_ns: None,
    patience: Patience = DEFAULT_PATIENCE,
) -> SimulatedNode:
    """A node that plays a site: plant, outbox and sender put together.

    outbox : its file. ulid : a fresh one, for the outbox if it is new.

    Raises
    ------
    ConfigError  When there is no plant for the site, or a fault is none of its.
    RoleTaken  When another process sends from the outbox.
    """
    begin_ns = clock.now_ns() // NS * NS - round(script.past_s * NS)
    mine = [spec for spec in faults if spec.site in {None, site.id}]
    # A fault's time is known only with the first live sample; whether it fits is said now.
    SimulatedSite(site, seed=seed, start_ns=begin_ns, faults=[spec.at(begin_ns) for spec in mine])
    plant = SimulatedSite(site, seed=seed, start_ns=begin_ns)
    node = node_of(site)

    def make_sender(backlog: Backlog, birth: MakeBirth) -> Sender:
        return Sender(broker, site.id, node, backlog, birth, clock=clock, patience=patience)

    return SimulatedNode(
        site.id,
        plant,
        Outbox(outbox, ulid),
        make_sender,
        clock,
        script=script,
        faults=mine,
        on_first_live=on_first_live,
    )


def node_of(site: Site) -> str:
    """The node that a site's plant plays: its first."""
    return site.nodes[0] if site.nodes else _DEFAULT_NODE
