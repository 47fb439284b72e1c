from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.site_files import AIR_CHW, AIR_DX, HYBRID_D2C

from podcore.classes import Role
from podcore.errors import ConfigError
from podcore.resolve import resolve
from podcore.site import (
    AssetFile,
    Point,
    PointOverride,
    Prior,
    Site,
    SiteFile,
    SiteType,
    TwinFile,
)
from podtwin.config.sites import read_site
from podtwin.config.yaml_lines import read_documents


def read(text: str) -> Site:
    (document,) = read_documents(text.encode(), "site.yaml")
    return read_site(document, "site.yaml")


def site_of(*assets: AssetFile, twin: TwinFile | None = None, nodes: tuple[str, ...] = ()) -> Site:
    return resolve(
        SiteFile(
            schema="podtwin/site/1",
            id="x",
            type=SiteType.NONE,
            assets=list(assets),
            nodes=list(nodes),
            twin=twin or TwinFile(),
        )
    )


def points_of(site: Site) -> dict[str, Point]:
    return {point.id: point for point in site.points}


@pytest.mark.parametrize(
    ("text", "count", "step_s"),
    ((AIR_DX, 38, 5.0), (AIR_CHW, 92, 5.0), (HYBRID_D2C, 111, 5.0)),
    ids=("air-dx", "air-chw", "hybrid-d2c"),
)
def test_the_three_module_types_have_their_points(text: str, count: int, step_s: float) -> None:
    site = read(text)
    assert len(site.points) == len(points_of(site)) == count
    assert site.twin.step_s == step_s


def test_ranges_make_assets_and_targets() -> None:
    site = read(AIR_DX)
    (pdu,) = site.assets_of("pdu")
    assert pdu.feeds == ("rack-01", "rack-02", "rack-03")
    assert points_of(site)["rack-03/it_power"].role is Role.INPUT


def test_liquid_racks_have_coolant_points_and_others_none() -> None:
    assert "rack-01/coolant_flow" in points_of(read(HYBRID_D2C))
    assert "rack-01/coolant_flow" not in points_of(read(AIR_DX))


def test_points_can_be_taken_out_changed_and_added() -> None:
    site = site_of(
        AssetFile(
            "crac-1",
            "crac",
            points={
                "fan_power": None,
                "fan_speed": PointOverride(period_s=2.0),
                "compressor_power": PointOverride(unit="kW"),
                "oil_temp": PointOverride(unit="K", role=Role.MEASUREMENT),
                "alarm": PointOverride(quantity="state", states=["off", "on"]),
            },
        )
    )
    points = points_of(site)
    assert "crac-1/fan_power" not in points
    assert points["crac-1/fan_speed"].period_s == 2.0
    assert points["crac-1/compressor_power"].sent_unit == "kW"
    oil = points["crac-1/oil_temp"]
    assert (oil.quantity, oil.unit, oil.role) == ("temperature", "Cel", Role.MEASUREMENT)
    assert points["crac-1/alarm"].states == ("off", "on")


def test_optional_points_are_there_when_named() -> None:
    plain = points_of(site_of(AssetFile("s", "server")))
    named = points_of(site_of(AssetFile("s", "server", points={"gpu_0_power": PointOverride()})))
    assert set(plain) == {"s/power"}
    assert named["s/gpu_0_power"].quantity == "power"


def test_a_power_only_site_is_stepped_every_30_s() -> None:
    file = SiteFile(schema="podtwin/site/1", id="x", type=SiteType.POWER_ONLY)
    assert resolve(file).twin.step_s == 30.0


def test_a_parameter_without_spread_is_fixed() -> None:
    twin = TwinFile(parameters={"a": 3, "b": Prior(1.0, 0.5)})
    assert site_of(twin=twin).twin.parameters == {"a": Prior(3.0, 0.0), "b": Prior(1.0, 0.5)}


@given(st.lists(st.sampled_from(("meter", "ups", "rack", "crac", "door", "other")), max_size=12))
def test_every_point_belongs_to_an_asset_and_no_id_comes_twice(classes: list[str]) -> None:
    assets = [AssetFile(f"a-{index}", name) for index, name in enumerate(classes)]
    site = site_of(*assets)
    assert {point.asset for point in site.points} <= {asset.id for asset in site.assets}
    assert len(points_of(site)) == len(site.points)


RACK = AssetFile("rack-1", "rack")


@pytest.mark.parametrize(
    ("assets", "message"),
    (
        ([AssetFile("a", "ups", feeds=["b"])], r"assets\[0\]\.feeds is 'b': is no asset"),
        ([AssetFile("a", "ups", part_of="b")], r"assets\[0\]\.part_of is 'b': is no asset"),
        ([RACK, AssetFile("rack-[1-2]", "rack")], r"assets\[1\]\.id is 'rack-1': is already"),
        ([AssetFile("a\n", "ups")], r"assets\[0\]\.id is 'a\\n': an id is"),
        ([AssetFile("a", "upps")], r"assets\[0\]\.class is 'upps': .*nearest is 'ups'"),
        (
            [AssetFile("a", "ups", feeds=["b"]), AssetFile("b", "ups", feeds=["a"])],
            r"assets\[0\]\.feeds is 'a > b > a': feeds must not lead back",
        ),
        ([AssetFile("rack-[1-700]", "rack")], r"assets is 2100: .*at most 2000 points; split"),
        (
            [AssetFile("a", "ups", points={"Power": PointOverride(unit="W")})],
            r"assets\[0\]\.points\.Power is 'Power': a point is a letter",
        ),
        (
            [AssetFile("a", "ups", points={"x": PointOverride(quantity="powr")})],
            r"points\.x\.quantity is 'powr': is no quantity; nearest is 'power'",
        ),
        (
            [AssetFile("a", "ups", points={"x": PointOverride(unit="celsius")})],
            r"points\.x\.unit is 'celsius': is no unit",
        ),
    ),
)
def test_what_cannot_be_a_site_is_refused(assets: list[AssetFile], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        site_of(*assets)


def test_a_node_is_named_by_an_id() -> None:
    with pytest.raises(ConfigError, match=r"nodes\[1\] is 'GW': an id is"):
        site_of(nodes=("gw-1", "GW"))


def test_one_relation_may_lead_back_over_another() -> None:
    # A crac cools the rack whose supply it shares: no cycle of one kind.
    site_of(AssetFile("a", "ups", feeds=["b"]), AssetFile("b", "crac", cools=["a"]))
