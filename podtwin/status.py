"""Status: how the process is, as one tree; what `/api/v1/status` and `/metrics` show.

Plain dataclasses, filled by whoever connects the rooms. Field names are the JSON names, so the
tree needs no second definition anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """A role or a service: its state is `starting`, `running`, `stopped` or `failed`.

    ready : whether it can do its work now; it may run and wait for another program.
    """

    name: str
    state: str
    detail: str = ""
    ready: bool = True


@dataclass(frozen=True, slots=True)
class ThreadStatus:
    """A thread that must live as long as the process."""

    name: str
    alive: bool


@dataclass(frozen=True, slots=True)
class MessageLedger:
    """Telemetry messages: received = stored + duplicate + dead + pending, at any moment."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    dead: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class ReadingLedger:
    """Readings of messages that are no duplicates: offered = stored + dead."""

    offered: int = 0
    stored: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """Dead letters since they came; apart from the ledgers, which count what came.

    retried_stored, retried_dead : tries, by what came of them. retried_readings : stored by them.
    trimmed : letters that are no longer kept.
    """

    retried_stored: int = 0
    retried_dead: int = 0
    retried_readings: int = 0
    trimmed: int = 0


@dataclass(frozen=True, slots=True)
class Lag:
    """Frames that each reader of the log has still to read; of sinks the one that has most."""

    engine_frames: int = 0
    seal_frames: int = 0
    hub_frames: int = 0
    forward_frames: int = 0
    readers: tuple[ReaderLag, ...] = ()


@dataclass(frozen=True, slots=True)
class ReaderLag:
    """How far behind a reader of the log is.

    seconds : since the first Frame came that it has not read. left_s : until it is through at the
    present rate; None where nothing waits or it does not gain.
    """

    reader: str
    frames: int = 0
    seconds: float = 0.0
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """What went on to one database.

    lag_frames : not delivered yet. frames : delivered by this process. refused : lines that it
    will not have, by reason, over restarts. retries : tries of this process that failed, by reason.
    """

    name: str
    ready: bool = True
    detail: str = ""
    lag_frames: int = 0
    frames: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    retries: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ForwardStatus:
    """What went on to databases: the sums of all, and each."""

    frames: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    retries: dict[str, int] = field(default_factory=dict)
    sinks: tuple[SinkStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryStatus:
    """The embedded history, and what this process did to it since it began.

    compactions : merges of files. quarantined : damaged files set apart, of which `rewritten`
    came again from the log. dropped_dates : past `history_keep`.
    files, bytes : of it when last looked at, every ten minutes; of its rollups `rollup_bytes`.
    rollups : files that were rolled up.
    """

    compactions: int = 0
    quarantined: int = 0
    rewritten: int = 0
    dropped_dates: int = 0
    files: int = 0
    bytes: int = 0
    rollups: int = 0
    rollup_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in memory and in the outboxes of this process."""

    inbox_messages: int = 0
    inbox_bytes: int = 0
    closed_steps: int = 0
    pending_outbox: int = 0


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The log that the role ingest writes, of the last second.

    bytes, quota_bytes : its pages in use, and how many there may be.
    full : the limit that is passed, `bytes`, `age` or `disk`, so that nothing is taken; or empty.
    kept_for, kept_frames : the reader furthest behind, and what it has still to read.
    """

    bytes: int = 0
    quota_bytes: int = 0
    disk_free_bytes: int = 0
    full: str = ""
    kept_for: str = ""
    kept_frames: int = 0


@dataclass(frozen=True, slots=True)
class TwinStatus:
    """What the twins of this process did not believe, since it began, by reason.

    unused : readings that moved no twin. resets : how often a filter began anew.
    """

    unused: dict[str, int] = field(default_factory=dict)
    resets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """The connection that messages come over; its generation grows with each new session.

    dropped : messages that the broker says it has thrown away since this process began.
    """

    url: str = ""
    connected: bool = False
    generation: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The whole. Times are RFC 3339, UTC."""

    version: str
    data_dir_id: str
    now: str
    started_at: str
    roles: tuple[str, ...] = ()
    ready: bool = False
    components: tuple[ComponentStatus, ...] = ()
    threads: tuple[ThreadStatus, ...] = ()
    ledger: MessageLedger = MessageLedger()
    readings: ReadingLedger = ReadingLedger()
    dead_by_reason: dict[str, int] = field(default_factory=dict)
    dead_letters: DeadLetterCount = DeadLetterCount()
    births: int = 0
    states: int = 0
    boots_forgotten: int = 0
    lag: Lag = Lag()
    log: LogStatus = LogStatus()
    backlog: Backlog = Backlog()
    forward: ForwardStatus = ForwardStatus()
    history: HistoryStatus = HistoryStatus()
    twin: TwinStatus = TwinStatus()
    broker: BrokerStatus = BrokerStatus()
