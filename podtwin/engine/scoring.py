"""Scoring: what the detectors say of a step, over the watched channels of all its sites at once.

Elementwise throughout, so that a site's scores do not depend, in a single bit, on its
neighbours. Most sites of a step have nothing to say; they are sorted out on the arrays, and no
line of Python is run for their channels.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics import runaway
from analytics.detector import Array, Detector, Score, Seen
from podcore.clock import NS
from podtwin.alerts.conditions import RAISED_AT
from podtwin.alerts.rules import RuleKind
from podtwin.engine.outputs import StepResult
from podtwin.engine.watching import Lines, Watch

SETTLING_NS = 120 * NS  # of the twin's fast states, before their trend is one of the site


class _Stacked(NamedTuple):
    """The watched channels of some sites, detector by detector and in each site by site.

    bounds : where the rows of a detector's sites begin, and the last of them end.
    site : (rows,)   The place of a row's site among the results.
    """

    lines: Lines
    bounds: Mapping[RuleKind, list[int]]
    site: NDArray[np.intp]


class Scoring:
    """The detectors, and the time to a limit beside them."""

    def __init__(self, detectors: Mapping[RuleKind, Detector]) -> None:
        self._detectors = detectors
        self._kinds = (*detectors, RuleKind.RUNAWAY)
        # The same sites are stepped together again and again.
        self._last: tuple[Sequence[Mapping[RuleKind, Lines]], _Stacked] | None = None

    def scores(
        self, results: Sequence[StepResult], watches: Sequence[Watch]
    ) -> list[dict[RuleKind, Score]]:
        """The scores of each site; empty where none is raised and no condition is open.

        The detectors' rows go on in the watches.
        """
        stacked = self._stacked(watches)
        seen = _seen(stacked, results, watches)
        loud = np.array([bool(watch.memory.conditions) for watch in watches])
        found: dict[RuleKind, Score] = {}
        for kind, bounds in stacked.bounds.items():
            part = slice(bounds[0], bounds[-1])
            if part.start == part.stop:
                continue
            score = self._update(kind, Seen._make(each[part] for each in seen), bounds, watches)
            raised = ~(_by_rule(kind, score, stacked.lines.threshold[part]) < RAISED_AT)
            loud[stacked.site[part][raised]] = True
            found[kind] = score
        return [
            {kind: _of_site(score, stacked.bounds[kind], place) for kind, score in found.items()}
            if says
            else {}
            for place, says in enumerate(loud.tolist())
        ]

    def _stacked(self, watches: Sequence[Watch]) -> _Stacked:
        of = [watch.lines for watch in watches]
        if self._last is not None and _are_same(self._last[0], of):
            return self._last[1]
        stacked = self._stack(watches)
        self._last = of, stacked
        return stacked

    def _stack(self, watches: Sequence[Watch]) -> _Stacked:
        sizes: list[int] = []
        bounds: dict[RuleKind, list[int]] = {}
        total = 0
        for kind in self._kinds:
            bounds[kind] = [total]
            for watch in watches:
                sizes.append(len(watch.channels[kind]))
                total += sizes[-1]
                bounds[kind].append(total)
        each = [watch.lines[kind] for kind in self._kinds for watch in watches]
        lines = Lines._make(np.concatenate(column) for column in zip(*each, strict=True))
        places = np.tile(np.arange(len(watches)), len(self._kinds))
        return _Stacked(lines, bounds, np.repeat(places, sizes))

    def _update(
        self, kind: RuleKind, seen: Seen, bounds: Sequence[int], watches: Sequence[Watch]
    ) -> Score:
        rows = np.concatenate([watch.rows[kind] for watch in watches])
        if kind is RuleKind.RUNAWAY:
            sizes = [end - begin for begin, end in pairwise(bounds)]
            state, score = _time_to_limit(
                rows, seen, np.repeat([watch.limit_c for watch in watches], sizes)
            )
        else:
            state, score = self._detectors[kind].update(rows, seen)
        first = bounds[0]
        for watch, (begin, end) in zip(watches, pairwise(bounds), strict=True):
            watch.rows[kind] = state[begin - first : end - first]
        return score


def begun(result: StepResult, watch: Watch) -> int:
    """When the site's steps began, or began again after a gap. [ns]"""
    return result.ts_ns if result.gap else watch.memory.begun_ns or result.ts_ns


def _seen(stacked: _Stacked, results: Sequence[StepResult], watches: Sequence[Watch]) -> Seen:
    """What the rows are shown; a state has nothing but the twin's own value."""
    lines, site = stacked.lines, stacked.site
    widths = [len(result.points) for result in results]
    place = lines.column + (np.cumsum(widths) - widths)[site]
    expected = _flat([result.values for result in results])[place]
    measured = _flat([result.measured for result in results])[place]
    measured = np.where(lines.from_twin, expected, measured)
    runs = slice(stacked.bounds[RuleKind.RUNAWAY][0], None)
    # A twin that finds its way from its first guess rises by itself.
    settling = [
        begun(result, watch) + SETTLING_NS > result.ts_ns
        for result, watch in zip(results, watches, strict=True)
    ]
    measured[runs] = np.where(np.array(settling)[site[runs]], math.nan, measured[runs])
    elapsed_s = [
        (result.ts_ns - watch.memory.ts_ns) / NS if watch.memory.ts_ns else 0.0
        for result, watch in zip(results, watches, strict=True)
    ]
    return Seen(
        measured - expected,
        _flat([result.sd for result in results])[place],
        measured,
        lines.resolution,
        np.array(elapsed_s)[site],
        np.array([not result.degraded and not result.gap for result in results])[site],
    )


def _are_same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))


def _flat(rows: Sequence[Sequence[float]]) -> Array:
    return np.array(list(chain.from_iterable(rows)), dtype=np.float64)


def _of_site(score: Score, bounds: Sequence[int], place: int) -> Score:
    part = slice(bounds[place] - bounds[0], bounds[place + 1] - bounds[0])
    return Score._make(each[part] for each in score)


def _time_to_limit(rows: Array, seen: Seen, limit_c: Array) -> tuple[Array, Score]:
    """The time to the limit in the place of a score. [s]"""
    state, left = runaway.update(rows, seen.measured, limit_c, seen.dt_s)
    return state, Score(left.seconds, np.sign(left.rate_k_s), limit_c, left.known)


def _by_rule(kind: RuleKind, score: Score, threshold: Array) -> Array:
    """The scores by the thresholds of their rules, as `rules` has them for one."""
    if kind is RuleKind.RUNAWAY:
        return threshold / np.maximum(score.value, 1.0)
    return score.value / threshold
