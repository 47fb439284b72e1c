"""Keys that were wrong, by who showed them: counted, told of once, and slowed down.

A key cannot be guessed, so this keeps a broken script or a scanner from filling the log and
the threads that look keys up. An address that is slowed down is still answered where it shows
what was found right before.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

MAX_FAILED: Final = 10  # wrong keys of an address in a window: a person types a key twice
WINDOW_S: Final = 60.0
MAX_ADDRESSES: Final = 1_024  # 100 bytes each; the one that was wrong longest ago is forgotten
_IPV6_PREFIX: Final = 64  # what one customer has; single addresses of it cost nothing


@dataclass(slots=True)
class _Window:
    began_s: float
    failed: int = 0


class Attempts:
    """Refused requests, by reason over all and by address in the last minute."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many requests were refused since the start, by reason."""
        return dict(self._counts)

    def count(self, reason: str) -> None:
        """One more that was refused."""
        self._counts[reason] += 1

    def wait_s(self, address: str, now_s: float) -> float:
        """How long an address is not listened to; 0 when it is."""
        window = self._windows.get(_bucket(address))
        if window is None or window.failed < MAX_FAILED:
            return 0.0
        return max(0.0, window.began_s + WINDOW_S - now_s)

    def failed(self, address: str, now_s: float) -> int:
        """Notes a wrong key; how many it were in this window, so that one can be told of."""
        bucket = _bucket(address)
        window = self._windows.get(bucket)
        if window is None or window.began_s + WINDOW_S <= now_s:
            window = self._windows[bucket] = _Window(now_s)
        window.failed += 1
        self._windows.move_to_end(bucket)
        if len(self._windows) > MAX_ADDRESSES:
            self._windows.popitem(last=False)
        return window.failed


def _bucket(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((int(parsed), _IPV6_PREFIX), strict=False))
    return address
