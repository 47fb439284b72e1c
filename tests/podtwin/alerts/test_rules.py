from __future__ import annotations

import pytest

from podtwin.alerts.rules import (
    DEFAULT_RULES,
    Override,
    Rule,
    RuleKind,
    RuleSet,
    Severity,
    detector_score,
    runaway_score,
    silence_score,
)

SUPPLY = "crac-1/supply_air_temp"


def rule(kind: RuleKind) -> Rule:
    return next(each for each in DEFAULT_RULES if each.kind is kind)


def level(rules: RuleSet, site: str = "ams-03", point: str = SUPPLY) -> Rule:
    found = rules.rule(RuleKind.LEVEL, site, point)
    assert found is not None
    return found


def test_there_is_one_default_of_each_kind() -> None:
    assert sorted(each.kind for each in DEFAULT_RULES) == sorted(RuleKind)
    assert len({each.id for each in DEFAULT_RULES}) == len(DEFAULT_RULES)


def test_a_runaway_is_critical_and_the_others_are_not() -> None:
    critical = [each.kind for each in DEFAULT_RULES if each.severity is Severity.CRITICAL]
    assert critical == [RuleKind.RUNAWAY]


def test_without_a_file_the_defaults_hold_everywhere() -> None:
    assert level(RuleSet()) == rule(RuleKind.LEVEL)


def test_a_rule_differs_where_its_patterns_match() -> None:
    rules = RuleSet(
        [
            Override(
                "twin-deviation", ("ams-*",), ("crac-*/supply_air_temp",), changes={"for_s": 60.0}
            )
        ]
    )
    assert level(rules).for_s == 60.0
    assert level(rules, site="cph-01").for_s == 10.0
    assert level(rules, point="crac-1/return_air_temp").for_s == 10.0


def test_a_later_entry_wins_and_keeps_what_it_does_not_name() -> None:
    rules = RuleSet(
        [
            Override("twin-deviation", changes={"for_s": 60.0, "threshold": 2.0}),
            Override("twin-deviation", changes={"for_s": 30.0}),
        ]
    )
    assert (level(rules).for_s, level(rules).threshold) == (30.0, 2.0)


def test_a_rule_can_be_off_and_on_again_for_one_site() -> None:
    rules = RuleSet([Override("site-silent", enabled=False), Override("site-silent", ("ams-03",))])
    assert rules.rule(RuleKind.SILENCE, "cph-01") is None
    assert rules.rule(RuleKind.SILENCE, "ams-03") is not None


def test_a_threshold_of_two_asks_for_twice_the_score() -> None:
    doubled = level(RuleSet([Override("twin-deviation", changes={"threshold": 2.0})]))
    assert detector_score(doubled, 2.0) == 1.0


@pytest.mark.parametrize(("part", "score"), ((1.0, 1.0), (0.5, 2.0), (float("inf"), 0.0)))
def test_a_runaway_counts_from_its_threshold_on(part: float, score: float) -> None:
    runaway = rule(RuleKind.RUNAWAY)
    assert runaway_score(runaway, part * runaway.threshold) == score


def test_a_limit_that_is_passed_already_has_a_score_all_the_same() -> None:
    assert runaway_score(rule(RuleKind.RUNAWAY), 0.0) == rule(RuleKind.RUNAWAY).threshold


@pytest.mark.parametrize(
    ("silent_s", "period_s", "score"), ((60.0, 1.0, 1.0), (60.0, 60.0, 0.2), (300.0, 60.0, 1.0))
)
def test_a_site_is_silent_after_a_minute_or_five_of_its_periods(
    silent_s: float, period_s: float, score: float
) -> None:
    assert silence_score(rule(RuleKind.SILENCE), silent_s, period_s) == score


def test_a_score_can_make_it_critical() -> None:
    changed = level(RuleSet([Override("twin-deviation", changes={"critical_at": 5.0})]))
    assert changed.severity_at(4.9) is Severity.WARNING
    assert changed.severity_at(5.0) is Severity.CRITICAL
