"""How the process is, as one tree: what its roles say of themselves, put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ingest.forward_role import ForwardRole
from ingest.ledger import Ledger
from podcore.clock import rfc3339
from podcore.role import Health
from podtwin import __version__
from podtwin.api.hub import Hub
from podtwin.api.server import ApiServer
from podtwin.engine.runner import EngineRunner
from podtwin.notify.worker import Notifier
from podtwin.pipeline.ingest import IngestRole
from podtwin.status import (
    Backlog,
    BrokerStatus,
    ComponentStatus,
    DeadLetterCount,
    ForwardStatus,
    HistoryStatus,
    Lag,
    LogStatus,
    MessageLedger,
    ReaderLag,
    ReadingLedger,
    SinkStatus,
    Status,
    ThreadStatus,
    TwinStatus,
)
from podtwin.store.sealer import SealerRunner


@dataclass(slots=True)
class Parts:
    """What this process runs; None is what another one runs, or nobody.

    forwarders : by the names of their sinks.
    """

    ingest: IngestRole | None = None
    engine: EngineRunner | None = None
    sealer: SealerRunner | None = None
    forwarders: dict[str, ForwardRole] = field(default_factory=dict)
    notifier: Notifier | None = None
    hub: Hub | None = None
    api: ApiServer | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """What is true of the process as a whole.

    broker : its address. pending_outbox : messages in the outboxes of this process.
    lags : of each reader of the log, by name.
    undelivered : lines that were refused, by sink and reason.
    """

    data_dir_id: str
    started_ns: int
    now_ns: int
    roles: tuple[str, ...]
    broker: str
    draining: bool
    pending_outbox: int
    lags: tuple[ReaderLag, ...]
    undelivered: Mapping[str, Mapping[str, int]]


def report(parts: Parts, healths: Sequence[Health], process: Process, ledger: Ledger) -> Status:
    """The tree, from what its roles say at this moment."""
    running = all(health.ready and health.state == "running" for health in healths)
    return Status(
        version=__version__,
        data_dir_id=process.data_dir_id,
        now=rfc3339(process.now_ns),
        started_at=rfc3339(process.started_ns),
        roles=process.roles,
        ready=bool(healths) and not process.draining and running,
        components=tuple(
            ComponentStatus(h.name, h.state.value, h.detail, h.ready) for h in healths
        ),
        threads=tuple(_threads(parts, healths)),
        ledger=MessageLedger(**ledger.messages()),
        readings=ReadingLedger(**ledger.readings()),
        dead_by_reason=ledger.dead_by_reason,
        dead_letters=DeadLetterCount(
            ledger.retries_stored,
            ledger.retries_dead,
            ledger.retried_readings,
            ledger.letters_trimmed,
        ),
        births=ledger.births,
        states=ledger.states,
        boots_forgotten=ledger.boots_forgotten,
        lag=_lag(parts, process.lags),
        log=parts.ingest.log() if parts.ingest else LogStatus(),
        backlog=_backlog(parts, process.pending_outbox),
        forward=_forward(parts, process.undelivered),
        history=_history(parts),
        twin=_twin(parts),
        broker=parts.ingest.broker() if parts.ingest else BrokerStatus(process.broker),
    )


def _threads(parts: Parts, healths: Sequence[Health]) -> list[ThreadStatus]:
    threads = [
        ThreadStatus(health.name, health.state == "running")
        for health in healths
        if health.name != IngestRole.name
    ]
    return [*threads, *(parts.ingest.threads() if parts.ingest else [])]


def _lag(parts: Parts, readers: tuple[ReaderLag, ...]) -> Lag:
    return Lag(
        engine_frames=parts.engine.lag().frames if parts.engine else 0,
        seal_frames=parts.sealer.lag() if parts.sealer else 0,
        hub_frames=parts.hub.lag_frames if parts.hub else 0,
        forward_frames=max((each.lag() for each in parts.forwarders.values()), default=0),
        readers=readers,
    )


def _twin(parts: Parts) -> TwinStatus:
    return TwinStatus(*parts.engine.doubts()) if parts.engine else TwinStatus()


def _forward(parts: Parts, undelivered: Mapping[str, Mapping[str, int]]) -> ForwardStatus:
    sinks = [
        _sink(name, role, undelivered.get(name, {})) for name, role in parts.forwarders.items()
    ]
    sinks += [
        SinkStatus(name, detail="of another process", refused=dict(counts))
        for name, counts in undelivered.items()
        if name not in parts.forwarders
    ]
    return ForwardStatus(
        sum(sink.frames for sink in sinks),
        _sums(sink.refused for sink in sinks),
        _sums(sink.retries for sink in sinks),
        tuple(sinks),
    )


def _sink(name: str, role: ForwardRole, refused: Mapping[str, int]) -> SinkStatus:
    done, health = role.counts(), role.health()
    return SinkStatus(
        name,
        health.ready,
        health.detail,
        role.lag(),
        done.frames,
        dict(refused),
        dict(done.retries),
    )


def _sums(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _history(parts: Parts) -> HistoryStatus:
    return HistoryStatus(**asdict(parts.sealer.upkeep())) if parts.sealer else HistoryStatus()


def _backlog(parts: Parts, pending_outbox: int) -> Backlog:
    inbox = parts.ingest.backlog() if parts.ingest else Backlog()
    return Backlog(
        inbox_messages=inbox.inbox_messages,
        inbox_bytes=inbox.inbox_bytes,
        closed_steps=parts.engine.lag().steps if parts.engine else 0,
        pending_outbox=pending_outbox,
    )
