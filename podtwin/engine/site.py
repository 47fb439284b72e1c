"""One site in the engine: its Frames in, closed steps out; no arrays, no other site."""

from __future__ import annotations

import enum
import zlib
from collections import Counter, deque
from dataclasses import dataclass

from podcore.clock import NS
from podcore.errors import ConfigError
from podcore.frame import BIRTH, CONFIG, STATE, Flag, Frame
from podcore.node_clock import tells_time
from podcore.ports import Command
from podcore.site import Site
from podtwin.engine.gaps import told
from podtwin.engine.grid import ClosedStep, Grid
from podtwin.engine.plan import RAW_READING, Layouts, Plan, make_plan, step_ns
from podtwin.engine.site_time import GAP_NS, SiteTime, Taken, believed
from podtwin.engine.telling import Verdict
from twin.site_model import site_model

_RECORDED, _OUT_OF_RANGE = int(Flag.RECORDED), int(Flag.OUT_OF_RANGE)


class Skipped(enum.StrEnum):
    """Why a reading is in no step; it is stored all the same."""

    UNKNOWN_SITE = "unknown_site"
    RECORDED_AFTER_LIVE = "recorded_after_live"
    OUT_OF_RANGE = "out_of_range"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class ModelChange:
    """From here on a site is this one, and its steps are of this plan; None ends its twin.

    cause : the offset of the Frame that says so; 0 where the site begins.
    """

    site: Site
    plan: Plan | None
    cause: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for, in the order in which it reached the log."""

    command: Command
    cause: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What ticks alone said of a site: of its silence, its gaps, its clocks."""

    verdict: Verdict


class SiteState:
    """What the engine knows of a site between two Frames.

    seen : Frames up to this offset are in it already (from a checkpoint).
    waiting : closed steps and what else happens to the site, in order.
    refused : why its twin does not run although its type has one, or empty.
    """

    def __init__(
        self, config: bytes, time: SiteTime | None = None, grid: Grid | None = None
    ) -> None:
        self.packed_config = zlib.compress(config, 1)
        self.site: Site = CONFIG.decode(config).site
        self.time = time or SiteTime(step_ns(self.site))
        self.grid = grid
        self.plan: Plan | None = None
        self.refused = ""
        self.seen = 0
        self.waiting: deque[ClosedStep | ModelChange | Asked | Heard] = deque()
        self.skipped: Counter[Skipped] = Counter()
        self._build()

    def configure(self, config: bytes, cause: int) -> None:
        """Another configuration: what is gathered and held goes over to it."""
        gone = set(self.site.nodes)
        self.packed_config = zlib.compress(config, 1)
        self.site = CONFIG.decode(config).site
        self._build(cause)
        self.time.step_ns = step_ns(self.site)
        for node in gone - set(self.site.nodes):
            self.time.forget(node)

    def reading(self, frame: Frame) -> int:
        """A reading; how many steps it closed."""
        time, grid = self.time, self.grid
        before_w, before_newest = time.watermark_ns, time.newest_ns
        body = None if grid is None else RAW_READING.decode(frame.body)
        layout = None if body is None else self._layouts.of(body.points)
        taken = time.reading(
            frame.node,
            frame.ts_ns,
            frame.recv_ns,
            recorded=bool(frame.flags & _RECORDED),
            period_ns=layout.period_ns if layout else 0,
        )
        if taken is not Taken.STEPPED:
            self.skipped[Skipped.RECORDED_AFTER_LIVE] += 1
            return 0
        self._clocked(frame)
        if grid is None or body is None or layout is None:
            return 0
        closed = self._open(grid, frame, before_w, before_newest)
        if frame.flags & _OUT_OF_RANGE:
            self.skipped[Skipped.OUT_OF_RANGE] += 1
        elif layout.pairs and not grid.put(believed(frame.ts_ns, frame.recv_ns), body, layout):
            self.skipped[Skipped.LATE] += 1
        return closed + self.close(frame)

    def _clocked(self, frame: Frame) -> None:
        if tells_time(frame.flags):
            self.time.node(frame.node).clock.saw(frame.ts_ns, frame.recv_ns)

    def born(self, frame: Frame) -> int:
        """A birth; how many steps it closed."""
        periods = [round(point.period_s * NS) for point in BIRTH.decode(frame.body).points]
        self.time.born(frame.node, min(periods, default=0))
        return self.close(frame)

    def node_state(self, frame: Frame) -> int:
        """A node that came or went, or missing numbers; how many steps that closed."""
        said = STATE.decode(frame.body)
        if said.online is False:
            self.time.offline(frame.node)
        known = self.time.nodes.get(frame.node)
        if known is not None and said.online is not None:
            known.backlog = said.backlog
        if said.missing is not None:
            # What a node sends behind the present is on its way, and nothing that did not come.
            node = self.time.node(frame.node)
            told(node.gaps, frame.boot, max(0, said.missing - node.backlog), frame.recv_ns)
        return self.close(frame)

    def tick(self, frame: Frame) -> int:
        """A second has passed; how many steps it closed."""
        self.time.tick(frame.ts_ns)
        return self.close(frame)

    def close(self, frame: Frame) -> int:
        """Freezes every step that W has passed, none past an hour after the newest reading."""
        grid = self.grid
        if grid is None or not grid.next_step:
            return 0
        last = min(self.time.watermark_ns, self.time.newest_ns + GAP_NS) // grid.step_ns
        return self._freeze(grid, last, frame) if last >= grid.next_step else 0

    def _open(self, grid: Grid, frame: Frame, before_w: int, before_newest: int) -> int:
        """The first reading, and the first one after a gap, say where the grid begins."""
        newest_ns = self.time.newest_ns
        gap = bool(before_newest) and newest_ns - before_newest > GAP_NS
        if grid.next_step and not gap:
            return 0
        closed = 0
        if grid.next_step:
            closed = self._freeze(grid, (before_newest + GAP_NS) // grid.step_ns, frame)
            grid.restart = True
        first = max(grid.step_of(newest_ns), before_w // grid.step_ns + 1, grid.next_step)
        grid.next_step = first
        grid.slots = {step: slot for step, slot in grid.slots.items() if step >= first}
        return closed

    def _freeze(self, grid: Grid, last: int, frame: Frame) -> int:
        plan = self.plan
        if plan is None:
            return 0
        recorded = not self.time.live
        number = max(0, last + 1 - grid.next_step)
        for _ in range(number):
            step = grid.freeze(plan, frame.offset, frame.recv_ns, recorded=recorded)
            self.waiting.append(step)
        return number

    def _build(self, cause: int = 0) -> None:
        """The plan of the site's model; a site whose `twin` is refused goes on without one."""
        self.refused = ""
        try:
            found = site_model(self.site)
        except ConfigError as error:  # checked before the Frame was written, by another version
            self.refused, found = str(error), None
        self.plan = None if found is None else make_plan(self.site, found)
        if self.plan is None:
            self.grid = None
        elif self.grid is None:
            self.grid = Grid.of(self.plan)
        else:
            self.grid = self.grid.moved_to(self.plan)
        self._layouts = Layouts([] if self.plan is None else self.plan.points, self.site)
        self.waiting.append(ModelChange(self.site, self.plan, cause))
