"""Hub: the newest values of all sites, fed by both logs in a thread, asked from any other.

It reads by the wake-up of the logs' writers or every 200 ms and publishes at most four deltas a
second. It keeps no cursor on disk: at the start it takes the newest of everything from the
history, then reads the tails that are not sealed yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from podcore.frame import Frame
from podcore.node_clock import SKEWED_NS
from podcore.ports import Clock, History, Latest, LogReader
from podcore.site import Site
from podtwin.api.deltas import Deltas, Event, Position, Wanted
from podtwin.api.newest import Newest, NewestSite
from podtwin.api.open_alerts import MAX_OPEN, AlertSource, counts_by_site
from podtwin.api.seeding import Seeding
from podtwin.store.alert_rows import AlertQuery

POLL_S = 0.2
DELTA_EVERY_S = 0.25  # four a second: what an eye follows
SITES_EVERY_S = 1.0  # what a site says of itself changes with every value; a second is enough
READ_LIMIT = 2_000  # Frames a read, as for every reader of a log
SLICE = 100  # Frames between two releases of the lock: 100 of 50 values take about 2 ms

Answer = TypeVar("Answer")


class Hub:
    """Newest values and deltas.

    Parameters
    ----------
    log, derived : Both logs; read from the hub's thread alone.
    history : What is stored; asked once for each site, at the start or once it is there.
    wake : Set by whoever appends; the hub clears it, so it must be its own.
    sites : The registry at the start; later changes come as config Frames.
    sealed : Offsets (log, derived) up to which the history is enough. The tails are read for
        what no history holds: when nodes were heard, and the twin's residuals.
    alerts : The alerts that are open; asked about once a second.
    """

    def __init__(
        self,
        log: LogReader,
        derived: LogReader,
        history: History,
        clock: Clock,
        wake: threading.Event,
        *,
        data_dir_id: str,
        sites: Callable[[], Iterable[Site]] = tuple,
        sealed: Callable[[], tuple[int, int]] = lambda: (0, 0),
        alerts: AlertSource | None = None,
    ) -> None:
        self._log, self._derived = log, derived
        self._clock, self._wake = clock, wake
        self._sites, self._sealed, self._alerts = sites, sealed, alerts
        self._lock = threading.Lock()
        self._newest = Newest()
        self._deltas = Deltas(self._newest, data_dir_id)
        self._position = Position()
        self._lag_frames = 0
        self._published_s = self._sites_published_s = float("-inf")
        self._listeners: set[Callable[[], object]] = set()
        self._seeding = Seeding(history, clock, self.site_ids, self._seed)
        self._loaded, self._stopping = threading.Event(), threading.Event()
        self._no_clients = threading.Event()
        self._no_clients.set()
        self._ended = False
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="api-hub", daemon=True)

    def start(self) -> None:
        """Takes the newest of everything, then follows the logs; returns when it has.

        Raises
        ------
        RuntimeError  When the logs or the history cannot be read.
        """
        self._thread.start()
        self._loaded.wait()
        if self._failure:
            raise RuntimeError(f"the hub could not load the newest values: {self._failure}")

    def end(self) -> None:
        """Ends all streams; values go on being taken."""
        self._ended = True
        self._notify()

    def stop(self) -> None:
        """Ends the thread; safe to call twice, or before the start."""
        self._stopping.set()
        self._wake.set()
        self._seeding.stop()
        if self._thread.is_alive():
            self._thread.join()

    def load(self) -> None:
        """Takes registry, history and the tails of both logs."""
        position = Position(*self._sealed())
        with self._lock:
            for site in self._sites():
                self._newest.configure(site)
            self._position = position
        self._seeding.begin()
        while self.catch_up():
            pass
        self.publish()

    def catch_up(self) -> bool:
        """Reads once from both logs; whether there was anything."""
        measured = self._log.read(self._position.log, READ_LIMIT)
        self._apply(measured)
        derived = self._derived.read(self._position.derived, READ_LIMIT)
        self._apply(derived)
        self._position = Position(
            measured[-1].offset if measured else self._position.log,
            derived[-1].offset if derived else self._position.derived,
        )
        whole = len(measured) < READ_LIMIT and len(derived) < READ_LIMIT
        self._lag_frames = 0 if whole else self._behind()
        return bool(measured or derived)

    def publish(self) -> bool:
        """Publishes a delta when one is due and anything changed; whether it did."""
        if self._until_due_s() > 0:
            return False
        now_s = self._clock.monotonic_s()
        with_sites = now_s >= self._sites_published_s + SITES_EVERY_S
        if with_sites and self._alerts is not None:
            self._take_alerts(self._alerts)
        with self._lock:
            done = self._deltas.publish(self._clock.now_ns(), self._position, with_sites=with_sites)
        if with_sites:
            self._sites_published_s = now_s
        if done:
            self._published_s = now_s
            self._notify()
        return done

    def listen(self, listener: Callable[[], object]) -> Callable[[], object]:
        """Calls `listener` after each delta, from the hub's thread; the answer ends that."""
        with self._lock:
            self._listeners.add(listener)
            self._no_clients.clear()

        def leave() -> None:
            with self._lock:
                self._listeners.discard(listener)
                if not self._listeners:
                    self._no_clients.set()

        return leave

    def wait_for_no_clients(self, timeout_s: float) -> bool:
        """Waits at most so long for the last stream to end; whether it has."""
        return self._clock.wait(self._no_clients, timeout_s)

    def snapshot(self, wanted: Wanted) -> Event:
        """All newest values."""
        with self._lock:
            return self._deltas.snapshot(wanted, self._clock.now_ns())

    def after(self, number: int, wanted: Wanted) -> Event | None:
        """What comes next for a client at `number`, or None when it has all."""
        with self._lock:
            return self._deltas.after(number, wanted, self._clock.now_ns())

    def find(self, event_id: str) -> int | None:
        """Where the client is that had this event last; None when it needs a snapshot."""
        with self._lock:
            return self._deltas.find(event_id)

    def site_ids(self) -> list[str]:
        """Every site, in order."""
        with self._lock:
            return sorted(self._newest.sites)

    def node_faults(self) -> tuple[int, int]:
        """Of all nodes: numbers that did not come, and how many clocks are off."""
        with self._lock:
            nodes = [node for site in self._newest.sites.values() for node in site.nodes.values()]
            off = sum(abs(node.clock.skew_ns or 0) > SKEWED_NS for node in nodes)
            return sum(sum(node.missing.values()) for node in nodes), off

    def ask(self, site_id: str, question: Callable[[NewestSite], Answer]) -> Answer | None:
        """What `question` makes of a site while nothing changes it; None when there is no such."""
        with self._lock:
            site = self._newest.sites.get(site_id)
            return None if site is None else question(site)

    @property
    def failure(self) -> str:
        """Why the thread ended before it was told to, or empty."""
        return self._failure

    @property
    def ended(self) -> bool:
        """Whether streams have to end."""
        return self._ended

    @property
    def clients(self) -> int:
        """Streams open now."""
        return len(self._listeners)

    @property
    def merged(self) -> int:
        """Deltas that slow clients got merged into a later one."""
        return self._deltas.merged

    @property
    def lag_frames(self) -> int:
        """Frames of both logs that the hub had still to read when it last looked."""
        return self._lag_frames

    @property
    def log_offset(self) -> int:
        """How far it has read the log."""
        return self._position.log

    def outboxes(self) -> tuple[int, int]:
        """Messages that wait in the outboxes of all nodes as they last said, and those given up."""
        with self._lock:
            nodes = [node for site in self._newest.sites.values() for node in site.nodes.values()]
            return sum(node.backlog for node in nodes), sum(node.dropped for node in nodes)

    def _run(self) -> None:
        try:
            self.load()
            self._loaded.set()
            while not self._stopping.is_set():
                moved = self.catch_up()
                self.publish()
                if not moved:
                    self._clock.wait(self._wake, POLL_S)
                self._wake.clear()
                # Woken by every commit it would read once a commit; deltas leave less often.
                self._clock.wait(self._stopping, self._until_due_s())
        except Exception as error:
            # The top of the thread: the role reports it as failed, the supervisor ends the process.
            self._failure = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._loaded.set()

    def _seed(self, site_id: str, latest: list[Latest]) -> None:
        with self._lock:
            self._newest.seed(site_id, latest)

    def _apply(self, frames: Sequence[Frame]) -> None:
        for start in range(0, len(frames), SLICE):
            with self._lock:
                for frame in frames[start : start + SLICE]:
                    self._newest.apply(frame)

    def _take_alerts(self, source: AlertSource) -> None:
        """Asks outside of the lock: the state database has other writers to wait for."""
        counted = source.open_counts()
        found = source.page(AlertQuery(open_only=True, limit=MAX_OPEN))
        gone = [source.get(alert) for alert in self._deltas.alerts.missing_from(found)]
        with self._lock:
            self._deltas.alerts.take([*found, *(each for each in gone if each is not None)])
            self._newest.count_alerts(counts_by_site(counted))

    def _behind(self) -> int:
        log = self._log.last_offset() - self._position.log
        return log + self._derived.last_offset() - self._position.derived

    def _until_due_s(self) -> float:
        return max(0.0, self._published_s + DELTA_EVERY_S - self._clock.monotonic_s())

    def _notify(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener()
