"""What detectors are shown in tests: healthy rows, and the excursion that each kind is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analytics.detector import Array, Detector, Seen

STEP_S = 5.0
SD = 0.1


def healthy(steps: int, rows: int = 3, seed: int = 1) -> Seen:
    """White residuals as large as the twin says, of a sensor that shows tenths."""
    residual = np.random.default_rng(seed).normal(0.0, SD, (steps, rows))
    expected = np.full((steps, rows), 20.0)
    measured = np.round(expected + residual, 1)
    return Seen(
        residual=measured - expected,
        sd=np.full((steps, rows), SD),
        measured=measured,
        resolution=np.full((steps, rows), 0.1),
        dt_s=np.full((steps, rows), STEP_S),
        trusted=np.ones((steps, rows), dtype=np.bool_),
    )


def raised(seen: Seen, part: slice) -> Seen:
    """A sensor that shows 2 K too much for a while."""
    return _changed(seen, part, seen.measured[part] + 2.0)


def held(seen: Seen, part: slice) -> Seen:
    """A sensor that shows one value for a while."""
    return _changed(
        seen, part, np.broadcast_to(seen.measured[part.start], seen.measured[part].shape)
    )


def scattered(seen: Seen, part: slice) -> Seen:
    """A sensor whose residuals are four times as large for a while."""
    return _changed(seen, part, seen.measured[part] + 3.0 * seen.residual[part])


def _changed(seen: Seen, part: slice, measured: Array) -> Seen:
    after = seen.measured.copy()
    after[part] = measured
    return seen._replace(measured=after, residual=after - (seen.measured - seen.residual))


EXCURSIONS: Mapping[str, Callable[[Seen, slice], Seen]] = MappingProxyType(
    {"level": raised, "stuck": held, "variance": scattered, "drift": raised}
)


Part = int | slice | tuple[slice, slice | NDArray[np.intp]]


def picked(seen: Seen, at: Part) -> Seen:
    return Seen(
        seen.residual[at],
        seen.sd[at],
        seen.measured[at],
        seen.resolution[at],
        seen.dt_s[at],
        seen.trusted[at],
    )


def step_of(seen: Seen, step: int) -> Seen:
    """One step of many."""
    return picked(seen, step)


def steps_of(seen: Seen, steps: slice) -> Seen:
    """Some steps of many."""
    return picked(seen, steps)


def rows_of(seen: Seen, rows: slice) -> Seen:
    """Some rows of many steps."""
    return picked(seen, (slice(None), rows))


def scores(detector: Detector, seen: Seen) -> tuple[Array, Array, Array]:
    """Values and whether they are known, (steps, rows), and the last state."""
    state = detector.initial(seen.measured.shape[1])
    values, known = [], []
    for step in range(len(seen.measured)):
        state, score = detector.update(state, step_of(seen, step))
        values.append(score.value)
        known.append(score.known)
    return np.array(values), np.array(known), state
