"""Names of this machine, as an address to listen on or to call."""

from __future__ import annotations

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
