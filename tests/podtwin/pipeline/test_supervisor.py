"""The end of a run: told, by its duration, by a signal, by a role that died."""

from __future__ import annotations

import signal
from typing import cast

import pytest
from support.ingesting import HandClock

from podcore.role import Health, RoleState
from podtwin.pipeline.assembly import Pipeline
from podtwin.pipeline.supervisor import LOOK_EVERY_S, Ended, Supervisor


class Roles:
    """A pipeline whose roles live for so many looks."""

    def __init__(self, lives: float = float("inf")) -> None:
        self.looks = 0
        self._lives = lives

    def failed(self) -> Health | None:
        self.looks += 1
        if self.looks <= self._lives:
            return None
        return Health("engine", RoleState.FAILED, "KeyError: 'x'", ready=False)


def supervisor(roles: Roles, clock: HandClock | None = None) -> Supervisor:
    return Supervisor(cast("Pipeline", roles), clock or HandClock())


def test_it_ends_when_it_is_told() -> None:
    watching = supervisor(Roles())
    watching.tell("enough")
    assert watching.wait() == Ended("enough")


def test_it_ends_once_its_condition_holds_and_looks_in_short_steps() -> None:
    clock, roles = HandClock(), Roles()
    ended = supervisor(roles, clock).wait(lambda: clock.monotonic_s() >= 2.0)
    assert ended == Ended("duration")
    assert roles.looks == pytest.approx(2.0 / LOOK_EVERY_S, abs=1)


def test_a_role_that_died_ends_it_with_name_and_reason() -> None:
    ended = supervisor(Roles(lives=3)).wait()
    assert ended == Ended("failed", "engine: KeyError: 'x'")


def test_a_dead_role_counts_before_the_end_of_the_duration() -> None:
    assert supervisor(Roles(lives=0)).wait(lambda: True).reason == "failed"


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_a_signal_ends_the_wait_and_the_handlers_are_given_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    watching = supervisor(Roles())
    with watching.signals():
        signal.raise_signal(number)
        assert watching.wait() == Ended(number.name)
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    with supervisor(Roles()).signals():
        signal.raise_signal(signal.SIGTERM)
        assert codes == []
        signal.raise_signal(signal.SIGINT)
    assert codes[0] == 130
