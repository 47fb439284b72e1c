"""A condition that is led through a history, five seconds a step."""

from __future__ import annotations

from support.frames import MIDNIGHT_NS, NS

from podtwin.alerts.conditions import (
    INACTIVE,
    Change,
    Condition,
    Signal,
    State,
    Tells,
    advance,
    handled,
)
from podtwin.alerts.handling import Handling, HandlingEvent
from podtwin.alerts.rules import DEFAULT_RULES, Rule

STEP_S = 5.0
LEVEL = DEFAULT_RULES[0]


class Run:
    """One condition in time, with all that happened to it."""

    def __init__(self, rule: Rule, ts_ns: int = MIDNIGHT_NS) -> None:
        self.rule = rule
        self.ts_ns = ts_ns
        self.condition: Condition = INACTIVE
        self.changes: list[Change] = []

    def is_in(self, state: State) -> bool:
        return self.condition.state is state

    def is_handled(self, state: Handling) -> bool:
        return self.condition.handled.state is state

    @property
    def told(self) -> list[Tells]:
        return [change.tells for change in self.changes if change.tells is not None]

    def see(self, score: float, *, for_s: float = 0.0) -> None:
        """The score at once and in each step until it has lasted so long."""
        self._steps(Signal(score), for_s)

    def lose(self, *, for_s: float = 0.0) -> None:
        """Nothing is seen for so long."""
        self._steps(None, for_s)

    def handle(self, event: HandlingEvent, by: str) -> None:
        self.condition = handled(self.condition, event, by, self.ts_ns)

    def _steps(self, signal: Signal | None, for_s: float) -> None:
        for _ in range(round(for_s / STEP_S) + 1):
            self.condition, changes = advance(self.condition, self.rule, signal, self.ts_ns)
            self.changes += changes
            self.ts_ns += round(STEP_S * NS)
