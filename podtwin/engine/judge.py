"""The judge: what a calculated step says about the conditions of its site.

Scores of the detectors (`engine.scoring`) become signals, signals move conditions in site time,
and changes of conditions leave as transitions and, once the site is live, as notices.
Nothing here asks a clock; what the judge remembers of a site goes into the site's checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from analytics.detector import Detector, Score
from analytics.standard import standard_detectors
from analytics.suspect import NOBODY, Suspicion, suspect
from podcore.frame import Frame
from podcore.ports import Applied, Command
from podtwin.alerts.conditions import (
    INACTIVE,
    OPEN,
    RAISED_AT,
    Condition,
    Signal,
    State,
    Tells,
    advance,
    handled,
)
from podtwin.alerts.event import notice
from podtwin.alerts.fingerprint import alert_id
from podtwin.alerts.handling import HandlingEvent
from podtwin.alerts.rules import (
    Rule,
    RuleKind,
    RuleSet,
    detector_score,
    runaway_score,
)
from podtwin.alerts.table import NoTransition
from podtwin.engine.hearing import OF_SITE
from podtwin.engine.outputs import StepResult
from podtwin.engine.scoring import Scoring, begun
from podtwin.engine.site_time import NodeTime
from podtwin.engine.telling import Moment, Subject, Verdict, leave, tell
from podtwin.engine.watching import Channel, Rows, RunawayRows, Watch


class Judge:
    """Detectors and rules; the same for all sites."""

    def __init__(
        self,
        rules: RuleSet | None = None,
        detectors: Mapping[str, Detector] | None = None,
    ) -> None:
        self.rules = rules or RuleSet()
        chosen = standard_detectors() if detectors is None else detectors
        self._detectors = {RuleKind(name): detector for name, detector in chosen.items()}
        self.scoring = Scoring(self._detectors)

    def watch(self) -> Watch:
        """The memory of one more site."""
        charts: dict[RuleKind, Rows] = {**self._detectors, RuleKind.RUNAWAY: RunawayRows()}
        return Watch(charts, self.rules)

    def steps(self, results: Sequence[StepResult], watches: Sequence[Watch]) -> list[Verdict]:
        """One step of each of some sites."""
        scores = self.scoring.scores(results, watches)
        return [
            self._conclude(result, watch, scored)
            for result, watch, scored in zip(results, watches, scores, strict=True)
        ]

    def _conclude(
        self, result: StepResult, watch: Watch, scores: Mapping[RuleKind, Score]
    ) -> Verdict:
        verdict = Verdict()
        memory = watch.memory
        if memory.recorded and not result.recorded:
            _tell_at_the_turn(verdict, watch, result)
        memory.begun_ns = begun(result, watch)
        memory.recorded, memory.ts_ns = result.recorded, result.ts_ns
        watch.hold(result.measured, result.values)
        moment = Moment(result.ts_ns, result.cause, result.recorded)
        suspicion = NOBODY
        for kind, score in scores.items():
            for place, channel in enumerate(watch.channels[kind]):
                value = _by_rule(channel.rule, float(score.value[place]))
                before = memory.conditions.get(channel.mark, INACTIVE)
                if before.quiet and value < RAISED_AT:
                    continue
                if suspicion is NOBODY and watch.site is not None:
                    suspicion = suspect(watch.site, _alarming(watch, scores))
                known = bool(score.known[place])
                signal = _signal(watch, channel, result, value, score, place, suspicion)
                _move(verdict, watch, channel, signal if known else None, moment)
        return verdict

    def heard(self, watch: Watch, nodes: Mapping[str, NodeTime], tick: Frame) -> Verdict:
        """What a tick says of a live site as a whole."""
        verdict = Verdict()
        if watch.site is None or not any(node.recv_ns for node in nodes.values()):
            return verdict
        for kind, signal_of in OF_SITE.items():
            rule, mark = watch.site_rules.get(kind, (None, ""))
            if rule is not None:
                subject = Subject(watch.site, rule, "", mark)
                _follow(verdict, watch, subject, signal_of(rule, nodes, tick.ts_ns), tick)
        return verdict

    def command(self, watch: Watch, command: Command, cause: int) -> Applied:
        """Applies what a person asked for to the alert that is meant."""
        found = self._open(watch, command.alert)
        if found is None:
            return Applied(command.id, cause, command.issued_ns, "not_open")
        subject, condition = found
        try:
            event = HandlingEvent(command.kind)
            by = command.assignee or command.issued_by
            after = handled(condition, event, by, command.issued_ns)
        except (ValueError, NoTransition) as error:
            return Applied(command.id, cause, command.issued_ns, f"refused: {error}")
        memory = watch.memory
        if subject.point:
            memory.conditions[subject.mark] = after
        else:
            memory.of_site[subject.mark] = after
        last = _last(watch, subject.point)._replace(score=condition.worst)
        alert = subject.described(after, last, memory.ts_ns)
        return Applied(command.id, cause, command.issued_ns, "applied", alert)

    def _open(self, watch: Watch, alert: str) -> tuple[Subject, Condition] | None:
        """The open condition whose alert is meant."""
        site = watch.site
        if site is None:
            return None
        for mark, condition in watch.memory.conditions.items():
            channel = _channel_of(watch, mark)
            if channel is not None and _is(mark, condition, alert):
                return Subject(site, channel.rule, channel.point, mark), condition
        for rule, mark in watch.site_rules.values():
            if _is(mark, watch.memory.of_site.get(mark, INACTIVE), alert):
                return Subject(site, rule, "", mark), watch.memory.of_site[mark]
        return None


def _follow(verdict: Verdict, watch: Watch, subject: Subject, signal: Signal, tick: Frame) -> None:
    """Moves a condition of the site as a whole."""
    conditions, mark = watch.memory.of_site, subject.mark
    before = conditions.get(mark, INACTIVE)
    if before.quiet and signal.score < RAISED_AT:
        return
    after, changes = advance(before, subject.rule, signal, tick.ts_ns)
    if after.quiet:
        conditions.pop(mark, None)
    else:
        conditions[mark] = after
    for change in changes:
        # Of its own, beside any incident: whoever hears nothing more must be told.
        alert = leave(verdict, subject, change, signal, Moment(tick.ts_ns, tick.offset))
        if alert is not None and change.tells is not None:
            verdict.notices.append(notice(alert, change.tells, tick.offset, change.ts_ns))
    _remember(watch, mark, after, verdict)


def _by_rule(rule: Rule, value: float) -> float:
    """A detector's value, or a time to a limit, by the threshold of a rule."""
    return (
        runaway_score(rule, value) if rule.kind is RuleKind.RUNAWAY else detector_score(rule, value)
    )


def _alarming(watch: Watch, scores: Mapping[RuleKind, Score]) -> dict[str, float]:
    """The highest score of each point, over all detectors."""
    highest: dict[str, float] = {}
    for kind, score in scores.items():
        for channel, found in zip(watch.channels[kind], score.value.tolist(), strict=True):
            value = _by_rule(channel.rule, found)
            if value > highest.get(channel.point, 0.0):
                highest[channel.point] = value
    return highest


def _signal(
    watch: Watch,
    channel: Channel,
    result: StepResult,
    value: float,
    score: Score,
    place: int,
    suspicion: Suspicion,
) -> Signal:
    last = _last(watch, channel.point)
    runs = channel.rule.kind is RuleKind.RUNAWAY
    own_expectation = runs or channel.rule.kind is RuleKind.DRIFT
    return last._replace(
        score=value,
        direction=int(score.direction[place]),
        expected=float(score.baseline[place]) if own_expectation else last.expected,
        band=None if runs else result.sd[channel.column],
        left_s=float(score.value[place]) if runs else None,
        contributions=suspicion.shares,
        suspected=suspicion.asset,
    )


def _last(watch: Watch, point: str) -> Signal:
    """What was measured last at a point, as a signal without a score."""
    value, expected = watch.memory.held.get(point, (math.nan, math.nan))
    return Signal(math.nan, value=value, expected=expected)


def _move(
    verdict: Verdict, watch: Watch, channel: Channel, signal: Signal | None, moment: Moment
) -> None:
    """Moves the condition of a channel."""
    conditions, site = watch.memory.conditions, watch.site
    if site is None:
        return
    before = conditions.get(channel.mark, INACTIVE)
    after, changes = advance(before, channel.rule, signal, moment.ts_ns)
    if after.quiet:
        conditions.pop(channel.mark, None)
    else:
        conditions[channel.mark] = after
    subject = Subject(site, channel.rule, channel.point, channel.mark)
    for change in changes:
        alert = leave(verdict, subject, change, signal, moment)
        if alert is not None and change.tells is not None:
            incident = watch.memory.incident
            watch.memory.incident = tell(
                verdict, incident, alert, change.tells, moment.cause, change.ts_ns
            )
    _remember(watch, channel.mark, after, verdict)


def _remember(watch: Watch, mark: str, after: Condition, verdict: Verdict) -> None:
    """Keeps the alert as it is, for the day on which nothing is watched there any more."""
    if after.state not in OPEN:
        watch.memory.alerts.pop(mark, None)
    elif verdict.transitions and verdict.transitions[-1].fingerprint == mark:
        alert = verdict.transitions[-1].alert
        if alert is not None:
            watch.memory.alerts[mark] = alert


def _tell_at_the_turn(verdict: Verdict, watch: Watch, result: StepResult) -> None:
    """What still fires when a site turns live: told now, under the time at which it began."""
    memory, site = watch.memory, watch.site
    still = [
        (condition.started_ns, mark, condition)
        for mark, condition in memory.conditions.items()
        if condition.state in {State.FIRING, State.RECOVERING}
    ]
    for started_ns, mark, condition in sorted(still, key=lambda each: each[:2]):
        channel = _channel_of(watch, mark)
        if channel is None or site is None:
            continue
        subject = Subject(site, channel.rule, channel.point, mark)
        alert = subject.described(condition, _last(watch, channel.point), memory.ts_ns)
        memory.incident = tell(
            verdict, memory.incident, alert, Tells.FIRING, result.cause, started_ns
        )


def _channel_of(watch: Watch, mark: str) -> Channel | None:
    channels = (channel for each in watch.channels.values() for channel in each)
    return next((channel for channel in channels if channel.mark == mark), None)


def _is(mark: str, condition: Condition, alert: str) -> bool:
    return condition.state in OPEN and alert_id(mark, condition.started_ns) == alert
