"""What a site says of itself: freshness, state, summary; pure over its newest values.

A sum over racks of which one has gone silent would be wrong without looking so. Values are
therefore taken together only when none lies further behind the site's newest than it may.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from podcore.clock import rfc3339
from podcore.frame import Flag
from podcore.site import Point
from podtwin.api.models import AlertCountShape, LocationShape, NodeShape, SiteShape, SummaryShape
from podtwin.api.newest import NS, NewestNode, NewestSite

STALE_AFTER_S = 10.0
STALE_AFTER_PERIODS = 3
UNKNOWN_PERIOD_S = 10.0  # of a point that nobody registered: what a birth means by no period

State = Literal["critical", "no_data", "warning", "normal", "new"]

# The worst first. `recorded` says where a value comes from, not that anything is wrong with it.
_WORDS = (
    (Flag.OUT_OF_RANGE, "out_of_range"),
    (Flag.SUSPECT_CLOCK, "suspect_clock"),
    (Flag.SUBSTITUTED, "substituted"),
    (Flag.LATE, "late"),
    (Flag.NO_SOURCE_TIME, "no_source_time"),
)


def quality(flags: int, age_s: float | None, period_s: float) -> str:
    """The worst word that holds for a value of that age; `good` when none does."""
    if age_s is None or age_s > stale_after_s(period_s):
        return "stale"
    return next((word for flag, word in _WORDS if flags & flag), "good")


def stale_after_s(period_s: float) -> float:
    """Age past which a value is no longer current. [s]"""
    return max(STALE_AFTER_PERIODS * period_s, STALE_AFTER_S)


def seconds_between(now_ns: int, then_ns: int) -> float | None:
    """The age of an instant, never negative; None for an instant that never was. [s]"""
    return round(max(0, now_ns - then_ns) / NS, 3) if then_ns else None


def site_state(site: NewestSite, clock_ns: int) -> State:
    """The worst that holds: a critical alert, no readings, another alert.

    What is open at a site that is silent is old knowledge, so a warning does not hide the silence.
    A recorded site goes by its own time and never falls silent.
    """
    if site.alerts.critical:
        return "critical"
    if not site.newest_ts_ns:
        return "new"
    if not site.recorded and _silent(site, clock_ns):
        return "no_data"
    return "warning" if site.alerts.warning else "normal"


def _silent(site: NewestSite, clock_ns: int) -> bool:
    periods = (point.period_s for point in site.registered.values())
    limit_s = stale_after_s(min(periods, default=UNKNOWN_PERIOD_S))
    heard_ns = site.last_recv_ns or site.newest_ts_ns
    told = [node.online for node in site.nodes.values()]
    gone = bool(told) and all(online is False for online in told)
    return gone or clock_ns - heard_ns > limit_s * NS


def site_clock(site: NewestSite) -> Literal["live", "recorded", "none"]:
    """Which clock the site's readings follow, `none` before the first."""
    if not site.newest_ts_ns:
        return "none"
    return "recorded" if site.recorded else "live"


def site_shape(site: NewestSite, clock_ns: int) -> SiteShape:
    """A site and how it is now."""
    now_ns, location = site.now_ns(clock_ns), site.site.location
    return SiteShape(
        id=site.site.id,
        name=site.site.name,
        type=site.site.type.value,
        group=site.site.group,
        location=None
        if location is None
        else LocationShape(
            latitude=location.latitude,
            longitude=location.longitude,
            elevation_m=location.elevation_m,
            timezone=location.timezone,
        ),
        clock=site_clock(site),
        state=site_state(site, clock_ns),
        alerts=AlertCountShape(critical=site.alerts.critical, warning=site.alerts.warning),
        site_time_at=text_of(site.site_time_ns),
        newest_at=text_of(site.newest_ts_ns),
        age_s=seconds_between(now_ns, site.newest_ts_ns),
        local_time=_local_time(now_ns, location.timezone) if location else None,
        nodes=[_node(name, node, site, clock_ns) for name, node in sorted(site.nodes.items())],
        point_count=len(site.point_ids()),
        summary=summary(site),
    )


def summary(site: NewestSite) -> SummaryShape:
    """What the site comes to; instantaneous, so no figure for a report."""
    it_w, facility_w = _it_power_w(site), _facility_power_w(site)
    inlets = list(_values(site, _points(site, "rack", "inlet_temp")))
    outdoor = list(_values(site, _points(site, "weather-station", "outdoor_air_temp")))
    known = [value for value in inlets if value is not None]
    return SummaryShape(
        it_power_w=it_w,
        facility_power_w=facility_w,
        pue=facility_w / it_w if facility_w is not None and it_w else None,
        inlet_max_c=max(known, default=None),
        outdoor_c=next((value for value in outdoor if value is not None), None),
    )


def text_of(ns: int | None) -> str | None:
    """RFC 3339 of an instant, None for one that never was."""
    return rfc3339(ns) if ns else None


def _node(name: str, node: NewestNode, site: NewestSite, clock_ns: int) -> NodeShape:
    age_s = (
        seconds_between(site.newest_ts_ns, node.newest_ts_ns)
        if site.recorded
        else seconds_between(clock_ns, node.last_recv_ns)
    )
    skew_ns = node.clock.skew_ns
    return NodeShape(
        id=name,
        online=node.online,
        last_recv_at=text_of(node.last_recv_ns),
        age_s=age_s,
        backlog=node.backlog,
        backlog_left_s=node.left_s,
        dropped=node.dropped,
        missing=sum(node.missing.values()),
        clock_ahead_s=None if skew_ns is None else round(skew_ns / NS, 3),
    )


def _it_power_w(site: NewestSite) -> float | None:
    racks = _points(site, "rack", "it_power")
    return _sum(_values(site, racks or _points(site, "cluster", "it_power")))


def _facility_power_w(site: NewestSite) -> float | None:
    # A meter behind another meter is counted by the first.
    meters = {asset.id: asset for asset in site.site.assets_of("meter")}
    behind = {target for asset in meters.values() for target in asset.feeds}
    points = [point for point in _points(site, "meter", "power") if point.asset not in behind]
    return _sum(_values(site, points))


def _points(site: NewestSite, asset_class: str, name: str) -> list[Point]:
    return site.by_kind.get((asset_class, name), [])


def _values(site: NewestSite, points: Iterable[Point]) -> Iterator[float | None]:
    for point in points:
        newest = site.points.get(point.id)
        behind_ns = site.newest_ts_ns - newest.ts_ns if newest is not None else 0
        fresh = newest is not None and behind_ns <= stale_after_s(point.period_s) * NS
        yield newest.value if newest is not None and fresh else None


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    whole = [value for value in known if value is not None]
    return sum(whole) if known and len(whole) == len(known) else None


def _local_time(now_ns: int, timezone: str) -> str | None:
    zone = _zone(timezone)
    return datetime.fromtimestamp(now_ns // NS, zone).strftime("%H:%M %Z") if zone else None


@functools.lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # ValueError: a name that is a path
        return None
