from __future__ import annotations

import threading

from support.waiting import eventually

from podcore import thread_role
from podcore.role import Role, RoleState
from podcore.thread_role import ThreadRole


class Worker(ThreadRole):
    """Does what it is told: `deaf` it hears nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__("worker")
        self.trouble = ""
        self.fails = False
        self.deaf = False
        self.let_go = threading.Event()
        self.logged: list[Exception] = []

    def _work(self) -> None:
        if self.fails:
            raise ValueError("of our own making")
        (self.let_go if self.deaf else self._wake).wait(30.0)

    def _log_failure(self, error: Exception) -> None:
        self.logged.append(error)

    def _trouble(self) -> str:
        return self.trouble

    def _detail(self) -> str:
        return "all is well"


def test_it_lives_from_start_to_drain() -> None:
    worker = Worker()
    role: Role = worker
    assert (role.health().state, role.health().ready) == (RoleState.STARTING, False)
    role.start()
    assert (role.health().state, role.health().ready) == (RoleState.RUNNING, True)
    assert role.health().detail == "all is well"
    role.drain(10.0)
    assert (role.health().state, role.health().ready) == (RoleState.STOPPED, False)


def test_stop_ends_it_and_may_come_twice() -> None:
    worker = Worker()
    worker.start()
    worker.stop()
    worker.stop()
    assert worker.health().state is RoleState.STOPPED


def test_one_that_never_started_stops_at_once() -> None:
    worker = Worker()
    worker.drain(10.0)
    worker.stop()
    assert worker.health().state is RoleState.STARTING


def test_in_trouble_it_runs_and_is_not_ready() -> None:
    worker = Worker()
    worker.start()
    worker.trouble = "the disk is full"
    health = worker.health()
    assert (health.state, health.ready, health.detail) == (
        RoleState.RUNNING,
        False,
        "the disk is full",
    )
    worker.stop()


def test_a_failure_is_logged_and_said() -> None:
    worker = Worker()
    worker.fails = True
    worker.start()
    eventually(lambda: worker.health().state is RoleState.FAILED, "failed")
    assert worker.health().detail == "ValueError: of our own making"
    eventually(lambda: len(worker.logged) == 1, "logged")


def test_one_that_hangs_is_not_waited_for_for_ever(monkeypatch: object) -> None:
    worker = Worker()
    worker.deaf = True
    worker.start()
    worker.drain(0.01)
    assert worker.health().state is RoleState.RUNNING
    assert thread_role.STOP_S <= 2.0
    worker.let_go.set()
    worker.stop()
    assert worker.health().state is RoleState.STOPPED
