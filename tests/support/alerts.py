"""A condition led through a history, five seconds a step; an alert, a notice, a site."""

from __future__ import annotations

import msgspec
from support.frames import MIDNIGHT_NS, NS
from support.site_files import AIR_DX

from podcore.alert import Alert
from podcore.ports import Notice
from podcore.resolve import resolve
from podcore.site import Site, SiteFile
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
from podtwin.config.yaml_lines import read_documents

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


def air_dx_site() -> Site:
    """The edge module of the site files."""
    return resolve(msgspec.convert(read_documents(AIR_DX.encode(), "ams.yaml")[0].value, SiteFile))


def an_alert(alert: str = "a1", **changes: object) -> Alert:
    """An alert that fires."""
    plain = Alert(
        id=alert,
        fingerprint="f1",
        site="ams-03",
        rule="twin-deviation",
        point="crac-1/supply_air_temp",
        severity="warning",
        state="firing",
        handling="new",
        handled_by="",
        title="Not what the twin expects",
        text="CRAC-1 supply air is 31.2 °C.",
        raised_ns=100,
        started_ns=200,
        ended_ns=None,
        changed_ns=200,
        score=2.0,
        worst=2.0,
        evidence=b'{"at":"x","since":"x","score":2,"worst":2,"link":"/sites/ams-03"}',
    )
    return msgspec.structs.replace(plain, **changes)


def a_notice(key: str = "n1", alert: str = "a1", body: bytes = b"{}", ts_ns: int = 200) -> Notice:
    """A notice that an alert fires."""
    return Notice(key, "ams-03", "f1", alert, "alert.firing", ts_ns, 7, body)
