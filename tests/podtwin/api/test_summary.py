from __future__ import annotations

import pytest
from support.api import NOW_NS, VALUES, air_site
from support.frames import NS, reading

from podcore.frame import Flag
from podcore.resolve import resolve
from podcore.site import AssetFile, Location, SiteFile, SiteType
from podtwin.api.newest import Newest, NewestSite
from podtwin.api.summary import (
    quality,
    seconds_between,
    site_clock,
    site_shape,
    site_state,
    summary,
)


def heard(*frames: tuple[dict[str, float], int], flags: int = 0) -> NewestSite:
    every = Newest([air_site()])
    for values, ago_s in frames:
        every.apply(reading(values, NOW_NS - ago_s * NS, flags=flags))
    return every.sites["ams-03"]


@pytest.mark.parametrize(
    ("flags", "age_s", "period_s", "word"),
    (
        (0, 1.0, 1.0, "good"),
        (0, 10.0, 1.0, "good"),
        (0, 10.1, 1.0, "stale"),
        (0, 29.0, 10.0, "good"),
        (0, 31.0, 10.0, "stale"),
        (0, None, 1.0, "stale"),
        (Flag.LATE, 1.0, 1.0, "late"),
        (Flag.LATE | Flag.OUT_OF_RANGE, 1.0, 1.0, "out_of_range"),
        (Flag.NO_SOURCE_TIME | Flag.SUBSTITUTED, 1.0, 1.0, "substituted"),
        (Flag.SUSPECT_CLOCK | Flag.LATE, 1.0, 1.0, "suspect_clock"),
        (Flag.RECORDED, 1.0, 1.0, "good"),
        (Flag.OUT_OF_RANGE, 99.0, 1.0, "stale"),
    ),
)
def test_quality_is_the_worst_word_that_holds(
    flags: int, age_s: float | None, period_s: float, word: str
) -> None:
    assert quality(flags, age_s, period_s) == word


def test_an_age_is_never_negative_and_unknown_for_what_never_was() -> None:
    assert seconds_between(NOW_NS, NOW_NS - 1_500_000_000) == 1.5
    assert seconds_between(NOW_NS, NOW_NS + NS) == 0
    assert seconds_between(NOW_NS, 0) is None


def test_a_summary_adds_the_racks_and_takes_the_meter_that_no_other_feeds() -> None:
    shape = summary(heard((dict(VALUES), 0)))
    assert shape.it_power_w == 10_000
    assert shape.facility_power_w == 15_000
    assert shape.pue == 1.5
    assert (shape.inlet_max_c, shape.outdoor_c) == (24.5, 8.0)


def test_a_sum_that_lacks_a_part_is_unknown_and_not_too_small() -> None:
    shape = summary(heard(({"rack-01/it_power": 4_000.0, "meter-main/power": 9_000.0}, 0)))
    assert (shape.it_power_w, shape.pue, shape.facility_power_w) == (None, None, 9_000)


def test_a_rack_gone_silent_takes_the_sum_with_it() -> None:
    shape = summary(heard((dict(VALUES), 60), ({"rack-01/it_power": 4_000.0}, 0)))
    assert shape.it_power_w is None
    assert shape.outdoor_c == 8.0  # comes every 30 s, so a minute is not long


def test_a_site_gone_silent_keeps_what_it_came_to() -> None:
    assert summary(heard((dict(VALUES), 3_600))).it_power_w == 10_000


def test_a_cluster_stands_in_for_racks() -> None:
    site = resolve(
        SiteFile(
            schema="podtwin/site/1",
            id="surf",
            type=SiteType.POWER_ONLY,
            assets=[AssetFile("it-load", "cluster")],
        )
    )
    every = Newest([site])
    every.apply(reading({"it-load/it_power": 70_000.0}, NOW_NS, site="surf"))
    assert summary(every.sites["surf"]).it_power_w == 70_000


def test_without_it_load_there_is_no_pue() -> None:
    values = {**VALUES, "rack-01/it_power": 0.0, "rack-02/it_power": 0.0}
    assert summary(heard((values, 0))).pue is None


def test_state_and_clock_follow_what_was_heard() -> None:
    silent, live, old = heard(), heard((dict(VALUES), 0)), heard((dict(VALUES), 11))
    recorded = heard((dict(VALUES), 3_600), flags=Flag.RECORDED)
    assert [site_state(s, NOW_NS) for s in (silent, live, old, recorded)] == [
        "new", "normal", "no_data", "normal",
    ]  # fmt: skip
    assert [site_clock(s) for s in (silent, live, recorded)] == ["none", "live", "recorded"]


def test_a_site_whose_nodes_are_all_offline_has_no_data() -> None:
    site = heard((dict(VALUES), 0))
    site.nodes["gw-1"].online = False
    assert site_state(site, NOW_NS) == "no_data"


def test_ages_of_a_recorded_site_count_from_its_newest_value() -> None:
    site = heard((dict(VALUES), 3_605), ({"meter-main/power": 1.0}, 3_600), flags=Flag.RECORDED)
    shape = site_shape(site, NOW_NS)
    assert (shape.age_s, shape.nodes[0].age_s, shape.clock) == (0, 0, "recorded")
    assert shape.newest_at == "2026-11-24T09:00:00Z"
    assert shape.local_time == "10:00 CET"


def test_a_site_says_its_local_time_and_when_its_nodes_were_heard() -> None:
    shape = site_shape(heard((dict(VALUES), 2)), NOW_NS)
    assert shape.local_time == "11:00 CET"
    assert shape.age_s == 2
    assert shape.nodes[0].age_s == pytest.approx(1.995)
    assert shape.point_count == len(air_site().points)


@pytest.mark.parametrize("zone", ("Mars/Olympus", "../etc/passwd", ""))
def test_a_zone_that_nobody_knows_gives_no_local_time(zone: str) -> None:
    file = SiteFile(
        schema="podtwin/site/1", id="x", type=SiteType.NONE, location=Location(0, 0, 0, zone)
    )
    assert site_shape(Newest([resolve(file)]).sites["x"], NOW_NS).local_time is None
