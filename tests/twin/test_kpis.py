from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api import air_site

from podcore.resolve import resolve
from podcore.site import AssetFile, SiteFile, SiteType
from twin.kpis import (
    Boundary,
    Energies,
    Metered,
    Meters,
    Unknown,
    boundary,
    energies,
    mean_powers_w,
    pue,
)

WHOLE = Boundary(3, Meters(("m/power",), ""), Meters(("r/it_power",), ""))
HOUR = np.array([0.0, 3_600.0])


def steady(power_w: float, until_s: float = 3_600.0, period_s: float = 10.0) -> Metered:
    t_s = np.arange(0.0, until_s + period_s, period_s)
    return Metered(t_s, np.full(len(t_s), power_w), 3 * period_s)


def counted(power_w: float, *, start_wh: float = 5e6) -> Metered:
    t_s = np.arange(0.0, 3_601.0, 10.0)
    return Metered(t_s, start_wh + power_w * t_s / 3_600, 30.0, counter=True)


def ratio(energy: Energies, whole: Boundary = WHOLE) -> tuple[float | None, float, str | None]:
    (found,) = pue(energy, np.diff(HOUR), whole=whole)
    return found.value, round(found.coverage, 3), found.unknown


@given(st.floats(1_000, 1e6), st.floats(1.0, 3.0))
def test_steady_powers_give_their_ratio_and_their_energy(it_w: float, factor: float) -> None:
    energy = energies([steady(it_w * factor)], [steady(it_w)], HOUR)
    assert energy.it_wh[0] == pytest.approx(it_w)
    value, coverage, unknown = ratio(energy)
    assert value == pytest.approx(factor)
    assert (coverage, unknown) == (1.0, None)


def test_a_ratio_is_weighted_by_energy_and_no_mean_of_ratios() -> None:
    # An hour at 2.0 with 1 kW of IT, then an hour at 1.0 with 9 kW: (2 + 9) / (1 + 9).
    t_s = np.array([0.0, 3_600.0, 3_600.001, 7_200.0])
    facility = Metered(t_s, np.array([2e3, 2e3, 9e3, 9e3]), 4_000.0)
    it = Metered(t_s, np.array([1e3, 1e3, 9e3, 9e3]), 4_000.0)
    energy = energies([facility], [it], np.array([0.0, 7_200.0]))
    assert energy.facility_wh[0] / energy.it_wh[0] == pytest.approx(1.1, rel=1e-6)


@given(st.lists(st.floats(0, 1e5), min_size=3, max_size=20))
def test_energy_does_not_depend_on_how_time_is_cut(values: list[float]) -> None:
    t_s = np.arange(0.0, 10.0 * len(values), 10.0)
    meter, end_s = Metered(t_s, np.array(values), 30.0), 10.0 * (len(values) - 1)
    whole = energies([meter], [meter], np.array([0.0, end_s]))
    cut = energies([meter], [meter], np.array([0.0, 3.3, 7.7, end_s]))
    assert cut.it_wh.sum() == pytest.approx(whole.it_wh.sum())
    assert whole.it_wh[0] == pytest.approx(np.trapezoid(values, t_s) / 3_600)


def test_a_counter_and_a_power_say_the_same() -> None:
    assert ratio(energies([counted(15_000)], [steady(10_000)], HOUR))[0] == pytest.approx(1.5)


def test_a_counter_that_begins_anew_is_not_known_for_that_time_and_never_negative() -> None:
    meter = counted(15_000)
    meter.values[200:] -= meter.values[200]
    value, coverage, _ = ratio(energies([meter], [steady(10_000)], HOUR))
    assert value == pytest.approx(1.5)
    assert coverage == pytest.approx(1 - 10 / 3_600, abs=1e-3)


def test_what_one_side_lacks_the_other_does_not_count() -> None:
    value, coverage, unknown = ratio(
        energies([steady(15_000)], [steady(10_000, until_s=2_700)], HOUR)
    )
    assert value == pytest.approx(1.5)
    assert unknown is None
    assert coverage == pytest.approx(0.75, abs=0.02)


def test_a_hole_of_up_to_three_periods_is_bridged_and_a_longer_one_is_not_known() -> None:
    edges = np.array([0.0, 10.0, 40.0, 50.0, 90.0])
    meter = Metered(np.array([0.0, 10.0, 40.0, 50.0, 90.0]), np.full(5, 7.0), 30.0)
    assert mean_powers_w(meter, edges).tolist()[:3] == [7, 7, 7]
    assert np.isnan(mean_powers_w(meter, edges)[3])


def test_the_last_reading_is_held_for_three_periods() -> None:
    meter = Metered(np.array([0.0]), np.array([7.0]), 30.0)
    found = mean_powers_w(meter, np.array([-10.0, 0.0, 30.0, 60.0]))
    assert np.isnan(found).tolist() == [True, False, True]


def test_no_readings_is_nothing_known() -> None:
    nothing = Metered(np.array([]), np.array([]), 30.0)
    assert ratio(energies([steady(1.0)], [nothing], HOUR)) == (None, 0.0, Unknown.LOW_COVERAGE)


@pytest.mark.parametrize(
    ("it", "whole", "reason"),
    (
        ([steady(0.0)], WHOLE, Unknown.NO_IT_ENERGY),
        ([steady(9.0, until_s=600)], WHOLE, Unknown.LOW_COVERAGE),
        ([], WHOLE._replace(it=Meters((), "")), Unknown.NO_IT_METER),
        ([steady(9.0)], WHOLE._replace(facility=Meters((), "")), Unknown.NO_FACILITY_METER),
    ),
)
def test_what_cannot_be_known_is_nothing_with_its_reason(
    it: list[Metered], whole: Boundary, reason: Unknown
) -> None:
    value, _, unknown = ratio(energies([steady(15_000)], it, HOUR), whole)
    assert (value, unknown) == (None, reason)


def test_it_is_metered_as_close_to_the_equipment_as_all_of_it_is_known() -> None:
    site = air_site()
    racks = {"rack-01/it_power", "rack-02/it_power"}
    found = boundary(site, {*racks, "meter-main/power"})
    assert (found.category, set(found.it.points)) == (3, racks)
    assert found.facility.points == ("meter-main/power",)  # the other meter stands behind it
    assert found.it.words == "input of the IT equipment, rack-01, rack-02"
    found = boundary(site, {"rack-01/it_power", "ups-1/output_power"})
    assert (found.category, found.it.points) == (1, ("ups-1/output_power",))
    assert boundary(site, set()).category == 3


def test_a_counter_that_counts_is_taken_before_a_power() -> None:
    found = boundary(air_site(), {"meter-main/energy", "meter-main/power"})
    assert found.facility.points == ("meter-main/energy",)


def test_a_site_without_meters_has_no_boundary() -> None:
    assets = [AssetFile("weather-1", "weather-station")]
    site = resolve(SiteFile("podtwin/site/1", "lab-01", SiteType.NONE, assets=assets))
    found = boundary(site, set())
    assert (found.category, found.it.points, found.facility.points) == (None, (), ())
