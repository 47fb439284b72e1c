"""Scores of sites side by side: the same as alone, and none where nothing is to be said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from podtwin.alerts.conditions import Condition, State
from podtwin.alerts.rules import OF_SITE_KINDS, RuleKind
from podtwin.engine.engine import Engine
from podtwin.engine.judge import Judge
from podtwin.engine.outputs import StepResult
from podtwin.engine.scoring import SETTLING_NS
from podtwin.engine.watching import Watch
from podtwin.pipeline.demo_sites import demo_sites
from simulators.log import PlantLog, fault
from twin.site_model import site_model

SITES = demo_sites(3, 1)
TRIP = fault("compressor-trip", 1_900.0, 90.0)


def results() -> dict[str, list[StepResult]]:
    """Steps of three sites, of which the first trips."""
    log, engine = PlantLog(*SITES, faults={SITES[0].id: [TRIP]}), Engine()
    found: dict[str, list[StepResult]] = {site.id: [] for site in SITES}
    for step in engine.feed([*log.configs(), *log.seconds(1_980)]).steps:
        found[step.site].append(step)
    return found


STEPS = results()
AT_ONCE = [list(each) for each in zip(*STEPS.values(), strict=True)]


def watch(judge: Judge, place: int) -> Watch:
    site, made = SITES[place], judge.watch()
    model = site_model(site)
    assert model is not None
    made.configure(site, [each.point.id for each in model.emitted])
    return made


def rows(watch: Watch) -> list[bytes]:
    return [watch.rows[kind].tobytes() for kind in watch.rows]


def played(judge: Judge, watches: Sequence[Watch], places: Sequence[int]) -> list[str]:
    """The transitions of some of the sites, judged side by side."""
    return [
        transition.key
        for steps in AT_ONCE
        for verdict in judge.steps([steps[place] for place in places], watches)
        for transition in verdict.transitions
    ]


def test_neighbours_change_no_bit_of_a_site_and_none_of_its_transitions() -> None:
    judge = Judge()
    together = [watch(judge, place) for place in (2, 0, 1)]
    told = played(judge, together, (2, 0, 1))
    alone = [watch(judge, place) for place in (2, 0, 1)]
    told_alone = [
        played(judge, [one], [place]) for place, one in zip((2, 0, 1), alone, strict=True)
    ]
    assert [rows(one) for one in together] == [rows(one) for one in alone]
    assert told
    assert sorted(told) == sorted(key for each in told_alone for key in each)


def test_a_site_that_has_nothing_to_say_has_no_scores() -> None:
    judge = Judge()
    healthy = watch(judge, 1)
    played(judge, [healthy], [1])
    assert judge.scoring.scores([AT_ONCE[-1][1]], [healthy]) == [{}]


def test_a_site_with_an_open_condition_has_them_whatever_they_are() -> None:
    judge = Judge()
    healthy = watch(judge, 1)
    played(judge, [healthy], [1])
    mark = healthy.channels[RuleKind.LEVEL][0].mark
    healthy.memory.conditions[mark] = Condition(State.FIRING)
    (scores,) = judge.scoring.scores([AT_ONCE[-1][1]], [healthy])
    assert set(scores) == {*RuleKind} - set(OF_SITE_KINDS)
    for kind, score in scores.items():
        assert len(score.value) == len(healthy.channels[kind])


def test_nothing_runs_away_before_the_twin_has_settled() -> None:
    first = STEPS[SITES[0].id][0]
    judge = Judge()
    new = watch(judge, 0)
    new.memory.begun_ns = first.ts_ns - SETTLING_NS + 1
    judge.scoring.scores([first], [new])
    untouched = judge.watch()
    untouched.configure(SITES[0], new.points)
    assert np.array_equal(new.rows[RuleKind.RUNAWAY], untouched.rows[RuleKind.RUNAWAY])
    settled = watch(judge, 0)
    settled.memory.begun_ns = first.ts_ns - SETTLING_NS
    settled.memory.ts_ns = first.ts_ns - 5_000_000_000
    judge.scoring.scores([first], [settled])
    assert not np.array_equal(settled.rows[RuleKind.RUNAWAY], untouched.rows[RuleKind.RUNAWAY])


def test_a_site_that_nothing_is_watched_at_is_scored_all_the_same() -> None:
    judge = Judge()
    bare, full = judge.watch(), watch(judge, 0)
    last = AT_ONCE[-1][0]
    empty = StepResult(
        "bare", last.ts_ns, last.cause, [], [], [], [],
        degraded=False, recorded=False, gap=False, params_digest="",
    )  # fmt: skip
    assert len(judge.scoring.scores([empty, last, empty], [bare, full, bare])) == 3
