"""Key figures of energy: PUE over a period, from powers or counters, with what it stands for.

A ratio of energies, never a mean of ratios, and of both energies over the same time: where one
side is not known, the other is not counted either. What cannot be known is None with a reason,
never infinity and never a number for a sliver of the period.

References
----------
ISO/IEC 30134-2, EN 50600-4-2: PUE is E_DC/E_IT over twelve months, of category 1, 2 or 3 by where
IT energy is metered (output of the UPS, output of the PDUs, input of the IT equipment). Over a
shorter period it is "interim".
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from podcore.site import Asset, Site

Array = NDArray[np.float64]

MIN_COVERAGE: Final = 0.5  # what is known of less than half of a period is no figure of that period
YEAR_S: Final = 365 * 86_400.0
_HOUR_S: Final = 3_600.0


class Unknown(enum.StrEnum):
    """Why there is no figure."""

    NO_FACILITY_METER = "no_facility_meter"
    NO_IT_METER = "no_it_meter"
    NO_IT_ENERGY = "no_it_energy"
    LOW_COVERAGE = "low_coverage"


class Metered(NamedTuple):
    """One meter's readings.

    t_s : (n,) ascending. [s]
    values : (n,) power [W], or with `counter` energy since ever [Wh].
    hold_s : how long a reading stands for itself; a longer hole is not known. [s]
    """

    t_s: Array
    values: Array
    hold_s: float
    counter: bool = False


class Energies(NamedTuple):
    """Energy of both sides in each of some bins, over the time for which both are known.

    facility_wh, it_wh : (bins,) [Wh]
    known_s : (bins,) that time. [s]
    """

    facility_wh: Array
    it_wh: Array
    known_s: Array


class Ratio(NamedTuple):
    """A figure, and the share of its period that it is known of; or why there is none."""

    value: float | None
    coverage: float
    unknown: Unknown | None


class Meters(NamedTuple):
    """Which points stand for one side, and what that is in words. points : `asset/point`."""

    points: tuple[str, ...]
    words: str


class Boundary(NamedTuple):
    """What a PUE of a site is made of. category : 1, 2, 3; None without a meter of IT."""

    category: int | None
    facility: Meters
    it: Meters


def boundary(site: Site, known: Collection[str]) -> Boundary:
    """The meters that a site's PUE is made of: IT as close to the equipment as all of it is known.

    known : points (`asset/point`) that ever had a value.
    """
    category, it = _it_meters(site, known)
    meters = {asset.id: asset for asset in site.assets_of("meter")}
    behind = {target for asset in meters.values() for target in asset.feeds}
    top = [asset for asset in meters.values() if asset.id not in behind]
    words = f"facility meter {_names(top)}" if top else "no facility meter"
    return Boundary(category, Meters(_points(top, "power", known), words), it)


def mean_powers_w(meter: Metered, edges_s: Array) -> Array:
    """Mean power between edges, NaN where it is not known. [W]

    Between two readings power is a straight line, or the slope of a counter; a counter that went
    back began anew and says nothing of that time. The last reading is held for `hold_s`.

    edges_s : (m + 1,) ascending, with every reading's time between the first and the last. [s]
    """
    t, values, count = meter.t_s, meter.values, len(meter.t_s)
    left, right = edges_s[:-1], edges_s[1:]
    if count == 0:
        return np.full(len(left), np.nan)
    middle = (left + right) / 2
    after = np.searchsorted(t, middle)
    between = (after > 0) & (after < count)
    high = np.clip(after, 1, max(count - 1, 1)) if count > 1 else np.zeros_like(after)
    low = np.maximum(high - 1, 0)
    gap_s = t[high] - t[low]
    known = between & (gap_s <= meter.hold_s)
    if meter.counter:
        rise = values[high] - values[low]
        slope = np.divide(rise * _HOUR_S, gap_s, out=np.zeros_like(rise), where=gap_s > 0)
        return np.where(known & (rise >= 0), slope, np.nan)
    power = (np.interp(left, t, values) + np.interp(right, t, values)) / 2
    held = (after == count) & (middle - t[-1] <= meter.hold_s)
    return np.where(known | held, power, np.nan)


def energies(facility: Sequence[Metered], it: Sequence[Metered], edges_s: Array) -> Energies:
    """Energies of both sides in the bins between edges. edges_s : (bins + 1,) ascending. [s]"""
    times = [meter.t_s for meter in (*facility, *it)]
    grid = np.unique(np.concatenate([edges_s, *times]))
    grid = grid[(grid >= edges_s[0]) & (grid <= edges_s[-1])]
    facility_w, it_w = _sum(facility, grid), _sum(it, grid)
    known = np.isfinite(facility_w) & np.isfinite(it_w)
    width_s = np.diff(grid)
    bins = np.searchsorted(edges_s, (grid[:-1] + grid[1:]) / 2, side="right") - 1

    def total(weights: Array) -> Array:
        found = np.bincount(bins, weights=np.where(known, weights, 0.0), minlength=len(edges_s) - 1)
        return np.asarray(found, dtype=np.float64)

    return Energies(
        total(facility_w * width_s / _HOUR_S), total(it_w * width_s / _HOUR_S), total(width_s)
    )


def pue(energy: Energies, period_s: Array, *, whole: Boundary) -> list[Ratio]:
    """The ratio of each bin. period_s : (bins,) how long each is. [s]"""
    return [
        _ratio(float(facility), float(it), float(known) / float(period), whole)
        for facility, it, known, period in zip(*energy, period_s, strict=True)
    ]


def _ratio(facility_wh: float, it_wh: float, coverage: float, whole: Boundary) -> Ratio:
    coverage = min(1.0, coverage)
    if not whole.facility.points:
        return Ratio(None, coverage, Unknown.NO_FACILITY_METER)
    if not whole.it.points:
        return Ratio(None, coverage, Unknown.NO_IT_METER)
    if coverage < MIN_COVERAGE:
        return Ratio(None, coverage, Unknown.LOW_COVERAGE)
    if it_wh <= 0.0:
        return Ratio(None, coverage, Unknown.NO_IT_ENERGY)
    return Ratio(facility_wh / it_wh, coverage, None)


def _sum(meters: Sequence[Metered], grid: Array) -> Array:
    """Not known where one of them is not, and nowhere without a meter."""
    if not meters:
        return np.full(len(grid) - 1, np.nan)
    total = np.zeros(len(grid) - 1)
    for meter in meters:
        total += mean_powers_w(meter, grid)
    return total


def _it_meters(site: Site, known: Collection[str]) -> tuple[int | None, Meters]:
    racks, clusters = site.assets_of("rack"), site.assets_of("cluster")
    metered_points = {point.id for point in site.points}
    choices = [
        (3, racks or clusters, "it_power", "input of the IT equipment"),
        (2, site.assets_of("pdu"), "power", "output of the PDUs"),
        (1, site.assets_of("ups"), "output_power", "output of the UPS"),
    ]
    found: list[tuple[int, Meters]] = []
    for category, assets, name, words in choices:
        if not assets or any(f"{asset.id}/{name}" not in metered_points for asset in assets):
            continue
        meters = Meters(_points(assets, name, known), f"{words}, {_names(assets)}")
        found.append((category, meters))
        if all(point in known for point in meters.points):
            return category, meters
    return found[0] if found else (None, Meters((), "no meter of IT"))


def _points(assets: Sequence[Asset], power: str, known: Collection[str]) -> tuple[str, ...]:
    """An asset's energy counter where it has one that counts, else its power."""
    return tuple(
        f"{asset.id}/energy" if f"{asset.id}/energy" in known else f"{asset.id}/{power}"
        for asset in assets
    )


def _names(assets: Sequence[Asset]) -> str:
    if len(assets) <= 3:  # noqa: PLR2004 - as many as a line holds
        return ", ".join(asset.id for asset in assets)
    return f"{len(assets)} from {assets[0].id} to {assets[-1].id}"
