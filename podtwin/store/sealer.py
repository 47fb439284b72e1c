"""The sealer of both logs, and the thread that it runs in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from podcore.errors import NotWritten
from podcore.ports import Clock, Cursors
from podcore.role import Health, RoleState
from podtwin.store import parquet
from podtwin.store.checksum import UNREADABLE
from podtwin.store.log_sealer import LogSealer, SealableLog
from podtwin.store.upkeep import Upkeep, UpkeepCounts

EVERY_S: Final = 10.0
PAUSE_S: Final = 1.0  # between rounds of upkeep that has more to do: half of a core at most

_events = structlog.get_logger("podtwin.store.sealer")


class Sealer:
    """The sealer of both logs.

    Parameters
    ----------
    data_dir : the data directory; files go to its folder `history`.
    keep_ns : how long the history is kept; None is for ever.

    Attributes
    ----------
    lag : Frames of both logs that were not sealed after the last pass.
    """

    def __init__(
        self,
        data_dir: Path,
        log: SealableLog,
        derived: SealableLog,
        cursors: Cursors,
        step: parquet.Step = parquet.no_step,
        *,
        keep_ns: int | None = None,
    ) -> None:
        root = data_dir / "history"
        named = {"log": log, "derived": derived}
        self._logs = [LogSealer(root, name, of, cursors, step) for name, of in named.items()]
        self._upkeep = Upkeep(root, self, keep_ns, step)
        self._recovered = False
        self.lag = 0

    def run_once(self, stop: Callable[[], bool] = lambda: False, *, force: bool = False) -> int:
        """Reads both logs to their ends and seals what is due; how many files were written.

        After an error the next call starts from the durable cursors again.
        """
        if not self._recovered:
            self._upkeep.abandon()  # else its file would be taken for what a crash left
            for log in self._logs:
                log.recover()
        self._recovered = False
        before = sum(log.files_written for log in self._logs)
        for log in self._logs:
            while not stop() and log.advance(stop):
                pass
        for log in self._logs:
            log.seal_due(self.newest_recv_ns, stop, force=force)
        self._recovered = True
        self.lag = sum(log.behind() for log in self._logs)
        return sum(log.files_written for log in self._logs) - before

    def tend(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """A round of upkeep, after a pass that went well; whether there is more to do at once."""
        return self._recovered and self._upkeep.run(stop)

    def upkeep(self) -> UpkeepCounts:
        """What upkeep has done since the start."""
        return self._upkeep.counts()

    @property
    def newest_recv_ns(self) -> int:
        """The newest receive time in both logs.

        Derived Frames stop when their site does; the ticks of the other log age them.
        """
        return max(log.newest_recv_ns for log in self._logs)

    def waits(self, site: str, day: int) -> bool:
        """Whether rows of a date are not sealed yet."""
        return any(log.waits(site, day) for log in self._logs)

    def rewrite(self, site: str, day: int, file: parquet.SealedFile) -> bool:
        """Writes a sealed file that is gone again from its log; False when it cannot."""
        return any(log.rewrite(site, day, file) for log in self._logs)

    def take_sealed(self) -> set[tuple[str, int]]:
        """The dates (site, day) to which files came since the last call."""
        return set().union(*(log.take_sealed() for log in self._logs))


class SealerRunner:
    """The role `seal`: a pass every ten seconds in a thread of its own.

    A full disk ends a pass, not the role: nothing is lost, since no cursor has moved; the next
    pass tries again and `health` says why the last one failed.
    """

    def __init__(self, sealer: Sealer, clock: Clock, every_s: float = EVERY_S) -> None:
        self._sealer = sealer
        self._clock = clock
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
        self._state = RoleState.STARTING
        self._trouble = ""

    def start(self) -> None:
        """Begins the passes."""
        self._thread.start()

    def drain(self, deadline_s: float) -> None:
        """Ends after the seal in hand, awaited at most so long; the rest stays in the log."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(deadline_s)

    def stop(self) -> None:
        """Ends after the seal in hand."""
        self.drain(self._every_s)

    def health(self) -> Health:
        """Whether the thread works, and what its last pass failed for."""
        detail = self._trouble or f"{self._sealer.lag} frames wait in the log"
        return Health("seal", self._state, detail, ready=not self._trouble)

    def lag(self) -> int:
        """Frames that were not sealed after the last pass."""
        return self._sealer.lag

    def upkeep(self) -> UpkeepCounts:
        """What upkeep has done since the start."""
        return self._sealer.upkeep()

    def _run(self) -> None:
        self._state = RoleState.RUNNING
        try:
            while not self._stop.is_set():
                more = self._pass()
                self._clock.wait(self._stop, min(PAUSE_S, self._every_s) if more else self._every_s)
        except Exception as error:  # noqa: BLE001 - top of a thread: say why it ended
            self._trouble = f"{type(error).__name__}: {error}"
            self._state = RoleState.FAILED
            _events.exception("sealer_ended")
        else:
            self._state = RoleState.STOPPED

    def _pass(self) -> bool:
        """Seals what is due, then a round of upkeep; whether that has more to do at once."""
        try:
            self._sealer.run_once(self._stop.is_set)
            more = self._sealer.tend(self._stop.is_set)
        except (OSError, *UNREADABLE, NotWritten) as error:
            if not self._trouble:
                _events.error("sealing_failed", error=str(error))
            self._trouble = f"sealing failed, trying again: {error}"
            return False
        if self._trouble:
            _events.info("sealing_recovered")
        self._trouble = ""
        return more
