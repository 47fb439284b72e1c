from __future__ import annotations

from analytics.standard import standard_detectors
from analytics.watch import watched
from podtwin.pipeline.demo_sites import air_dx_template
from twin.channels import ChannelRole
from twin.site_model import site_model

SITE = air_dx_template()
MODEL = site_model(SITE)
assert MODEL is not None
EMITTED = {each.point.id: each for each in MODEL.emitted}
ROWS = watched(SITE, list(EMITTED))


def points_of(detector: str) -> set[str]:
    return {row.point for row in ROWS if row.detector == detector}


def test_each_compared_point_is_under_the_level_chart_and_no_state_is() -> None:
    assert points_of("level") == {name for name, each in EMITTED.items() if each.measured}


def test_each_slow_state_is_under_drift_alone() -> None:
    slow = {n for n, each in EMITTED.items() if each.role is ChannelRole.SLOW_STATE}
    assert points_of("drift") == slow
    assert not slow & points_of("level")


def test_temperatures_humidities_and_powers_are_watched_as_sensors() -> None:
    assert "crac-1/return_air_temp" in points_of("stuck") & points_of("variance")
    assert "meter-main/power" in points_of("stuck") & points_of("variance")


def test_limits_hold_where_equipment_takes_its_air_in() -> None:
    assert "hot-aisle/air_temp" not in points_of("runaway")
    assert points_of("runaway") <= {
        "rack-01/inlet_temp",
        "rack-02/inlet_temp",
        "rack-03/inlet_temp",
        "cold-aisle/air_temp",
    }


def test_rows_name_shipped_detectors_once_each_with_a_resolution() -> None:
    assert {row.detector for row in ROWS} <= {*standard_detectors(), "runaway"}
    assert len({(row.detector, row.point) for row in ROWS}) == len(ROWS)
    assert all(row.resolution > 0.0 for row in ROWS)


def test_what_a_step_does_not_hold_is_not_watched() -> None:
    assert watched(SITE, []) == []
    assert watched(SITE, ["meter-main/voltage"]) == []
