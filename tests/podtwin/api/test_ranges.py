from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api import NOW_NS, World, air_site
from support.frames import NS

from podcore.frame import Source
from podtwin.api.aggregate import Agg
from podtwin.api.authorize import LOCAL
from podtwin.api.context import Context
from podtwin.api.door import Door
from podtwin.api.problem import ProblemError
from podtwin.api.ranges import find_points, find_sources, find_span, find_step, matches


def seen(world: World) -> Context:
    deps = world.deps()
    return Context(deps, Door(deps.keys, deps.access, deps.clock)).seen_by(LOCAL)


def context(*sites: str) -> Context:
    world = World(sites=tuple(air_site(site) for site in sites or ("ams-03",)))
    world.hub.load()
    return seen(world)


@pytest.mark.parametrize(
    ("pattern", "found"),
    (
        ("ams-03/rack-01/it_power", {"ams-03": ("rack-01/it_power",)}),
        ("ams-03/rack-*/it_power", {"ams-03": ("rack-01/it_power", "rack-02/it_power")}),
        ("ams-03/*/inlet_temp", {"ams-03": ("rack-01/inlet_temp", "rack-02/inlet_temp")}),
        ("*/crac-1/fan_s*", {"ams-03": ("crac-1/fan_speed",), "cph-01": ("crac-1/fan_speed",)}),
    ),
)
def test_a_star_stands_for_any_part_of_a_name(
    pattern: str, found: dict[str, tuple[str, ...]]
) -> None:
    assert find_points(context("ams-03", "cph-01"), [pattern]) == found


def test_a_point_named_twice_is_read_once() -> None:
    points = find_points(context(), ["ams-03/rack-01/it_power", "ams-03/rack-*/it_power"])
    assert points == {"ams-03": ("rack-01/it_power", "rack-02/it_power")}


@pytest.mark.parametrize(
    ("pattern", "status", "words"),
    (
        ("ams-03/rack-01/it_powr", 404, "nearest are ams-03/rack-01/it_power"),
        ("ams-04/rack-01/it_power", 404, "nearest is 'ams-03'"),
        ("ams-03/rack-9*/it_power", 404, "there is no point"),
        ("nowhere-*/rack-01/it_power", 404, "there is no point"),
        ("ams-03", 404, "there is no point"),
        ("AMS/rack-01/it_power", 400, "write site/asset/point"),
        ("\0/\0/\0", 400, "is no site id"),
    ),
)
def test_a_point_that_is_not_there_is_refused_with_the_nearest(
    pattern: str, status: int, words: str
) -> None:
    with pytest.raises(ProblemError) as refused:
        find_points(context(), [pattern])
    assert refused.value.status == status
    assert words in refused.value.detail


def test_too_many_points_are_refused() -> None:
    with pytest.raises(ProblemError, match="at most 500"):
        find_points(context(*(f"site-{n}" for n in range(20))), ["*/*/*"])


def test_relative_times_count_from_the_clock_or_from_a_recorded_sites_newest_value() -> None:
    world = World()
    world.measure(ago_s=3_600, recorded=True)
    world.hub.load()
    span = find_span(seen(world), "ams-03", "now-1m", "now")
    assert span == (NOW_NS - 3_660 * NS, NOW_NS - 3_600 * NS)
    world.measure()
    world.follow(0)
    assert find_span(seen(world), "ams-03", "now-1m", "now")[1] == NOW_NS


@pytest.mark.parametrize(
    ("start", "end"), (("now", "now"), ("now", "now-1h"), ("x", "now"), ("now-1h", "x"))
)
def test_a_span_that_is_empty_or_unreadable_is_refused(start: str, end: str) -> None:
    with pytest.raises(ProblemError) as refused:
        find_span(context(), "ams-03", start, end)
    assert refused.value.status == 400


def test_an_aggregation_needs_a_step() -> None:
    assert find_step(None, None) is None
    assert find_step("10s", None) == 10 * NS
    assert find_step("1m", Agg.LAST) == 60 * NS
    for step, agg in ((None, Agg.MAX), ("soon", None)):
        with pytest.raises(ProblemError):
            find_step(step, agg)


def test_sources_are_words_of_a_closed_list() -> None:
    assert find_sources("measured,twin,twin") == (Source.MEASURED, Source.TWIN)
    with pytest.raises(ProblemError, match="nearest is 'measured'"):
        find_sources("mesured")


@given(st.text("ab*", max_size=12), st.text("ab", max_size=12))
def test_a_pattern_matches_as_a_shell_would(pattern: str, text: str) -> None:
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)
