from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest
from support.engine_logs import air_dx, power_only, site_of, untwinned

import twin
from podcore.errors import ConfigError
from podcore.site import Site, SiteType
from twin.binding import Bound
from twin.parameters import PARAMETERS, Rated, params_digest, settle
from twin.site_model import SiteModel, check, derived_points, site_model

RACKS: Mapping[str, object] = {"id": "rack-[01-02]", "class": "rack"}


def made(twin: Mapping[str, object], *assets: Mapping[str, object]) -> Site:
    crac = {"id": "crac-1", "class": "crac"}
    return site_of(
        {"id": "ams-03", "type": "air-dx", "assets": [RACKS, crac, *assets], "twin": twin}
    )


def model_of(site: Site) -> SiteModel:
    found = site_model(site)
    assert found is not None
    return found


def value(site: Site, name: str) -> float:
    return next(v.mean for v in settle(site) if v.name == name)


def points(bound: tuple[Bound, ...], word: str) -> list[str]:
    return [point.id for each in bound if each.channel.point == word for point in each.points]


@pytest.mark.parametrize(
    ("said", "words"),
    (
        (
            {"parameters": {"room_volum_m3": 68}},
            ("twin.parameters.room_volum_m3", "room_volume_m3"),
        ),
        ({"parameters": {"cop": 0.0}}, ("twin.parameters.cop", "0.5 to 20")),
        ({"parameters": {"cop": {"mean": float("nan"), "sd": 1.0}}}, ("twin.parameters.cop",)),
        ({"bind": {"retrun_air_temp": "crac-1/return_air_temp"}}, ("twin.bind", "return_air_temp")),
        ({"bind": {"return_air_temp": "crac-2/return_air_temp"}}, ("crac-2", "crac-1/return_air")),
    ),
)
def test_what_a_site_file_says_wrongly_of_its_twin_is_refused_with_the_way_out(
    said: Mapping[str, object], words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as caught:
        check(made(said))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_rating_that_the_equations_do_not_bear_is_refused() -> None:
    with pytest.raises(ConfigError, match="ratings"):
        check(made({}, {"id": "crac-2", "class": "crac", "rating": {"cop": 400.0}}))


def test_a_parameter_is_the_site_files_before_the_ratings_before_the_types() -> None:
    second = {"id": "crac-2", "class": "crac", "rating": {"air_flow_m3_s": 2.5}}
    assert value(made({}), "air_flow_m3_s") == 1.888
    assert value(made({}, second), "air_flow_m3_s") == 2.5
    assert value(made({"parameters": {"air_flow_m3_s": 3.0}}, second), "air_flow_m3_s") == 3.0


def test_ratings_of_several_units_are_added_or_averaged() -> None:
    units = [
        {"id": f"crac-{n}", "class": "crac", "rating": {"air_flow_m3_s": 1.0, "cop": 2.0 + n}}
        for n in (2, 3)
    ]
    assert value(made({}, *units), "air_flow_m3_s") == 2.0
    assert value(made({}, *units), "cop") == 4.5


def test_every_default_lies_in_its_own_range_and_has_a_source() -> None:
    for table in PARAMETERS.values():
        for parameter in table:
            assert parameter.low <= parameter.mean <= parameter.high, parameter.name
            assert parameter.source, parameter.name
            assert parameter.rated is None or isinstance(parameter.rated, Rated)


def test_the_digest_changes_with_any_bit_of_any_parameter() -> None:
    settled = settle(made({}))
    same = params_digest("m", settle(made({})))
    nearly = settle(made({"parameters": {"cop": {"mean": 4.05, "sd": 0.4000000001}}}))
    assert params_digest("m", settled) == same == params_digest("m", settled[::-1])
    assert params_digest("m", nearly) != same != params_digest("n", settled)


def test_channels_are_bound_by_convention() -> None:
    found = model_of(air_dx())
    assert points(found.inputs, "it_power") == ["rack-01/it_power", "rack-02/it_power"]
    assert points(found.inputs, "supply_air_temp_setpoint") == ["crac-1/supply_air_temp_setpoint"]
    assert points(found.measurements, "supply_air_temp") == ["crac-1/supply_air_temp"]
    assert points(found.measurements, "facility_power") == ["meter-main/power"]


def test_a_meter_fed_by_another_meter_is_not_counted_twice() -> None:
    meters = (
        {"id": "meter-main", "class": "meter", "feeds": ["meter-it"]},
        {"id": "meter-it", "class": "meter"},
    )
    assert points(model_of(made({}, *meters)).measurements, "facility_power") == [
        "meter-main/power"
    ]


def test_a_binding_overrides_the_convention() -> None:
    bind = {"bind": {"return_air_temp": "rack-01/outlet_temp"}}
    found = model_of(made(bind))
    assert points(found.measurements, "return_air_temp") == ["rack-01/outlet_temp"]


def test_a_sum_of_several_meters_is_shown_as_a_point_of_the_twin() -> None:
    meters = [{"id": f"meter-{n}", "class": "meter"} for n in "ab"]
    shown = [each.point.id for each in model_of(made({}, *meters)).emitted]
    assert "twin/facility_power" in shown
    assert not {"meter-a/power", "meter-b/power"} & set(shown)


def test_the_cold_aisle_is_the_one_that_measures_racks() -> None:
    aisles = (
        {"id": "aisle-a", "class": "aisle"},
        {"id": "aisle-b", "class": "aisle", "measures": ["rack-[01-02]"]},
    )
    found = model_of(made({}, *aisles)).measurements
    assert points(found, "cold_aisle_temp") == ["aisle-b/air_temp"]
    assert points(found, "hot_aisle_temp") == ["aisle-a/air_temp"]


def test_the_points_of_the_twin_have_units() -> None:
    units = {point.id: point.unit for point in derived_points(air_dx())}
    assert units["twin/recirculation"] == "1"
    assert units["twin/it_power_bias"] == "W"
    assert units["twin/supply_temp_bias"] == "K"


def test_coefficients_that_mean_nothing_alone_are_no_points() -> None:
    shown = {point.id for point in derived_points(power_only())}
    assert shown == {"twin/idle_power", "twin/it_power_bias"}


def test_a_power_only_site_takes_the_first_thing_that_measures_its_load() -> None:
    assert points(model_of(power_only()).measurements, "it_power") == ["it-load/it_power"]
    servers = site_of(
        {"id": "s", "type": "power-only", "assets": [{"id": "host-1", "class": "server"}]}
    )
    assert points(model_of(servers).measurements, "it_power") == ["host-1/power"]


@pytest.mark.parametrize("site_type", (SiteType.AIR_CHW, SiteType.NONE))
def test_a_type_without_a_model_has_no_twin(site_type: SiteType) -> None:
    crah = [RACKS, {"id": "crah-1", "class": "crah"}]
    assets = crah if site_type is SiteType.AIR_CHW else []
    assert site_model(site_of({"id": "s", "type": site_type.value, "assets": assets})) is None
    assert site_model(untwinned()) is None


def test_a_site_that_measures_nothing_of_its_model_has_no_twin() -> None:
    assets = [{"id": "it-load", "class": "cluster", "points": {"it_power": None}}]
    assert site_model(site_of({"id": "s", "type": "power-only", "assets": assets})) is None


def test_checking_a_parameter_needs_no_numpy() -> None:
    code = "import sys, twin.parameters, twin.binding; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_package_offers_run_and_nothing_that_it_has_not() -> None:
    assert callable(twin.run)
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        twin.walk  # noqa: B018 - the look-up is the test
