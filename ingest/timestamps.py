"""Source times: RFC 3339 or integer ns to ns since 1970, and the range that is accepted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from ingest.reasons import Reason, Rejected, reject
from podcore.clock import NS

OLDEST_NS = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * NS
FUTURE_NS = 86_400 * NS  # one day: a wrong time zone, not yet a wrong year
SMALLEST_PLAUSIBLE_NS = 10**17  # 1973 in ns; what is smaller was meant in another unit

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?"
    r"(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)


def parse_ts(ts: int | str) -> int | Rejected:
    """The source time in ns, or why it is none."""
    if isinstance(ts, int):
        return ts
    match = _RFC3339.fullmatch(ts)
    if match is None:
        return reject(Reason.TS_FORMAT, "ts", ts)
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = match.groups()
    zone = UTC
    try:
        if sign is not None:
            offset = timedelta(hours=int(zone_hour), minutes=int(zone_minute))
            zone = timezone(offset if sign == "+" else -offset)
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=zone
        )
    except ValueError as error:
        return reject(Reason.TS_FORMAT, "ts", ts, str(error))
    nanoseconds = int((fraction or "").ljust(9, "0"))
    return int(moment.timestamp()) * NS + nanoseconds


def check_ts(ts_ns: int, recv_ns: int) -> Rejected | None:
    """Why a source time is not accepted for a message received then, or None."""
    if OLDEST_NS <= ts_ns <= recv_ns + FUTURE_NS:
        return None
    small = abs(ts_ns) < SMALLEST_PLAUSIBLE_NS
    hint = "looks like s, ms or µs; send ns, or say so in the mapping's precision" if small else ""
    return reject(Reason.TS_RANGE, "ts", ts_ns, hint)
