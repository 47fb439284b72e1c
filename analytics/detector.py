"""The detector protocol: what a detector is shown, what it answers, and the gate before it.

A row is one watched channel of one site; the rows of all sites are stacked. Every function is
elementwise over rows, so that a row's answer does not depend, in a single bit, on its
neighbours. State is (rows, width) float64 and is all that a detector remembers.

A detector is a `Chart` behind a `Gate`. The chart knows its statistic and takes every row as
measured and trusted; the gate holds back the rows that are not, and answers for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

WARM_UP_S = 600.0  # of trusted steps before anything is scored: the twin's own settling
# A step that is not trusted costs ten times its length of that: one degraded step of 5 s costs
# 50 s, a minute of them, or a gap, costs all.
_LOSS = 10.0
# A score stands for a row that was not read in this step: points come each 10 to 60 s, steps
# each 5 s. Three periods of the slowest; past it the row has nothing to say.
HOLD_S = 180.0
_LARGEST = 1e16
_LONGEST_STEP_S = 3600.0  # a longer one is a gap, after which all is warmed up anew


class Seen(NamedTuple):
    """What a detector is shown of one step.

    residual : (rows,)   Measured less expected, NaN where nothing was measured.
    sd : (rows,)   Standard deviation of the innovation; of the estimate, for a state.
    measured : (rows,)   What was read, NaN where nothing was; a state's estimate.
    resolution : (rows,)   The smallest change that the sensor shows, in the point's unit.
    dt_s : (rows,)   Site time since the row's step before. [s]
    trusted : (rows,)   False while the twin is degraded, in a gap or newly begun.
    """

    residual: Array
    sd: Array
    measured: Array
    resolution: Array
    dt_s: Array
    trusted: Flags

    @property
    def expected(self) -> Array:
        """What the twin expected, NaN where nothing was measured."""
        return self.measured - self.residual


class Score(NamedTuple):
    """A detector's answer; never NaN.

    value : (rows,)   In units of the detector's own threshold: 1 and above is an alarm.
    direction : (rows,)   -1, 0 or +1: the side of what was expected.
    baseline : (rows,)   What the detector holds for normal, in the unit of the residual (in the
        point's unit for `drift`; the spread of changes for `variance`; 0 for `stuck`).
    known : (rows,)   False where it cannot say: warming up, not trusted, nothing read for long.
        The value is then 0, which is no statement that all is well.
    """

    value: Array
    direction: Array
    baseline: Array
    known: Flags


class Detector(Protocol):
    """One kind of judgement over any number of rows."""

    @property
    def name(self) -> str:
        """The kind: what rules and evidence call it."""

    @property
    def width(self) -> int:
        """State floats a row."""

    def initial(self, rows: int) -> Array:
        """The state (rows, width) of rows that nothing was seen of."""

    def update(self, state: Array, seen: Seen) -> tuple[Array, Score]:
        """The state and the answer after one step; `state` is left as it was."""

    def fit(self, nominal: Seen) -> Self:
        """The same with its threshold set on healthy data, each array (steps, rows)."""


class Chart(Protocol):
    """A statistic and its memory; every row of `seen` is measured and trusted.

    threshold : what the statistic is divided by.
    """

    @property
    def name(self) -> str:
        """The kind."""

    @property
    def width(self) -> int:
        """State floats a row."""

    @property
    def threshold(self) -> float:
        """The value of the statistic that is an alarm."""

    def initial(self, rows: int) -> Array:
        """The state (rows, width) of rows that nothing was seen of."""

    def advance(self, state: Array, seen: Seen) -> tuple[Array, Array, Array, Array]:
        """State, value in thresholds, direction and baseline after one reading of each row."""

    def with_threshold(self, threshold: float) -> Self:
        """The same with another threshold."""


_WARM, _AGE, _VALUE, _DIRECTION, _BASELINE, _OWN = range(6)

# A fitted threshold is the largest healthy statistic times this, since the worst moment of the
# days to come is not in the data.
FIT_MARGIN = 1.5


@dataclass(frozen=True, slots=True)
class Gated:
    """A chart behind its gate: the detector.

    Rows that are not trusted keep their state and say nothing. Rows that are merely not read in
    a step keep their last answer for `HOLD_S`. The chart learns, but is not heard, while warming
    up.
    """

    chart: Chart
    warm_up_s: float = WARM_UP_S

    @property
    def name(self) -> str:
        """The chart's."""
        return self.chart.name

    @property
    def width(self) -> int:
        """The chart's, and the gate's five."""
        return _OWN + self.chart.width

    def initial(self, rows: int) -> Array:
        """Rows that nothing was seen of."""
        state = np.zeros((rows, self.width))
        state[:, _OWN:] = self.chart.initial(rows)
        return state

    def update(self, state: Array, seen: Seen) -> tuple[Array, Score]:
        """The state and the answer after one step."""
        after = state.copy()
        elapsed_s = _elapsed_s(seen.dt_s)
        trusted = seen.trusted & (elapsed_s < _LONGEST_STEP_S)
        warm_s = state[:, _WARM] + np.where(trusted, elapsed_s, -_LOSS * elapsed_s)
        after[:, _WARM] = np.minimum(np.maximum(warm_s, 0.0), self.warm_up_s)
        age_s = state[:, _AGE] + elapsed_s
        used = trusted & _usable(seen.measured) & _usable(seen.residual) & _usable(seen.sd)
        self._advance(state, seen, age_s, np.flatnonzero(used), after)
        after[:, _AGE] = np.where(used, 0.0, np.minimum(age_s, _LONGEST_STEP_S))
        known = trusted & (after[:, _WARM] >= self.warm_up_s) & (after[:, _AGE] <= HOLD_S)
        score = Score(
            np.where(known, after[:, _VALUE], 0.0),
            np.where(known, after[:, _DIRECTION], 0.0),
            after[:, _BASELINE].copy(),
            known,
        )
        return after, score

    def _advance(
        self, state: Array, seen: Seen, age_s: Array, used: NDArray[np.intp], after: Array
    ) -> None:
        """The chart goes on in the rows that are used; about half of a site's in a usual step."""
        if not len(used):
            return
        read = Seen(
            seen.residual[used],
            np.abs(seen.sd[used]),
            seen.measured[used],
            _resolved(seen.resolution[used]),
            age_s[used],
            seen.trusted[used],
        )
        own, value, direction, baseline = self.chart.advance(state[used, _OWN:], read)
        after[used, _OWN:] = own
        for column, found in ((_VALUE, value), (_DIRECTION, direction), (_BASELINE, baseline)):
            after[used, column] = found

    def fit(self, nominal: Seen) -> Self:
        """The same with the threshold at `FIT_MARGIN` times the largest healthy statistic."""
        state = self.initial(nominal.measured.shape[1])
        highest = 0.0
        for step in range(len(nominal.measured)):
            state, score = self.update(state, Seen(*(array[step] for array in nominal)))
            highest = max(highest, float(score.value.max(initial=0.0)))
        if highest == 0.0:
            return self
        fitted = self.chart.threshold * highest * FIT_MARGIN
        return replace(self, chart=self.chart.with_threshold(fitted))


def _usable(numbers: Array) -> Flags:
    # Not NaN, not infinite, and its square still a number; no quantity reaches this far.
    return np.abs(numbers) <= _LARGEST


def _elapsed_s(dt_s: Array) -> Array:
    # A clock that went back has let no time pass; one that is not a number, a gap.
    finite = np.where(np.isfinite(dt_s), dt_s, _LONGEST_STEP_S)
    return np.minimum(np.maximum(finite, 0.0), _LONGEST_STEP_S)


def _resolved(resolution: Array) -> Array:
    return np.where(_usable(resolution), np.abs(resolution), 0.0)
