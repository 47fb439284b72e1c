"""Flags of commands that keep an outbox: how fast a backlog goes, and how much may wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from podtwin.cli.durations import duration_s

if TYPE_CHECKING:
    from ingest.outbox_quota import OutboxQuota
    from ingest.sender import Patience

LEAST_BYTES = 1_000_000  # four of the largest messages

DrainOption = Annotated[
    float | None,
    typer.Option(
        "--drain-rate",
        min=1.0,
        max=10_000.0,
        help="Messages a second of a long backlog, behind the present; 20 by default.",
    ),
]
OutboxBytesOption = Annotated[
    int | None,
    typer.Option(
        "--outbox-bytes",
        min=LEAST_BYTES,
        help="Of what waits in an outbox; past it the oldest goes. 256 MiB by default.",
    ),
]
OutboxAgeOption = Annotated[
    str | None,
    typer.Option("--outbox-age", help="How long it may wait, as 12h; 30d by default."),
]


@dataclass(frozen=True, slots=True)
class Keeping:
    """How an outbox is kept and emptied."""

    patience: Patience
    quota: OutboxQuota


def keeping(drain_per_s: float | None, size: int | None, age: str | None) -> Keeping:
    """What the flags say, or what is usual.

    Raises
    ------
    ConfigError  When the age is no length of time.
    """
    from ingest.outbox_quota import MAX_AGE_NS, MAX_BYTES, OutboxQuota
    from ingest.sender import LIVE_FIRST

    age_s = duration_s(age, "--outbox-age")
    age_ns = MAX_AGE_NS if age_s is None else round(age_s * 1e9)
    patience = LIVE_FIRST if drain_per_s is None else LIVE_FIRST._replace(drain_per_s=drain_per_s)
    return Keeping(patience, OutboxQuota(MAX_BYTES if size is None else size, age_ns))
