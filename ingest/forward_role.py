"""The thread "forward": both logs to a sink, for as long as it takes.

A sink that is away, overloaded or silent is asked again for ever, at growing random distances; one
that refuses us (a token, a bucket) is asked once a minute and the role is not ready meanwhile. No
other role waits for this one: the log keeps what was not delivered.
"""

from __future__ import annotations

import enum
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from ingest.forwarder import READ_LIMIT, Forwarder
from podcore.errors import NotWritten, Refused, Unreachable
from podcore.ports import Clock
from podcore.thread_role import STOP_S, ThreadRole

NAME: Final = "forward"
# Frames are gathered so long before they are sent: a request costs as much CPU as 1,000 values.
LINGER_S: Final = 0.25
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 60.0  # a sink that is back waits at most this long for what it missed
REFUSED_WAIT_S: Final = 60.0
DISK_WAIT_S: Final = 1.0
LOOK_S: Final = 1.0  # between two looks at the lag while waiting
_MAX_DOUBLINGS: Final = 10  # keeps 2**n a number; the longest wait is reached after seven

_logger = structlog.get_logger(NAME)


class Stalled(enum.StrEnum):
    """Why a try failed, after which the same is tried again."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_WRITTEN = "not_written"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What this process has done. retries : tries that failed, by `Stalled`."""

    frames: int
    retries: Mapping[str, int]


def wait_s(tries: int, asked_s: float | None, chance: float) -> float:
    """Time to the next try after so many that failed, from 1. [s]

    asked_s : what the sink asked for; it is kept, and the random part comes on top.
    chance : in [0, 1); spreads tries over the whole wait ("full jitter").
    """
    ceiling_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries, _MAX_DOUBLINGS))
    return (asked_s or 0.0) + chance * ceiling_s


class Beside(Protocol):
    """What is done with a sink beside the Frames."""

    def __call__(self) -> None:
        """A bounded piece of it; raises as a sink does."""

    def trouble(self) -> str:
        """What is the matter with it; for any thread."""


class _Nothing:
    def __call__(self) -> None:
        """Does nothing."""

    def trouble(self) -> str:
        return ""


NOTHING_BESIDE: Final = _Nothing()


class ForwardRole(ThreadRole):
    """The role.

    Parameters
    ----------
    forwarders : one a log, all to the same sink.
    target : what it is, for people.
    beside : what else is done with the sink, called after a round that went well.
    chance : in [0, 1), for the jitter.
    name : of the thread, where there are several.
    """

    def __init__(
        self,
        forwarders: Sequence[Forwarder],
        target: str,
        clock: Clock,
        *,
        beside: Beside = NOTHING_BESIDE,
        chance: Callable[[], float] = random.random,
        name: str = NAME,
        stop_s: float = STOP_S,
    ) -> None:
        super().__init__(name, stop_s=stop_s)
        self._forwarders = forwarders
        self._target = target
        self._clock = clock
        self._beside = beside
        self._chance = chance
        self._retries: Counter[str] = Counter()
        self._failed = 0
        self._since_s = 0.0
        self._why = ""
        self._stalled: Stalled | None = None

    def lag(self) -> int:
        """Frames of both logs that are not delivered; for any thread, of about now."""
        return sum(forwarder.lag for forwarder in self._forwarders)

    def counts(self) -> Forwarded:
        """What it has done; for any thread."""
        return Forwarded(sum(each.frames for each in self._forwarders), dict(self._retries))

    def _work(self) -> None:
        while not self._stopping.is_set():
            pause_s = self._round()
            if pause_s == 0.0:
                continue
            if self._draining.is_set():
                break
            self._pause(pause_s)

    def _round(self) -> float:
        """One read of each log, delivered; the pause before the next. [s]"""
        try:
            done = [forwarder.advance() for forwarder in self._forwarders]
            self._beside()
        except Unreachable as error:
            self._note(
                Stalled.UNREACHABLE, f"{self._target} does not answer ({error}); trying again"
            )
            return wait_s(self._failed, error.retry_after_s, self._chance())
        except Refused as error:
            self._note(Stalled.REFUSED, f"{self._target} refuses: {error}")
            return REFUSED_WAIT_S
        except NotWritten as error:
            self._note(Stalled.NOT_WRITTEN, f"the cursor cannot be kept ({error}); free disk space")
            return DISK_WAIT_S
        self._note_well()
        return 0.0 if max(done) == READ_LIMIT else LINGER_S

    def _pause(self, pause_s: float) -> None:
        """Waits, but for a drain or a stop; what comes meanwhile is counted as lag."""
        until_s = self._clock.monotonic_s() + pause_s
        while (left_s := until_s - self._clock.monotonic_s()) > 0:
            if self._clock.wait(self._wake, min(left_s, LOOK_S)):
                return
            if self._failed:
                for forwarder in self._forwarders:
                    forwarder.look()

    def _note(self, reason: Stalled, why: str) -> None:
        self._retries[reason.value] += 1
        self._failed += 1
        if self._stalled is None:
            self._since_s = self._clock.monotonic_s()
        if reason is not self._stalled:
            _logger.warning("forwarding_stopped", role=self.name, reason=reason.value, why=why)
        self._why, self._stalled = why, reason

    def _note_well(self) -> None:
        if self._stalled is not None:
            took_s = round(self._clock.monotonic_s() - self._since_s, 1)
            _logger.warning("forwarding_again", target=self._target, after_s=took_s)
        self._why, self._stalled, self._failed = "", None, 0

    def _trouble(self) -> str:
        if self._why:
            return f"{self._why}; {self.lag()} frames wait in the log"
        return self._beside.trouble()

    def _detail(self) -> str:
        return f"{self.lag()} frames wait in the log"

    def _log_failure(self, error: Exception) -> None:
        _logger.error("forward_failed", role=self.name, exc_info=error)
