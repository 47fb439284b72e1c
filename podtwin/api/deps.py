"""What the API is given; whoever connects the rooms makes it. No web framework is imported here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from podcore.ports import Clock, SeriesQuery
from podtwin.api.hub import Hub
from podtwin.status import Status

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


@dataclass(frozen=True, slots=True)
class ApiDeps:
    """Everything behind the routes.

    tables : a range as pieces ascending in time, columns `ts` (ns, UTC), `site, asset, point,
        source, value, flags, sd`; asked from up to eight threads at once.
    status : asked from the same threads.
    static_dir : the built page, None when it is not built.
    """

    clock: Clock
    hub: Hub
    tables: Callable[[SeriesQuery], Iterator[pl.DataFrame]]
    status: Callable[[], Status]
    static_dir: Path | None = None
    recordings: Callable[[], Sequence[RecordingInfo]] = tuple
    replays: Callable[[], Sequence[ReplayInfo]] = tuple
