"""What the API is given; whoever connects the rooms makes it. No web framework is imported here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from podcore.access import Key, Session
from podcore.alert import Alert
from podcore.outbox import Attempt, Endpoint
from podcore.ports import Clock, Command, Notice, SeriesQuery
from podtwin.api.hub import Hub
from podtwin.letters import LetterBook
from podtwin.status import Status
from podtwin.store.alert_rows import AlertQuery, TimelineEntry
from podtwin.store.audit import AuditEntry, AuditQuery
from podtwin.store.deliveries import Message, MessageQuery

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """A recording in the data directory, as its manifest says."""

    id: str
    path: str
    from_ns: int | None
    to_ns: int | None
    frames: int
    sites: tuple[str, ...]
    digest: str | None
    created_ns: int | None
    rebuilt: bool = False


@dataclass(frozen=True, slots=True)
class ReplayInfo:
    """A replay in the data directory. speed : times real time, None for as fast as possible."""

    id: str
    recording: str
    state: Literal["running", "done", "failed"]
    frames: int
    digest: str | None
    speed: float | None
    started_ns: int | None


class AlertStore(Protocol):
    """Alerts as they are, and where one asks for something to be done about them.

    Asked from the hub's thread and from up to eight others at once.
    """

    def page(self, query: AlertQuery) -> list[Alert]:
        """A page of them, newest first."""

    def get(self, alert: str) -> Alert | None:
        """One of them, or None."""

    def open_counts(self) -> Mapping[tuple[str, str, str], int]:
        """How many are open, by (site, severity, state)."""

    def timeline(self, alert: Alert) -> list[TimelineEntry]:
        """All that happened to it, by time."""

    def add_command(self, command: Command) -> None:
        """Asks the engine to do something."""


class DeliveryLog(Protocol):
    """What is sent, and what came of it."""

    def messages(self, query: MessageQuery) -> list[Message]:
        """A page of messages, newest first."""

    def message(self, message: str) -> Message | None:
        """One of them, or None."""

    def attempts(self, message: str) -> list[Attempt]:
        """All attempts of a message, the first one first."""

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many messages there are, by (endpoint, state)."""


class EndpointBook(Protocol):
    """Where messages go."""

    def endpoints(self) -> list[Endpoint]:
        """All of them, enabled or not, oldest first."""

    def queue(self, notice: Notice, endpoint: str) -> str:
        """A message of its own to one endpoint; its id."""

    def redeliver(self, message: str, by: str, now_ns: int) -> None:
        """Sends a settled message once more, under its id."""


class KeyBook(Protocol):
    """Keys and sessions."""

    def all(self) -> list[Key]:
        """All keys, revoked ones too, oldest first."""

    def get(self, key: str) -> Key | None:
        """The key of that id, or None."""

    def add(self, key: Key) -> None:
        """One more; a ConfigError when its name is taken."""

    def revoke(self, key: str, by: str, now_ns: int) -> bool:
        """Ends a key and its sessions; False when it was ended before."""

    def used(self, key: str, now_ns: int) -> None:
        """Notes that a key was used."""

    def session(self, digest: bytes) -> tuple[Session, Key] | None:
        """The session of that cookie with its key, or None."""

    def start_session(self, session: Session, by: str) -> None:
        """One more session."""

    def end_session(self, digest: bytes, by: str, now_ns: int) -> None:
        """Ends a session."""


class AuditBook(Protocol):
    """Who changed what. Most changes are written with what they change; this is for the rest."""

    def add(self, at_ns: int, by: str, what: str, target: str, detail: str = "") -> None:
        """One more change."""

    def page(self, query: AuditQuery) -> list[AuditEntry]:
        """A page of them, newest first."""


@dataclass(frozen=True, slots=True)
class Access:
    """How callers are told apart.

    required : whether a key is asked for; else everybody who can reach the port may do all.
    session_ns : how long a browser's session lasts.
    trusted_proxies : addresses and nets whose X-Forwarded-For and -Proto are believed.
    """

    required: bool = False
    session_ns: int = 12 * 3_600_000_000_000
    trusted_proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiDeps:
    """Everything behind the routes.

    tables : a range as pieces ascending in time, columns `ts` (ns, UTC), `site, asset, point,
        source, value, flags, sd`; asked from up to eight threads at once.
    bins : a range as bins of a step [ns], tables of `podtwin.store.bins.BINS`, each bin once.
    status : asked from the same threads.
    alerts, deliveries, endpoints, keys, audit : the state database. letters : what was refused.
    wake : told after a command or a message was written, so that nobody waits for a poll.
    new_id : an id that nobody has.
    static_dir : the built page, None when it is not built.
    """

    clock: Clock
    hub: Hub
    tables: Callable[[SeriesQuery], Iterator[pl.DataFrame]]
    bins: Callable[[SeriesQuery, int], Iterator[pl.DataFrame]]
    status: Callable[[], Status]
    alerts: AlertStore
    deliveries: DeliveryLog
    endpoints: EndpointBook
    letters: LetterBook
    keys: KeyBook
    audit: AuditBook
    access: Access = Access()
    wake: Callable[[], object] = lambda: None
    new_id: Callable[[], str] = lambda: secrets.token_hex(16)
    static_dir: Path | None = None
    recordings: Callable[[], Sequence[RecordingInfo]] = tuple
    replays: Callable[[], Sequence[ReplayInfo]] = tuple
