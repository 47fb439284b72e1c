"""The host's own node: what its collectors give at a pace, its outbox and its sender.

Samples carry the time of the wall clock, since readers know no other. The pace and all rates go
by the monotonic clock, which no correction moves. When the two part, the clock was set or the
host has slept: rates then begin anew, for a counter may have, and what was missed is not made up.

Devices beside the host read themselves, each at its own pace and in threads of its own; what they
give goes into the same outbox, a message a reading.
"""

from __future__ import annotations

import enum
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from ingest.address import BrokerAddress
from ingest.native import encode_birth
from ingest.outbox import Outbox
from ingest.outbox_quota import DEFAULT_QUOTA, OutboxQuota
from ingest.sender import LIVE_FIRST, MakeBirth, Patience, Sender
from podcore.classes import point_spec
from podcore.clock import NS
from podcore.frame import BirthPoint
from podcore.ports import Backlog, Clock
from podtwin.agent.host.collector import Sight
from podtwin.agent.node import MakeSender, PublishingNode

LOST_AFTER = 3  # reads in a row without a value; a counter that begins anew costs one
_APART_S = 2.0  # between the clocks, in one period; a correction by NTP stays far below
_CLASS = "server"

_log = structlog.get_logger(__name__)


class Readable(Protocol):
    """What can be read at a pace; `podtwin.agent.host.host.Host` is one."""

    def read(self, at_s: float) -> Mapping[str, float]:
        """The values of now."""

    def forget(self) -> None:
        """Compares with no earlier sample."""


class Beside(Protocol):
    """What reads itself; `podtwin.agent.devices.poller.Pollers` is one."""

    @property
    def points(self) -> Sequence[BirthPoint]:
        """All that it may give."""

    def start(self, keep: Callable[[int, Mapping[str, float]], None]) -> None:
        """Begins; `keep` takes a time in ns and values by the ids of points, from any thread."""

    def stop(self) -> None:
        """Ends; what still comes then is not kept."""


class Dropped(enum.StrEnum):
    """Why a sample was not kept."""

    DISK_REFUSES = "disk_refuses"


class HostNode(PublishingNode):
    """A node whose thread `agent-{node}` reads a host.

    Parameters
    ----------
    points : by the name that `host` gives them, as they are announced.
    period_s : between two samples. [s]
    beside : devices whose readings are the node's too.
    """

    def __init__(  # noqa: PLR0913 - what is read, what it is called, where it goes
        self,
        node: str,
        host: Readable,
        points: Mapping[str, BirthPoint],
        outbox: Outbox,
        make_sender: MakeSender,
        clock: Clock,
        *,
        period_s: float,
        beside: Beside | None = None,
    ) -> None:
        self.dropped: Counter[Dropped] = Counter()
        self._host = host
        self._points = points
        self._period_s = period_s
        self._beside = beside
        self._keeping = threading.Lock()  # a message carries the number it is kept under
        self._silent: Counter[str] = Counter()  # reads in a row that gave no value
        self._refusing: Dropped | None = None
        super().__init__(f"agent-{node}", outbox, make_sender, clock)

    def start(self) -> None:
        """Begins to sample and to send."""
        super().start()
        if self._beside is not None:
            self._beside.start(self.keep)

    def end_sampling(self) -> None:
        """Ends all that samples; the sender goes on."""
        super().end_sampling()
        if self._beside is not None:
            self._beside.stop()

    def keep(self, ts_ns: int, values: Mapping[str, float]) -> None:
        """Puts values of an instant into the outbox, by the ids of their points; for any thread."""
        with self._keeping:
            if not self._stopping.is_set():
                self._keep(self._encoded(ts_ns, dict(values)))

    def _first_birth(self) -> MakeBirth:
        points = [*self._points.values(), *(self._beside.points if self._beside else ())]
        return lambda: encode_birth(
            self._outbox.boot, self._started_ns, self._outbox.first(), recorded=False, points=points
        )

    def _play(self) -> None:
        # Rates need a first sample, which is taken now and published by nobody.
        at_s, at_ns = self._clock.monotonic_s(), self._clock.now_ns()
        self._host.read(at_s)
        due_s = at_s + self._to_first_s(at_ns)
        while not self._clock.wait(self._stopping, max(due_s - self._clock.monotonic_s(), 0.0)):
            now_s, now_ns = self._clock.monotonic_s(), self._clock.now_ns()
            self._compare_clocks((now_ns - at_ns) / NS - (now_s - at_s))
            at_s, at_ns = now_s, now_ns
            self._sample(now_s, now_ns)
            missed = (self._clock.monotonic_s() - due_s) // self._period_s
            due_s += self._period_s * (1 + max(missed, 0.0))

    def _to_first_s(self, now_ns: int) -> float:
        """Up to a whole period of the wall clock, so that the hosts of a site are read together.

        Not less than half of one: a rate over a few milliseconds is noise.
        """
        wait_s = self._period_s - (now_ns / NS) % self._period_s
        return wait_s if wait_s >= self._period_s / 2 else wait_s + self._period_s

    def _compare_clocks(self, apart_s: float) -> None:
        if abs(apart_s) > _APART_S:
            _log.warning("clock_jumped", by_s=round(apart_s, 1))
            self._host.forget()

    def _sample(self, at_s: float, ts_ns: int) -> None:
        values = self._host.read(at_s)
        self._watch(values)
        named = {self._points[name].id: value for name, value in values.items()}
        if named:
            self.keep(ts_ns, named)

    def _watch(self, values: Mapping[str, float]) -> None:
        """Says once that a point gives nothing any more, and once that it does again."""
        for name in self._points:
            if name in values:
                if self._silent.pop(name, 0) >= LOST_AFTER:
                    _log.info("point_found", point=name)
                continue
            self._silent[name] += 1
            if self._silent[name] == LOST_AFTER:
                _log.warning("point_lost", point=name)

    def _keep(self, payload: bytes) -> None:
        try:
            self._append([payload])
        except sqlite3.OperationalError as error:
            self._drop(Dropped.DISK_REFUSES, str(error))
            return
        if self._refusing is not None:
            _log.info("samples_kept_again", dropped=dict(self.dropped))
            self._refusing = None

    def _drop(self, reason: Dropped, why: str) -> None:
        self.dropped[reason] += 1
        if self._refusing is not reason:
            self._refusing = reason
            _log.error(
                "samples_dropped", reason=reason.value, why=why, outbox=str(self._outbox.path)
            )


def birth_points(sight: Sight, asset: str, period_s: float) -> dict[str, BirthPoint]:
    """What is seen, as points of an asset; the class `server` knows the quantity of each."""
    found: dict[str, BirthPoint] = {}
    for seen in sight.seen:
        spec = point_spec(_CLASS, seen.point)
        if spec is None:
            raise KeyError(f"the class {_CLASS} has no point {seen.point!r}")
        local = f"{asset}/{seen.point}"
        found[seen.point] = BirthPoint(local, spec.quantity, spec.unit, period_s)
    return found


def host_node(  # noqa: PLR0913 - who it is, what it reads, where it sends
    site: str,
    node: str,
    host: Readable,
    points: Mapping[str, BirthPoint],
    broker: BrokerAddress,
    outbox: Path,
    clock: Clock,
    *,
    ulid: str,
    period_s: float,
    patience: Patience = LIVE_FIRST,
    quota: OutboxQuota = DEFAULT_QUOTA,
    beside: Beside | None = None,
) -> HostNode:
    """Outbox and sender put together with a host, and with what stands beside it.

    outbox : its file. ulid : a fresh one, for the outbox if it is new.

    Raises
    ------
    RoleTaken  When another process sends from the outbox.
    """

    def make_sender(backlog: Backlog, birth: MakeBirth) -> Sender:
        return Sender(broker, site, node, backlog, birth, clock=clock, patience=patience)

    box = Outbox(outbox, ulid, quota, clock.now_ns)
    return HostNode(node, host, points, box, make_sender, clock, period_s=period_s, beside=beside)
