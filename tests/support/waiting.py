"""Waiting for what other threads and processes do."""

from __future__ import annotations

import threading
from collections.abc import Callable

from podcore.clock import SystemClock


def eventually(true: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
    """Returns as soon as it is true; fails when it is not in time."""
    clock, pause = SystemClock(), threading.Event()
    until_s = clock.monotonic_s() + within_s
    while not true():
        assert clock.monotonic_s() < until_s, f"within {within_s:g} s: {what}"
        pause.wait(0.02)
