"""The newest values of before the start, taken from the history; later, when it is away then.

A history in a database of its own may be gone while everything else works. Then the page shows
what arrives, and what was known before is added once the database is back; what is newer by then
stays.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from podcore.errors import Refused, Unreachable
from podcore.ports import Clock, History, Latest

RETRY_S: Final = 5.0  # a person who mends a token or starts a server looks at the page by then
START_S: Final = 5.0  # 100 sites at 50 ms each; the page of a fleet does not wait for the rest
STOP_S: Final = 1.0  # for a question on its way; what does not end is a daemon

logger = structlog.get_logger("podtwin.api")


class Seeding:
    """Asks a history once for each site, in the thread that asks first, then in its own.

    Parameters
    ----------
    sites : those that are known without the history.
    take : called with what is newest of a site, from either thread.
    """

    def __init__(
        self,
        history: History,
        clock: Clock,
        sites: Callable[[], Iterable[str]],
        take: Callable[[str, list[Latest]], None],
    ) -> None:
        self._history, self._clock = history, clock
        self._sites, self._take = sites, take
        self._done: set[str] = set()
        self._stopping = threading.Event()
        self._away_since_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="api-seed", daemon=True)

    def begin(self) -> None:
        """Takes what there is; when the history is away or slow, goes on by itself."""
        if not self.attempt(until_s=self._clock.monotonic_s() + START_S):
            self._thread.start()

    def attempt(self, until_s: float = math.inf) -> bool:
        """Takes the sites that are missing yet; False when it could not have them all."""
        try:
            for site in sorted({*self._sites(), *self._history.sites()} - self._done):
                if self._clock.monotonic_s() > until_s or self._stopping.is_set():
                    return False
                self._take(site, self._history.latest(site))
                self._done.add(site)
        except (Unreachable, Refused) as error:
            if self._away_since_s is None:
                self._away_since_s = self._clock.monotonic_s()
                logger.warning("history_away", why=str(error), missing="values of before the start")
            return False
        if self._away_since_s is not None:
            logger.info(
                "history_back", after_s=round(self._clock.monotonic_s() - self._away_since_s)
            )
        return True

    def stop(self) -> None:
        """Ends the thread; safe to call twice, or when there is none."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self.attempt():
            if self._clock.wait(self._stopping, RETRY_S):
                return
