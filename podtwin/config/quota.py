"""The quota of the log, from the settings."""

from __future__ import annotations

from ingest.spool_quota import TIMES_MAX_BYTES, Limits
from podcore.clock import NS
from podtwin.config.settings import Settings


def quota_of(settings: Settings) -> Limits:
    """How much of the log there may be."""
    log = settings.log
    return Limits(
        max_bytes=log.quota_bytes or TIMES_MAX_BYTES * log.max_bytes,
        max_age_ns=round(log.quota * NS),
        reserve_bytes=log.reserve_bytes,
    )
