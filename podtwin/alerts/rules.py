"""Rules: what is watched, from which score on, for how long, how bad it is, and how it is said.

A score of 1 is where a rule begins to hold. A detector's rule divides the detector's own score;
the two rules that are none of residuals say here how their score is made.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

import msgspec

_BACK = "{where} is back at {value}; the twin expects {expected}. It lasted {lasting}."
_PERIODS_TO_SILENCE = 5.0  # a node that sends every 5 min is not silent after one


class Severity(enum.StrEnum):
    """How bad it is: someone looks by day, or someone comes now."""

    WARNING = "warning"
    CRITICAL = "critical"


class RuleKind(enum.StrEnum):
    """Where a rule's score comes from."""

    LEVEL = "level"
    STUCK = "stuck"
    VARIANCE = "variance"
    DRIFT = "drift"
    RUNAWAY = "runaway"
    SILENCE = "silence"
    GAP = "gap"
    CLOCK = "clock"


# Judged of a site as a whole, by ticks; no twin is needed.
OF_SITE_KINDS = (RuleKind.SILENCE, RuleKind.GAP, RuleKind.CLOCK)


class Rule(msgspec.Struct, frozen=True):
    """One rule, as it holds for one point.

    threshold : where it begins: times the detector's own threshold; for `runaway` the time to
        the limit [s], for `silence` the time without a reading [s], for `gap` how long numbers
        may be missing [s], for `clock` how far a clock may be off [s].
    for_s, clear_for_s : how long it holds before it fires, and is gone before it is resolved.
    clear_below : the score below which it counts as gone. Between it and 1 nothing changes.
    critical_at : the score from which on it is critical whatever `severity` says; None for never.
    lost_for_s : how long nothing may be seen before what fires is `no_data`.
    title : what it is, for a list. sentence : what is said, by the names of `evidence.sentence`;
    over : what is said once it falls back, by the same names.
    """

    id: str
    kind: RuleKind
    title: str
    sentence: str
    over: str = _BACK
    severity: Severity = Severity.WARNING
    threshold: float = 1.0
    for_s: float = 10.0
    clear_for_s: float = 60.0
    clear_below: float = 0.7
    critical_at: float | None = None
    lost_for_s: float = 60.0

    def severity_at(self, score: float) -> Severity:
        """How bad a score is."""
        bad = self.critical_at is not None and score >= self.critical_at
        return Severity.CRITICAL if bad else self.severity


_EXPECTS = "{where} is {value}; the twin expects {expected}, for {lasting}."
# The detectors gather evidence themselves, so `for_s` only keeps out what is over at once.
DEFAULT_RULES: tuple[Rule, ...] = (
    Rule("twin-deviation", RuleKind.LEVEL, "Not what the twin expects", _EXPECTS),
    Rule(
        "sensor-stuck",
        RuleKind.STUCK,
        "Sensor repeats its value",
        "{where} stays at {value} while the twin moves to {expected}, for {lasting}.",
        "{where} moves again, at {value}; the twin expects {expected}. It lasted {lasting}.",
        for_s=0.0,
    ),
    Rule(
        "sensor-noisy",
        RuleKind.VARIANCE,
        "Sensor scatters more than it should",
        "{where} scatters around {value}; the twin expects {expected}, for {lasting}.",
        "{where} is steady again at {value}; the twin expects {expected}. It lasted {lasting}.",
        for_s=60.0,
        clear_for_s=600.0,
    ),
    Rule(
        "slow-drift",
        RuleKind.DRIFT,
        "Slow change of the installation",
        "{where} has come to {value}; in health it is {expected}, for {lasting}.",
        "{where} is back at {value}; in health it is {expected}. It lasted {lasting}.",
        for_s=600.0,
        clear_for_s=3_600.0,
        lost_for_s=600.0,
    ),
    Rule(
        "thermal-runaway",
        RuleKind.RUNAWAY,
        "A limit will be passed soon",
        "{where} is {value} and rises; by the twin it passes {expected} in {left}.",
        "{where} is {value} and no longer on its way to {expected}. It lasted {lasting}.",
        severity=Severity.CRITICAL,
        threshold=1_200.0,
        for_s=5.0,
    ),
    Rule(
        "site-silent",
        RuleKind.SILENCE,
        "No readings come",
        "{site} has sent nothing for {left}.",
        "{site} sends again. It was silent for {lasting}.",
        threshold=60.0,
        for_s=0.0,
        clear_for_s=10.0,
    ),
    Rule(
        "messages-missing",
        RuleKind.GAP,
        "Messages are missing",
        "{site}: of a node {value} messages are missing, for {left}.",
        "{site}: no message is missing any more that could still come. It lasted {lasting}.",
        threshold=60.0,
        for_s=0.0,
        clear_for_s=10.0,
    ),
    Rule(
        "clock-off",
        RuleKind.CLOCK,
        "A clock is off",
        "{site}: the clock of a node is off by {left}.",
        "{site}: the clocks of its nodes are right again. It lasted {lasting}.",
        threshold=2.0,
        for_s=0.0,
    ),
)


def detector_score(rule: Rule, score: float) -> float:
    """A detector's score by a rule's threshold."""
    return score / rule.threshold


def runaway_score(rule: Rule, left_s: float) -> float:
    """1 where the limit is `threshold` away; 0 when it is never passed. left_s : time to it. [s]"""
    return rule.threshold / max(left_s, 1.0)


def silence_score(rule: Rule, silent_s: float, period_s: float) -> float:
    """1 after `threshold` without a reading, or after five of the site's shortest periods. [s]"""
    return silent_s / max(rule.threshold, _PERIODS_TO_SILENCE * period_s)


class Override(msgspec.Struct, frozen=True):
    """Where a rule differs from its default.

    sites, points : patterns with `*`; points as `asset/point`. None holds everywhere.
    changes : fields of `Rule` with their values there.
    """

    rule: str
    sites: tuple[str, ...] | None = None
    points: tuple[str, ...] | None = None
    enabled: bool = True
    changes: Mapping[str, object] = {}

    def holds(self, site: str, point: str) -> bool:
        """Whether it holds for a point of a site."""
        return _matches(self.sites, site) and _matches(self.points, point)


class RuleSet:
    """The rules in force: defaults, and overrides of which a later one wins."""

    def __init__(self, overrides: Sequence[Override] = ()) -> None:
        self._defaults: Mapping[str, Rule] = MappingProxyType({r.id: r for r in DEFAULT_RULES})
        self._overrides: dict[str, list[Override]] = {}
        for override in overrides:
            self._overrides.setdefault(override.rule, []).append(override)

    def rule(self, kind: RuleKind, site: str, point: str = "") -> Rule | None:
        """The rule of a kind for a point (`asset/point`; empty for the site); None when it is off.

        For each config Frame once a channel, not for each step.
        """
        default = next(rule for rule in self._defaults.values() if rule.kind is kind)
        enabled, changes = True, dict[str, object]()
        for override in self._overrides.get(default.id, ()):
            if override.holds(site, point):
                enabled = override.enabled
                changes |= override.changes
        if not enabled:
            return None
        return msgspec.structs.replace(default, **changes)


def _matches(patterns: tuple[str, ...] | None, name: str) -> bool:
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)
