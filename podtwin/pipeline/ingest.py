"""The role `ingest`: subscriber, inbox and writer as one, from MQTT to the committed log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ingest.address import BrokerAddress
from ingest.bounds import Bounds
from ingest.foreign import ForeignSource, Source, foreign_topics
from ingest.host_state import HostState
from ingest.inbox import Inbox
from ingest.ledger import Ledger
from ingest.log import SqliteLog
from ingest.sparkplug import Sparkplug
from ingest.spool_quota import Gate
from ingest.subscriber import Subscriber
from ingest.writer import Writer
from podcore.ports import Clock
from podcore.retry import RetryRequests
from podcore.role import Health, RoleState
from podcore.site import Site
from podtwin.status import Backlog, BrokerStatus, LogStatus, ThreadStatus


class IngestRole:
    """Threads `mqtt` and `writer`."""

    name = "ingest"

    def __init__(
        self,
        log: SqliteLog,
        address: BrokerAddress,
        clock: Clock,
        *,
        data_dir_id: str,
        discover: bool,
        wake: Callable[[int], None],
        trim: Callable[[], None],
    ) -> None:
        self._address = address
        self._gate: Gate | None = None
        self._inbox = Inbox()
        self._writer = Writer(log, self._inbox, clock, discover=discover, wake=wake, trim=trim)
        client_id = f"podtwin-ingest-{data_dir_id}"
        self._subscriber = Subscriber(
            address, client_id, self._inbox, self._writer.ledger_book, clock
        )
        self._writer.connect(self._subscriber)
        self._state = RoleState.STARTING

    def bound(self, bounds: Bounds) -> None:
        """Says how much messages alone may bring; before the start."""
        self._writer.bound(bounds)

    def adopt(self, sites: Sequence[Site]) -> None:
        """Takes the site files; before the start."""
        self._writer.adopt(sites)

    def add_sources(self, sources: Sequence[Source]) -> None:
        """Takes messages of other formats as well, by their topics; before the start."""
        left = self._writer.add_sources(sources)
        self._subscriber.listen_to(foreign_topics(sources), left)
        for each in sources:
            if isinstance(each, ForeignSource) and isinstance(each.format, Sparkplug):
                self._subscriber.be_host(HostState(each.format.host_id))

    def guard(self, gate: Gate) -> None:
        """Names what says when the log is full; before the start."""
        self._gate = gate
        self._writer.guard(gate)

    def retry(self, requests: RetryRequests) -> None:
        """Names who keeps requests to try dead letters again; before the start."""
        self._writer.retry(requests)

    def start(self) -> None:
        """Starts to write, then to listen."""
        self._writer.start()
        self._subscriber.start()
        self._state = RoleState.RUNNING

    def drain(self, deadline_s: float) -> None:
        """Drops new messages unacknowledged, commits and acknowledges what the inbox holds."""
        self._writer.drain(deadline_s)

    def stop(self) -> None:
        """Leaves the broker."""
        if self._state is RoleState.RUNNING:
            self._state = RoleState.STOPPED
            self._writer.drain(0.0)
            self._subscriber.stop()

    def health(self) -> Health:
        """Failed when one of its threads has died; not ready while the broker or disk is away."""
        if self._state is RoleState.RUNNING:
            if self._writer.failure is not None:
                return Health(self.name, RoleState.FAILED, self._writer.failure, ready=False)
            if not self._subscriber.alive():
                detail = "the network thread ended"
                return Health(self.name, RoleState.FAILED, detail, ready=False)
        detail = self._detail()
        return Health(self.name, self._state, detail, ready=not detail)

    def _detail(self) -> str:
        if self._writer.stalled is not None:
            return f"the log cannot be written ({self._writer.stalled}); nothing is acknowledged"
        if self._gate is not None and self._gate.why:
            return f"{self._gate.why}; nothing is acknowledged"
        if not self._subscriber.connected:
            return f"no connection to the broker {self._address}; trying again"
        return self._subscriber.drops.why()

    def ledger(self) -> Ledger:
        """Both ledgers now."""
        return self._writer.ledger()

    def threads(self) -> list[ThreadStatus]:
        """Its threads, by the names of the design."""
        return [
            ThreadStatus("mqtt", self._subscriber.alive()),
            ThreadStatus("writer", self._writer.alive()),
        ]

    def broker(self) -> BrokerStatus:
        """The connection that messages come over."""
        link = self._subscriber
        dropped = link.drops.dropped
        return BrokerStatus(str(self._address), link.connected, link.generation, dropped)

    def backlog(self) -> Backlog:
        """What waits in the inbox."""
        messages, size = self._inbox.size()
        return Backlog(inbox_messages=messages, inbox_bytes=size)

    def log(self) -> LogStatus:
        """What the log holds, for whom, and whether more is taken."""
        if self._gate is None:
            return LogStatus()
        quota, limit = self._gate.quota, self._gate.limit
        spool = quota.spool
        return LogStatus(
            bytes=spool.used,
            quota_bytes=quota.limits.max_bytes,
            disk_free_bytes=spool.disk.free,
            full="" if limit is None else limit.value,
            kept_for=spool.reader if spool.unread else "",
            kept_frames=spool.unread,
        )
