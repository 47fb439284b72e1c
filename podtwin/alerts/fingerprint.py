"""Identity: the same over restarts, replays and machines, since it is made of names and site time.

A fingerprint names what may go wrong (site, rule, point); an alert is one time that it did.
"""

from __future__ import annotations

import hashlib

_HEX = 16  # 64 bits: among 10 million alerts two meet with a chance of 3 in a million


def fingerprint(site: str, rule: str, point: str = "") -> str:
    """What a rule watches, as 16 hexadecimal digits. point : `asset/point`, empty for the site."""
    return _digest(site, rule, point)


def alert_id(mark: str, started_ns: int) -> str:
    """One alert: a fingerprint and the site time at which it began to fire."""
    return _digest(mark, str(started_ns))


def change_key(mark: str, ts_ns: int, what: str) -> str:
    """The natural key of a change or of a notice of it.

    Site time stands in it, not the offset: one Frame may close an hour of steps, in which a
    condition can come to the same state twice. At one instant it enters a state once.
    """
    return _digest(mark, str(ts_ns), what)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_HEX]
