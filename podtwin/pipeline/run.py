"""A pipeline's life in this process: start, wait, drain, stop, and the ledger at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ingest.ledger import Ledger
from podcore.ports import Clock
from podtwin.pipeline.assembly import Pipeline
from podtwin.pipeline.supervisor import Ended, Supervisor

logger = structlog.get_logger("podtwin")


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended, with both ledgers as they then stood."""

    ended: Ended
    ledger: Ledger
    url: str | None

    def summary(self) -> dict[str, object]:
        """The object that `-o json` prints."""
        return {
            "url": self.url,
            "ended": self.ended.reason,
            "ledger": self.ledger.messages(),
            "readings": self.ledger.readings(),
        }


def run_pipeline(
    pipeline: Pipeline,
    clock: Clock,
    duration_s: float | None = None,
    *,
    before_drain: Callable[[], None] = lambda: None,
    after_start: Callable[[Supervisor], None] = lambda _supervisor: None,
    until: Callable[[], bool] | None = None,
) -> End:
    """Runs to a signal, the duration or a dead role.

    Parameters
    ----------
    after_start : called once all roles run; what else the process plays starts here.
    before_drain : what else must stop first, so that nothing new comes.
    until : ends the run when true; the duration from the start when left out.
    """
    supervisor = Supervisor(pipeline, clock)
    with supervisor.signals():
        pipeline.start()
        url = pipeline.api.url if pipeline.api is not None else None
        logger.info("podtwin_running", url=url, broker=str(pipeline.broker))
        ends_s = clock.monotonic_s() + (duration_s or 0.0)
        limit = until or (lambda: duration_s is not None and clock.monotonic_s() >= ends_s)
        try:
            after_start(supervisor)
            ended = supervisor.wait(limit)
            before_drain()
            pipeline.drain()
            ledger = pipeline.ledger()
        finally:
            pipeline.stop()
    logger.info(
        "podtwin_stopped", reason=ended.reason, ledger=ledger.messages(), readings=ledger.readings()
    )
    return End(ended, ledger, url)
