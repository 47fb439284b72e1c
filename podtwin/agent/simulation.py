"""A simulated node: a plant that is sampled at a pace, its outbox and its sender.

It may first play a stretch of the past under a birth that says so, and then turns live. Live
samples are appended at once; the sender holds them back until all of the past is acknowledged,
since a node's clock is one thing at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from ingest.address import BrokerAddress
from ingest.native import encode_birth
from ingest.outbox import Outbox
from ingest.outbox_quota import DEFAULT_QUOTA, OutboxQuota
from ingest.sender import LIVE_FIRST, MakeBirth, Patience, Sender
from podcore.clock import NS
from podcore.frame import BirthPoint
from podcore.ports import Backlog, Clock
from podcore.site import Site
from podtwin.agent.node import MakeSender, PublishingNode
from simulators.faults import Fault, FaultSpec, Label
from simulators.site import SimulatedSite

BATCH = 100  # samples of the past a commit: one wait for the disk for all of them
MOST_WAITING = 20_000  # samples of the past that may wait in the outbox: 24 MB at 1.2 kB
ASLEEP_NS = 5 * NS  # later than this the machine slept, and what was missed is not made up
_DEFAULT_NODE = "gw-1"

TellFaults = Callable[[Sequence[Label]], None]


class Plant(Protocol):
    """What can be sampled; `simulators.site.SimulatedSite` is one."""

    @property
    def birth_points(self) -> list[BirthPoint]:
        """What is announced."""

    def sample(self, ts_ns: int, *, every_s: float = 1.0) -> dict[str, float]:
        """The readings due at a time."""

    @property
    def labels(self) -> list[Label]:
        """The truth about its faults."""

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


class SimulatedNode(PublishingNode):
    """A node whose thread `sim-{site}` samples a plant.

    Parameters
    ----------
    make_sender : the sender for a backlog and its first birth.
    faults : begin to count with the first live sample, or with the first of all if none is live.
    on_first_live : told the time of the first live sample, before it is taken.
    on_faults : told the truth about the faults once their times are known.
    """

    def __init__(  # noqa: PLR0913 - what is played, by whom, and how
        self,
        site: str,
        plant: Plant,
        outbox: Outbox,
        make_sender: MakeSender,
        clock: Clock,
        *,
        script: Script = LIVE,
        faults: Sequence[FaultSpec] = (),
        on_first_live: Callable[[int], None] = lambda _ts_ns: None,
        on_faults: TellFaults = lambda _labels: None,
    ) -> None:
        self.site = site
        self.script = script
        self._plant = plant
        self._faults = faults
        self._on_first_live = on_first_live
        self._on_faults = on_faults
        waiting = outbox.first() <= outbox.last()
        self._recorded = outbox.recorded_up_to >= outbox.first() or (
            not waiting and script.past_s > 0
        )
        super().__init__(f"sim-{site}", outbox, make_sender, clock)
        self._sender.begin(recorded=self._recorded)

    def start(self) -> None:
        """Begins to sample and to send."""
        if self._outbox.first() <= self._outbox.recorded_up_to < self._outbox.last():
            self._turn(recorded=False, after=self._outbox.recorded_up_to)
        super().start()

    def play_past(self, from_ns: int, to_ns: int) -> None:
        """Samples (from, to] into the outbox, marked as recorded."""
        self._turn(recorded=True, after=self._outbox.last())
        every_ns = round(self.script.past_every_s * NS)
        batch: list[bytes] = []
        began_s = self._clock.monotonic_s()
        for ts_ns in range(from_ns + every_ns, to_ns + 1, every_ns):
            if self._held_up((ts_ns - from_ns) / NS, began_s):
                break
            batch += self._sampled(ts_ns, self.script.past_every_s, len(batch))
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
            self._append(self._sampled(next_ns, 1.0, 0))
            next_ns += NS

    def _play(self) -> None:
        if self.script.past_s > 0:
            to_ns = self._clock.now_ns() // NS * NS
            from_ns = to_ns - round(self.script.past_s * NS)
            if not self.script.live:
                self._begin_faults(from_ns)
            self.play_past(from_ns, to_ns)
        if self.script.live and not self._stopping.is_set():
            self.play_live()

    def _begin_faults(self, zero_ns: int) -> None:
        for spec in self._faults:
            self._plant.add_fault(spec.at(zero_ns))
        self._on_faults(self._plant.labels)

    def _held_up(self, played_s: float, began_s: float) -> bool:
        """Waits for the pace, and for room; whether the end came meanwhile."""
        wait_s = 0.0
        if self.script.past_speed is not None:
            due_s = began_s + played_s / self.script.past_speed
            wait_s = max(due_s - self._clock.monotonic_s(), 0.0)
        while self.waiting >= MOST_WAITING and not self._stopping.is_set():
            self._clock.wait(self._stopping, 0.1)
        return self._clock.wait(self._stopping, wait_s) if wait_s else self._stopping.is_set()

    def _sampled(self, ts_ns: int, every_s: float, ahead: int) -> list[bytes]:
        values = self._plant.sample(ts_ns, every_s=every_s)
        return [self._encoded(ts_ns, values, ahead)] if values else []

    def _turn(self, *, recorded: bool, after: int) -> None:
        if recorded is not self._recorded:
            self._recorded = recorded
            self._sender.change_clock(self._birth(recorded=recorded), after, recorded=recorded)

    def _first_birth(self) -> MakeBirth:
        return self._birth(recorded=self._recorded)

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
    on_faults: TellFaults = lambda _labels: None,
    patience: Patience = LIVE_FIRST,
    quota: OutboxQuota = DEFAULT_QUOTA,
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
        Outbox(outbox, ulid, quota, clock.now_ns),
        make_sender,
        clock,
        script=script,
        faults=mine,
        on_first_live=on_first_live,
        on_faults=on_faults,
    )


def node_of(site: Site) -> str:
    """The node that a site's plant plays: its first."""
    return site.nodes[0] if site.nodes else _DEFAULT_NODE
