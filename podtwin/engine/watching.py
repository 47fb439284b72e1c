"""What is watched at a site, and what the judge remembers of it between two steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from analytics import runaway
from analytics.detector import Array, Flags
from analytics.limits import inlet_limit_c
from analytics.watch import watched
from podcore.alert import Alert
from podcore.site import Site
from podtwin.alerts.conditions import Condition
from podtwin.alerts.fingerprint import fingerprint
from podtwin.alerts.incident import Incident
from podtwin.alerts.rules import OF_SITE_KINDS, Rule, RuleKind, RuleSet


class Channel(NamedTuple):
    """A point under one detector.

    column : where the point stands in a step's result.
    resolution : the smallest change that its sensor shows, in the point's unit.
    mark : the fingerprint of rule and point.
    """

    point: str
    column: int
    resolution: float
    rule: Rule
    mark: str


class Lines(NamedTuple):
    """The channels under one detector as arrays, in the order of the channels.

    column, resolution : as of each channel. threshold : of its rule.
    from_twin : whether the twin's value stands for what is measured.
    """

    column: NDArray[np.intp]
    resolution: Array
    threshold: Array
    from_twin: Flags

    @classmethod
    def of(cls, kind: RuleKind, channels: Sequence[Channel]) -> Lines:
        """The arrays of some channels."""
        return cls(
            np.array([channel.column for channel in channels], dtype=np.intp),
            np.array([channel.resolution for channel in channels], dtype=np.float64),
            np.array([channel.rule.threshold for channel in channels], dtype=np.float64),
            np.array([_is_from_twin(kind, channel.point) for channel in channels], dtype=np.bool_),
        )


class Remembered(msgspec.Struct, array_like=True):
    """What a checkpoint holds of the judge.

    points : of each detector by name; `rows` are its states, in the same order.
    conditions : by fingerprint, those of points that are not quiet. of_site : of the whole site.
    incident : what people were told.
    held : the last measured value of each point, and what was expected then.
    ts_ns : the step judged last. begun_ns : the first one, also after a gap.
    recorded : whether the last one was of the recorded time.
    alerts : by fingerprint, those that are open, as they were at their last change.
    """

    points: dict[str, list[str]] = {}
    rows: dict[str, list[list[float]]] = {}
    conditions: dict[str, Condition] = {}
    of_site: dict[str, Condition] = {}
    incident: Incident = Incident()
    held: dict[str, tuple[float, float]] = {}
    ts_ns: int = 0
    begun_ns: int = 0
    recorded: bool = True
    alerts: dict[str, Alert] = {}


class Rows(Protocol):
    """What keeps a row of state for each watched channel."""

    @property
    def width(self) -> int:
        """State floats a row."""

    def initial(self, rows: int) -> Array:
        """The state (rows, width) of rows that nothing was seen of."""


class RunawayRows:
    """The rows of the time to a limit."""

    width = runaway.WIDTH

    def initial(self, rows: int) -> Array:
        """No value yet."""
        return runaway.initial(rows)


class Watch:
    """One site under the judge: its channels by detector, and its memory as arrays."""

    def __init__(self, charts: Mapping[RuleKind, Rows], rules: RuleSet) -> None:
        self._charts = charts
        self._rules = rules
        self.site: Site | None = None
        self.site_rules: dict[RuleKind, tuple[Rule, str]] = {}  # with its fingerprint
        self.limit_c = math.inf
        self.points: list[str] = []
        self.channels: dict[RuleKind, list[Channel]] = {kind: [] for kind in charts}
        self.lines = {kind: Lines.of(kind, []) for kind in charts}
        self.rows: dict[RuleKind, Array] = {kind: each.initial(0) for kind, each in charts.items()}
        self.memory = Remembered()

    def configure(self, site: Site, points: Sequence[str]) -> None:
        """Takes what a step of the site holds; a channel that was there keeps its state."""
        self.site, self.points, self.limit_c = site, list(points), inlet_limit_c(site)
        rules = {kind: self._rules.rule(kind, site.id) for kind in OF_SITE_KINDS}
        self.site_rules = {
            kind: (rule, fingerprint(site.id, rule.id))
            for kind, rule in rules.items()
            if rule is not None
        }
        column = {point: place for place, point in enumerate(points)}
        wanted: dict[RuleKind, list[Channel]] = {kind: [] for kind in self._charts}
        # Without a twin nothing is compared; its parameters may be the very reason.
        for name, point, resolution in watched(site, points) if points else ():
            kind = RuleKind(name)
            rule = self._rules.rule(kind, site.id, point)
            if rule is not None and kind in wanted:
                mark = fingerprint(site.id, rule.id, point)
                wanted[kind].append(Channel(point, column[point], resolution, rule, mark))
        for kind, chart in self._charts.items():
            self.rows[kind] = _kept(chart, wanted[kind], self.channels[kind], self.rows[kind])
        self.channels = wanted
        self.lines = {kind: Lines.of(kind, channels) for kind, channels in wanted.items()}

    def marks(self) -> set[str]:
        """The fingerprints of all that is watched."""
        found = {channel.mark for each in self.channels.values() for channel in each}
        return found | {mark for _, mark in self.site_rules.values()}

    def hold(self, values: Sequence[float], expected: Sequence[float]) -> None:
        """Keeps what was measured last: points come less often than steps."""
        held = self.memory.held
        for point, value, mean in zip(self.points, values, expected, strict=True):
            if value == value:  # noqa: PLR0124 - not NaN, at a third of the price of asking
                held[point] = (value, mean)

    def remembered(self) -> Remembered:
        """The memory as a checkpoint holds it."""
        memory = self.memory
        memory.points = {
            kind.value: [channel.point for channel in channels]
            for kind, channels in self.channels.items()
        }
        memory.rows = {kind.value: rows.tolist() for kind, rows in self.rows.items()}
        return memory

    def restore(self, memory: Remembered) -> None:
        """Goes on from a checkpoint; the site must be configured already."""
        self.memory = memory
        for kind, chart in self._charts.items():
            rows = memory.rows.get(kind.value, [])
            known = dict(zip(memory.points.get(kind.value, []), rows, strict=True))
            fresh = self.rows[kind]
            for place, channel in enumerate(self.channels[kind]):
                row = known.get(channel.point)
                if row is not None and len(row) == chart.width:
                    fresh[place] = row


def _kept(chart: Rows, wanted: Sequence[Channel], before: Sequence[Channel], rows: Array) -> Array:
    known = {channel.point: rows[place] for place, channel in enumerate(before)}
    fresh = chart.initial(len(wanted))
    for place, channel in enumerate(wanted):
        if channel.point in known:
            fresh[place] = known[channel.point]
    return np.ascontiguousarray(fresh)


def _is_from_twin(kind: RuleKind, point: str) -> bool:
    """Whether the twin's value stands for what is measured: a state has nothing else."""
    if kind is RuleKind.RUNAWAY:
        return runaway.follows_twin(point)
    return kind is RuleKind.DRIFT
