"""The pipeline: the one place where concrete things are made and connected.

Each role is a thread or two with a start, a drain and a stop. The order of starting is from the
log outwards, so that whatever arrives finds its reader; the order of stopping is the reverse:
nothing new, then what is in hand, then the readers to the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import structlog

from ingest.address import BrokerAddress
from ingest.broker import EmbeddedBroker
from ingest.forwarder import cursor_name
from ingest.ledger import Ledger, read_ledger
from ingest.log import SharedLogReader, SqliteLog, SqliteLogReader
from ingest.log_salvage import mend
from ingest.registry_store import load_sites
from ingest.retention import LogRetention, Trimmer
from ingest.spool_quota import Gate, SpoolQuota
from podcore.ports import Clock
from podcore.retry import INTAKE
from podcore.role import Health, Role
from podcore.thread_role import STOP_S
from podtwin.api.deps import ApiDeps
from podtwin.api.hub import Hub
from podtwin.api.server import ApiServer
from podtwin.dashboard import built_static_dir
from podtwin.engine.judge import Judge
from podtwin.engine.runner import NAME as ENGINE
from podtwin.engine.runner import EngineRunner
from podtwin.notify.sender import HttpSender
from podtwin.notify.worker import Notifier
from podtwin.pipeline.broker import BrokerRole
from podtwin.pipeline.catalog import list_recordings, list_replays
from podtwin.pipeline.datadir import DataDir, disk_of
from podtwin.pipeline.first_key import guarded
from podtwin.pipeline.forward import drop_unconfigured, make_forward_role
from podtwin.pipeline.ingest import IngestRole
from podtwin.pipeline.lags import Lags, reader_name
from podtwin.pipeline.letters import DeadLetters
from podtwin.pipeline.options import EMBEDDED, INFLUX, PipelineOptions
from podtwin.pipeline.report import Parts, Process, report
from podtwin.pipeline.stored import stored
from podtwin.pipeline.together import Together
from podtwin.pipeline.wakes import Wakes
from podtwin.status import Status
from podtwin.store.alert_pruning import AlertPruning
from podtwin.store.alert_rows import Alerts
from podtwin.store.audit import AuditLog
from podtwin.store.deliveries import Deliveries
from podtwin.store.influx_client import first_of
from podtwin.store.keys import Keys
from podtwin.store.outbox import SqliteOutbox
from podtwin.store.retries import Retries
from podtwin.store.sealer import Sealer, SealerRunner
from podtwin.store.state import StateStore
from podtwin.store.undelivered import UndeliveredRows

INGEST_DRAIN_S = 3.0
ENGINE_DRAIN_S = 3.0
FORWARD_DRAIN_S = 1.5
SEAL_DRAIN_S = 2.0
NOTIFY_DRAIN_S = 2.0
API_DRAIN_S = 1.0

logger = structlog.get_logger("podtwin")


class Pipeline:
    """The roles of this process on one data directory.

    Raises
    ------
    RoleTaken  When another process runs one of the roles on the same directory.
    ConfigError  When the directory, a file in it or a port cannot be used.
    """

    def __init__(self, options: PipelineOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._started_ns = clock.now_ns()
        self.data_dir = DataDir(options.data_dir)
        self._names = options.needed_roles()
        self.data_dir.hold(self._names)
        self._wakes = Wakes()
        self._state = StateStore(self.data_dir.state)
        self._roles: list[Role] = []
        self._started: list[Role] = []
        self._parts = Parts()
        self._lags = Lags(SharedLogReader(self.data_dir.log), clock)
        self._told = threading.Event()  # the notifier's alone
        self._draining = False
        try:
            self._build()
        except BaseException:
            self.data_dir.release()
            raise

    @property
    def broker(self) -> BrokerAddress:
        """Where senders and ingest meet."""
        return self._options.broker or BrokerAddress("127.0.0.1", self._options.mqtt_port)

    @property
    def api(self) -> ApiServer | None:
        """Page and API; None without the role api."""
        return self._parts.api

    @property
    def url(self) -> str | None:
        """Where the page is, or will be; None without the role api."""
        return self._parts.api.url if self._parts.api is not None else None

    def _build(self) -> None:
        self._mend_logs()
        # The log files with their tables first: whoever reads them expects these.
        log = SqliteLog(self.data_dir.log)
        derived = SqliteLog(self.data_dir.derived, derived=True)
        makers: dict[str, Callable[[], Role]] = {
            "broker": lambda: BrokerRole(EmbeddedBroker(self._options.mqtt_port)),
            "ingest": lambda: self._make_ingest(log),
            "engine": lambda: self._make_engine(derived),
            "seal": self._make_sealer,
            "notify": self._make_notifier,
            "api": self._make_api,
        }
        # The API takes its port before anything else runs, the broker lives before its client.
        for name in ("api", "notify", "engine", "seal", "forward", "broker", "ingest"):
            if name in self._names:
                self._roles += self._make_forwarders() if name == "forward" else [makers[name]()]
        if "ingest" in self._names:  # whoever trims the log decides whom it is kept for
            ends = {"log": log.last_offset(), "derived": derived.last_offset()}
            configured = [reader for name in ends for reader in self._keepers(name)]
            drop_unconfigured(self._state, configured, ends)
        else:
            log.close()
        if "engine" not in self._names:
            derived.close()

    def _mend_logs(self) -> None:
        """Looks at the files that this process is about to write; damage is set aside."""
        furthest = max(self._state.all().values(), default=0)
        for role, path in (("ingest", self.data_dir.log), (ENGINE, self.data_dir.derived)):
            if role in self._names:
                mend(path, at_least=furthest)

    def _make_ingest(self, log: SqliteLog) -> Role:
        options = self._options
        readers = (ENGINE, *self._keepers("log"))
        quota = self._quota(log, readers)
        ingest = self._parts.ingest = IngestRole(
            log,
            self.broker,
            self._clock,
            data_dir_id=self.data_dir.id,
            discover=options.discover,
            wake=self._wakes,
            trim=self._trimmer(log, readers, quota),
        )
        ingest.bound(options.bounds)
        ingest.guard(Gate(quota, self._clock))
        ingest.adopt(options.sites)
        # A connection of its own: the writer must not wait for who reads through the shared one.
        ingest.retry(Retries(StateStore(self.data_dir.state), INTAKE))
        ingest.add_sources(options.sources)
        return ingest

    def _quota(self, log: SqliteLog, readers: tuple[str, ...]) -> SpoolQuota:
        """How much of a log there is, and may be."""
        usage = partial(disk_of, log.path.parent)
        limits = self._options.quota
        return SpoolQuota(log, readers, self._state.all, usage, self._clock, limits)

    def _trimmer(self, log: SqliteLog, readers: tuple[str, ...], quota: SpoolQuota) -> Trimmer:
        """Trims a log behind its durable readers."""

        def done() -> int:
            cursors = self._state.all()
            return min(cursors.get(name, 0) for name in readers)

        options = self._options
        retention = LogRetention(log, done, options.keep_ns, options.max_bytes, quota.scarce)
        return Trimmer(log, retention, self._clock)

    def _keepers(self, log_name: str) -> tuple[str, ...]:
        """The cursors of who carries a log elsewhere, in this process or another."""
        history = self._options.history
        seal = () if history == INFLUX else (f"sealer/{log_name}",)
        sinks = () if history == EMBEDDED else self._options.sinks
        return seal + tuple(cursor_name(sink.name, log_name) for sink in sinks)

    def _make_engine(self, derived: SqliteLog) -> Role:
        keepers = self._keepers("derived")
        engine = self._parts.engine = EngineRunner(
            self._reader(),
            derived,
            self._state,
            self._state,
            self._clock,
            self._wakes.new(),
            trim=self._trimmer(derived, keepers, self._quota(derived, keepers)),
            judge=Judge(self._options.rules),
            told=self._told.set,
        )
        return engine

    def _make_sealer(self) -> Role:
        sealer = Sealer(
            self.data_dir.path,
            self._reader(),
            self._derived_reader(),
            self._state,
            keep_ns=self._options.history_keep_ns,
        )
        runner = self._parts.sealer = SealerRunner(sealer, self._clock)
        return runner

    def _make_forwarders(self) -> list[Role]:
        sinks = self._options.sinks
        first_of(sinks, self._options.history)
        for sink in sinks:
            log, derived = self._reader(), self._derived_reader()
            self._parts.forwarders[sink.name] = make_forward_role(
                sink,
                log,
                derived,
                self._state,
                partial(load_sites, log.connection),
                self._clock,
                stop_s=STOP_S / len(sinks),
            )
        return list(self._parts.forwarders.values())

    def _make_notifier(self) -> Role:
        sender = HttpSender(self._options.targets, self._clock)
        outbox = SqliteOutbox(self._state)
        tidy = AlertPruning(self._state).prune
        notifier = self._parts.notifier = Notifier(
            outbox, sender, self._clock, self._told, tidy=tidy
        )
        return notifier

    def _make_api(self) -> Role:
        options = self._options
        kept = stored(options.history, self.data_dir.path, self._state.get, options.sinks)
        registry = self._reader()
        hub = self._parts.hub = Hub(
            self._reader(),
            self._derived_reader(),
            kept.history,
            self._clock,
            self._wakes.new(),
            data_dir_id=self.data_dir.id,
            sites=lambda: load_sites(registry.connection),
            sealed=kept.done,
            alerts=Alerts(self._state),
        )
        keys = Keys(self._state)
        deps = ApiDeps(
            clock=self._clock,
            hub=hub,
            tables=kept.history.frames,
            bins=kept.history.bins,
            status=self.status,
            alerts=Alerts(self._state),
            deliveries=Deliveries(self._state),
            endpoints=SqliteOutbox(self._state),
            letters=DeadLetters(self.data_dir.log, self._state),
            keys=keys,
            audit=AuditLog(self._state),
            access=guarded(options.access, options.host, keys, self.data_dir.keys, self._clock),
            wake=self._wake_writers,
            static_dir=built_static_dir(),
            recordings=lambda: list_recordings(self.data_dir.recordings),
            replays=lambda: list_replays(self.data_dir.replays),
        )
        api = self._parts.api = ApiServer(deps, host=options.host, port=options.port)
        return api

    def _wake_writers(self) -> None:
        """After a command or a message was asked for: engine and notifier look at once."""
        self._wakes()
        self._told.set()

    def _reader(self) -> SqliteLogReader:
        return SqliteLogReader(self.data_dir.log)

    def _derived_reader(self) -> SqliteLogReader:
        return SqliteLogReader(self.data_dir.derived, derived=True)

    def start(self) -> None:
        """Starts all roles; when one cannot start, those that did are stopped again."""
        try:
            for role in self._roles:
                role.start()
                self._started.append(role)
        except BaseException:
            self.stop()
            raise

    def drain(self) -> None:
        """Nothing new, then what is in hand: ingest first, then its readers to the end."""
        self._draining = True  # readyz says so from here on
        parts = self._parts
        for part, deadline_s in (
            (parts.ingest, INGEST_DRAIN_S),
            (parts.engine, ENGINE_DRAIN_S),
            (Together(parts.forwarders.values(), self._clock), FORWARD_DRAIN_S),
            (parts.notifier, NOTIFY_DRAIN_S),
            (parts.sealer, SEAL_DRAIN_S),
            (parts.api, API_DRAIN_S),
        ):
            if part is not None:
                part.drain(deadline_s)

    def stop(self) -> None:
        """Ends every thread and gives the locks back; safe to call twice."""
        for role in reversed(self._started):
            role.stop()
        self._started.clear()
        self.data_dir.release()

    def failed(self) -> Health | None:
        """The first role that has died, or None: no half-alive pipeline."""
        for role in self._started:
            health = role.health()
            if health.state == "failed":
                return health
        return None

    def ledger(self) -> Ledger:
        """Both ledgers now; without the role ingest what is settled in the log."""
        if self._parts.ingest is not None:
            return self._parts.ingest.ledger()
        reader = self._reader()
        try:
            return read_ledger(reader.connection)
        finally:
            reader.close()

    @property
    def state(self) -> StateStore:
        """Alerts, endpoints and deliveries."""
        return self._state

    def shows_live(self) -> bool:
        """Whether the page shows a live value of any site."""
        hub = self._parts.hub
        if hub is None:
            return False
        return any(hub.ask(site, lambda newest: newest.live) for site in hub.site_ids())

    def _offsets(self) -> dict[str, int]:
        """How far each reader of the log has come, also one of another process."""
        cursors, parts = self._state.all(), self._parts
        found = {ENGINE: parts.engine.lag().offset if parts.engine else cursors.get(ENGINE, 0)}
        if parts.hub is not None:
            found["hub"] = parts.hub.log_offset
        for cursor in self._keepers("log"):
            found[reader_name(cursor)] = cursors.get(cursor, 0)
        return found

    def status(self) -> Status:
        """How the process is, as one tree."""
        return report(
            self._parts,
            [role.health() for role in self._started],
            Process(
                self.data_dir.id,
                self._started_ns,
                self._clock.now_ns(),
                self._names,
                str(self.broker),
                draining=self._draining,
                pending_outbox=self._options.outboxes(),
                lags=self._lags.of(self._offsets()),
                undelivered=UndeliveredRows(self._state).by_sink(),
            ),
            self.ledger(),
        )
