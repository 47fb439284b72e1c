from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.suspect import suspect
from podtwin.pipeline.demo_sites import air_dx_template

SITE = air_dx_template()
POINTS = [point.id for point in SITE.points]


def test_nothing_alarms_nobody_is_suspected() -> None:
    for scores in ({}, {"crac-1/return_air_temp": 0.0}):
        suspicion = suspect(SITE, scores)
        assert suspicion.asset == ""
        assert not suspicion.shares


def test_one_sensor_alone_points_at_its_own_asset() -> None:
    assert suspect(SITE, {"rack-02/outlet_temp": 1.3}).asset == "rack-02"


def test_warm_racks_and_an_odd_cooler_point_at_the_cooler() -> None:
    scores = {
        "rack-01/inlet_temp": 3.0,
        "rack-02/inlet_temp": 3.1,
        "cold-aisle/air_temp": 3.3,
        "hot-aisle/air_temp": 1.2,
        "crac-1/supply_air_temp": 1.5,
    }
    assert suspect(SITE, scores).asset == "crac-1"


def test_power_missing_at_a_meter_and_at_what_it_feeds_points_at_what_is_fed() -> None:
    scores = {"meter-main/power": 4.0, "crac-1/compressor_power": 3.0}
    assert suspect(SITE, scores).asset == "crac-1"


def test_one_channel_far_over_does_not_outvote_the_rest() -> None:
    scores = {
        "cold-aisle/air_temp": 40.0,
        "crac-1/compressor_power": 3.0,
        "rack-01/inlet_temp": 2.0,
    }
    assert suspect(SITE, scores).asset == "crac-1"


def test_a_cooler_that_shows_nothing_is_not_suspected() -> None:
    assert suspect(SITE, {"rack-01/inlet_temp": 2.0, "cold-aisle/air_temp": 1.0}).asset == "rack-01"


def test_a_slow_state_points_at_the_machine_that_it_is_about() -> None:
    assert suspect(SITE, {"twin/coil_fouling": 2.0}).asset == "crac-1"
    assert suspect(SITE, {"twin/ups_k": 2.0}).asset == "ups-1"
    assert suspect(SITE, {"twin/recirculation": 2.0}).asset == ""


def test_small_scores_are_left_out_beside_a_large_one() -> None:
    shares = suspect(SITE, {"rack-01/inlet_temp": 2.0, "rack-02/inlet_temp": 0.3}).shares
    assert dict(shares) == {"rack-01/inlet_temp": 1.0}


@given(st.dictionaries(st.sampled_from(POINTS), st.floats(0.0, 1e6), max_size=12))
def test_shares_add_up_and_do_not_hang_on_the_order(scores: dict[str, float]) -> None:
    suspicion = suspect(SITE, scores)
    backwards = suspect(SITE, dict(reversed(scores.items())))
    assert suspicion == backwards
    if suspicion.shares:
        assert math.fsum(suspicion.shares.values()) == pytest.approx(1.0)
        assert list(suspicion.shares.values()) == sorted(suspicion.shares.values(), reverse=True)
