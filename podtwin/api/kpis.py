"""Key figures of a site over a range: reads the history piece by piece, keeps energies alone.

A piece of the history is calculated as far as its readings reach; what could still belong to the
next reading is carried over. So a month of readings takes no more memory than an hour of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from podcore.clock import NS, rfc3339
from podcore.frame import Source
from podcore.ports import SeriesQuery
from podtwin.api.context import Context
from podtwin.api.models import BoundaryShape, KpisShape, MetersShape, PueShape, PueStepsShape
from podtwin.api.newest import NewestSite
from podtwin.api.problem import ProblemError
from podtwin.api.summary import UNKNOWN_PERIOD_S, stale_after_s
from podtwin.api.tables import read_pieces
from twin import kpis as figures
from twin.kpis import Array, Boundary, Energies, Meters

MAX_STEPS: Final = 5_000
MAX_ROWS: Final = 10_000_000  # a month of four meters at 1 Hz: some ten seconds
CHUNK: Final = 200_000  # rows held before they are calculated: 10 MB

_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Period:
    """A range in steps; the last one may be cut short. step_ns : None for one step."""

    site: str
    from_ns: int
    to_ns: int
    step_ns: int | None

    def edges_ns(self) -> list[int]:
        """Begin of each step, and the end.

        Raises
        ------
        ProblemError  When there are too many.
        """
        step_ns = self.step_ns or self.to_ns - self.from_ns
        if (self.to_ns - self.from_ns) / step_ns > MAX_STEPS:
            detail = f"more than {MAX_STEPS} steps; use a longer step or a shorter span"
            raise ProblemError(413, "too_many_values", detail, fields={"limit": MAX_STEPS})
        first = self.from_ns - self.from_ns % step_ns if self.step_ns else self.from_ns
        inside = range(first + step_ns, self.to_ns, step_ns)
        return [self.from_ns, *inside, self.to_ns]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is read of a site. hold_s : by point, how long a reading is current."""

    boundary: Boundary
    hold_s: dict[str, float]


def kpis(context: Context, period: Period) -> KpisShape:
    """The key figures of a period.

    Raises
    ------
    ProblemError  When the site is not known, or the range holds too much.
    """
    plan = context.ask(period.site, _plan)
    edges_ns = period.edges_ns()
    edges_s = (np.array(edges_ns, dtype=np.float64) - period.from_ns) / NS
    energy = _energies(_pieces(context, period, plan), plan, edges_s)
    whole = Energies(*(np.array([part.sum()]) for part in energy))
    period_s = (period.to_ns - period.from_ns) / NS
    ratio = figures.pue(whole, np.array([period_s]), whole=plan.boundary)[0]
    steps = None if period.step_ns is None else _steps(edges_ns, edges_s, energy, plan.boundary)
    pue = PueShape(
        value=ratio.value,
        unknown=None if ratio.unknown is None else ratio.unknown.value,
        category=plan.boundary.category,
        variant="annual" if period_s >= figures.YEAR_S else "interim",
        boundary=BoundaryShape(
            facility=_meters(plan.boundary.facility), it=_meters(plan.boundary.it)
        ),
        facility_wh=float(whole.facility_wh[0]),
        it_wh=float(whole.it_wh[0]),
        coverage=round(ratio.coverage, 4),
        steps=steps,
    )
    return KpisShape(
        site=period.site,
        from_=rfc3339(period.from_ns),
        to=rfc3339(period.to_ns),
        period_s=period_s,
        step_s=None if period.step_ns is None else period.step_ns / NS,
        pue=pue,
    )


def _plan(site: NewestSite) -> _Plan:
    boundary = figures.boundary(site.site, site.points.keys())
    points = (*boundary.facility.points, *boundary.it.points)
    periods = {point: site.registered.get(point) for point in points}
    return _Plan(
        boundary,
        {
            name: stale_after_s(point.period_s if point else UNKNOWN_PERIOD_S)
            for name, point in periods.items()
        },
    )


def _pieces(context: Context, period: Period, plan: _Plan) -> Iterator[pl.DataFrame]:
    if not plan.hold_s:
        return
    margin_ns = round(max(plan.hold_s.values()) * NS)
    query = SeriesQuery(
        period.site,
        tuple(plan.hold_s),
        period.from_ns - margin_ns,
        period.to_ns + margin_ns,
        (Source.MEASURED,),
    )
    rows = 0
    for piece in read_pieces(context, query):
        rows += piece.height
        if rows > MAX_ROWS:
            detail = f"more than {MAX_ROWS} readings; use a shorter span"
            raise ProblemError(413, "too_many_values", detail, fields={"limit": MAX_ROWS})
        yield piece.select(
            pl.concat_str("asset", "point", separator="/").alias("point"),
            ((pl.col("ts").cast(pl.Int64) - period.from_ns) / NS).alias("t_s"),
            "value",
        )


def _energies(pieces: Iterator[pl.DataFrame], plan: _Plan, edges_s: Array) -> Energies:
    total = Energies(*(np.zeros(len(edges_s) - 1) for _ in Energies._fields))
    margin_s, done_s, end_s = max(plan.hold_s.values(), default=0.0), 0.0, float(edges_s[-1])
    held = pl.DataFrame(schema={"point": pl.String, "t_s": pl.Float64, "value": pl.Float64})
    for piece in pieces:
        held = pl.concat([held, piece])
        if held.height < CHUNK:
            continue
        newest_s = held["t_s"].max()
        assert isinstance(newest_s, float)  # noqa: S101 - there are rows, and the column is one
        until_s = min(newest_s - margin_s, end_s)
        if until_s > done_s:
            _add(total, held, plan, edges_s, (done_s, until_s))
            held, done_s = held.filter(pl.col("t_s") >= until_s - margin_s), until_s
    _add(total, held, plan, edges_s, (done_s, end_s))
    return total


def _add(
    total: Energies, rows: pl.DataFrame, plan: _Plan, edges_s: Array, span_s: tuple[float, float]
) -> None:
    """Adds what a part of the range holds to the steps that it touches."""
    start_s, stop_s = span_s
    if stop_s <= start_s:
        return
    inside = edges_s[(edges_s > start_s) & (edges_s < stop_s)]
    edges = np.concatenate([[start_s], inside, [stop_s]])
    by_point = {
        str(key[0]): part.sort("t_s")
        for key, part in rows.partition_by("point", as_dict=True).items()
    }
    found = figures.energies(
        _metered(plan.boundary.facility, by_point, plan),
        _metered(plan.boundary.it, by_point, plan),
        edges,
    )
    first = int(np.searchsorted(edges_s, start_s, side="right")) - 1
    for mine, part in zip(total, found, strict=True):
        mine[first : first + len(part)] += part


def _metered(meters: Meters, rows: dict[str, pl.DataFrame], plan: _Plan) -> list[figures.Metered]:
    nothing = np.empty(0)
    found = []
    for point in meters.points:
        mine = rows.get(point)
        t_s = nothing if mine is None else mine["t_s"].to_numpy()
        values = nothing if mine is None else mine["value"].to_numpy()
        counter = point.endswith("/energy")
        found.append(figures.Metered(t_s, values, plan.hold_s[point], counter))
    return found


def _steps(
    edges_ns: list[int], edges_s: Array, energy: Energies, boundary: Boundary
) -> PueStepsShape:
    ratios = figures.pue(energy, np.diff(edges_s), whole=boundary)
    return PueStepsShape(
        t_ms=[edge // _MS for edge in edges_ns[:-1]],
        value=[ratio.value for ratio in ratios],
        coverage=[round(ratio.coverage, 4) for ratio in ratios],
        unknown=[None if ratio.unknown is None else ratio.unknown.value for ratio in ratios],
        facility_wh=energy.facility_wh.tolist(),
        it_wh=energy.it_wh.tolist(),
    )


def _meters(meters: Meters) -> MetersShape:
    return MetersShape(points=list(meters.points), words=meters.words)
