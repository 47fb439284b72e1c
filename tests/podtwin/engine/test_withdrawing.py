"""Alerts of which nothing is watched any more: a rule switched off, a site that loses its twin."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import msgspec
import pytest

from podcore.frame import ConfigBody, Frame, Kind, Source, encode_body
from podcore.ports import Checkpoint
from podcore.site import Site, SiteType
from podtwin.alerts.rules import Override, RuleSet
from podtwin.engine.engine import Engine
from podtwin.engine.judge import Judge
from podtwin.engine.outputs import Outputs
from podtwin.engine.withdrawing import WHY
from podtwin.pipeline.demo_sites import demo_sites
from simulators.log import PlantLog, fault

WARM_S = 3_000
(SITE,) = demo_sites(1, 1)
WATCHED = ("twin-deviation", "thermal-runaway", "sensor-stuck", "sensor-noisy", "slow-drift")


class Fired:
    """A site whose compressor has tripped, two minutes on: what was said, and the engine."""

    def __init__(self, rules: RuleSet | None = None) -> None:
        self.log = PlantLog(SITE, faults={SITE.id: [fault("compressor-trip", WARM_S + 60, 90)]})
        self.engine = Engine(judge=Judge(rules))
        self.outputs = self.engine.feed([*self.log.configs(), *self.log.seconds(WARM_S + 120)])

    @property
    def open(self) -> set[str]:
        """The alerts that fire or recover."""
        return still_open(self.outputs)

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        return self.engine.checkpoints(due_only=False)

    def config(self, site: Site) -> Frame:
        """A config Frame after everything so far."""
        offset, now_ns = self.engine.offset + 1, self.log.now_ns
        return Frame(
            offset, Kind.CONFIG, site.id, "", "", None, now_ns, now_ns, 0, Source.MEASURED, 0,
            encode_body(ConfigBody(site)),
        )  # fmt: skip


def still_open(outputs: Outputs) -> set[str]:
    found: set[str] = set()
    for change in outputs.transitions:
        if change.alert is not None:
            ended = change.after == "resolved"
            found = found - {change.alert.id} if ended else found | {change.alert.id}
    return found


def off(rules: Iterable[str]) -> RuleSet:
    return RuleSet([Override(rule, enabled=False) for rule in rules])


@pytest.fixture(scope="module")
def fired() -> Fired:
    return Fired()


def test_alerts_of_rules_that_are_switched_off_are_over_at_the_restart(fired: Fired) -> None:
    assert fired.open
    again = Engine(fired.checkpoints, judge=Judge(off(WATCHED)))
    said = again.feed([])
    ended = {t.alert.id for t in said.transitions if t.alert and t.after == "resolved"}
    assert ended == fired.open
    assert [notice.kind for notice in said.notices] == ["alert.resolved"]
    assert all(t.alert and t.alert.text.endswith(WHY) for t in said.transitions)
    assert all(t.alert and t.alert.ended_ns for t in said.transitions)


def test_those_of_other_rules_stay_as_they_are(fired: Fired) -> None:
    again = Engine(fired.checkpoints, judge=Judge(off(["thermal-runaway"])))
    said = again.feed([])
    assert {t.alert.rule for t in said.transitions if t.alert} == {"thermal-runaway"}
    assert said.notices == []  # the incident goes on


def test_a_restart_under_the_same_rules_ends_nothing(fired: Fired) -> None:
    said = Engine(fired.checkpoints).feed([])
    assert (said.transitions, said.notices) == ([], [])


def test_a_second_restart_from_the_same_checkpoint_says_it_under_the_same_keys(
    fired: Fired,
) -> None:
    first, second = (
        Engine(fired.checkpoints, judge=Judge(off(WATCHED))).feed([]) for _ in range(2)
    )
    assert [t.key for t in first.transitions] == [t.key for t in second.transitions]
    assert [n.key for n in first.notices] == [n.key for n in second.notices]


def test_a_site_that_loses_its_twin_loses_its_alerts() -> None:
    mine = Fired()
    plain = msgspec.structs.replace(SITE, type=SiteType.NONE)
    mine.outputs.add(mine.engine.feed([mine.config(plain)]))
    assert mine.open == set()
    assert [n.kind for n in mine.outputs.notices] == ["alert.firing", "alert.resolved"]


def test_silence_that_is_watched_no_more_is_over_on_its_own() -> None:
    log, engine = PlantLog(SITE), Engine()
    engine.feed([*log.configs(), *log.seconds(600)])
    log.silent.add(SITE.id)
    silent = engine.feed([*log.seconds(90)])
    assert [n.kind for n in silent.notices] == ["alert.firing"]
    again = Engine(engine.checkpoints(due_only=False), judge=Judge(off(["site-silent"])))
    said = again.feed([])
    assert [(n.kind, n.alert) for n in said.notices] == [
        ("alert.resolved", silent.notices[0].alert)
    ]
