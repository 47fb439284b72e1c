"""A role that is one thread: what start, drain, stop and health have in common.

The thread does its work in `_work`, which returns when it is told to: `_stopping` after the work
in hand, `_draining` once nothing is left. `_wake` is set with both.
"""

from __future__ import annotations

import abc
import threading

from podcore.role import Health, RoleState

STOP_S = 2.0  # a thread that waits for another program is not waited for; it ends with the process


class ThreadRole(abc.ABC):
    """Base of such a role; its health follows from the thread's life and `_trouble`.

    Parameters
    ----------
    wake : set by others too when there is work; one of its own when left out.
    stop_s : how long `stop` waits for the work in hand; None for as long as it takes.
    """

    def __init__(
        self, name: str, *, wake: threading.Event | None = None, stop_s: float | None = STOP_S
    ) -> None:
        self.name = name
        self._stop_s = stop_s
        self._draining = threading.Event()
        self._stopping = threading.Event()
        self._wake = threading.Event() if wake is None else wake
        self._done = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins the work."""
        self._thread.start()

    def drain(self, deadline_s: float) -> None:
        """Works off what there is and ends; at most so long."""
        self._draining.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._done.wait(deadline_s)

    def stop(self) -> None:
        """Ends after the work in hand."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(self._stop_s)

    def health(self) -> Health:
        """How it is; a failure carries the exception's words."""
        if self._failure:
            return Health(self.name, RoleState.FAILED, self._failure, ready=False)
        if self._done.is_set():
            return Health(self.name, RoleState.STOPPED, ready=False)
        if self._thread.ident is None:
            return Health(self.name, RoleState.STARTING, ready=False)
        trouble = self._trouble()
        return Health(self.name, RoleState.RUNNING, trouble or self._detail(), ready=not trouble)

    @abc.abstractmethod
    def _work(self) -> None:
        """The work, until told to end."""

    @abc.abstractmethod
    def _log_failure(self, error: Exception) -> None:
        """Logs the exception by which the thread ends."""

    def _trouble(self) -> str:
        """Why it cannot do its work now, for a person to read; empty when it can."""
        return ""

    def _detail(self) -> str:
        """What there is to say while all is well."""
        return ""

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - top of a thread: it must say why it ended
            self._failure = f"{type(error).__name__}: {error}"
            self._log_failure(error)
        finally:
            self._done.set()
