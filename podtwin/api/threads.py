"""Threads: a few of them for what blocks, so that the event loop never does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

Result = TypeVar("Result")


class Threads:
    """At most so many at once; what comes on top waits its turn."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` answers."""
        if self._limiter is None:  # belongs to the loop that runs, so it cannot be made earlier
            self._limiter = anyio.CapacityLimiter(self._count)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)
