from __future__ import annotations

import msgspec
import pytest

from podcore.errors import ConfigError
from podcore.site import Site, SiteType
from podtwin.pipeline.demo_sites import air_dx_template
from simulators.build import build_air_dx


def test_racks_are_unequal() -> None:
    plant = build_air_dx(air_dx_template(), 1, 0.0)
    assert len({rack.build.recirculation for rack in plant.racks}) == 3
    assert len({rack.build.server_j_k for rack in plant.racks}) == 3


def test_sizes_come_from_the_ratings_of_the_file() -> None:
    plant = build_air_dx(air_dx_template(), 1, 0.0)
    assert plant.ups.rating_w == 30_000.0
    assert plant.crac.build.compressor.rated_capacity_w == 36_800.0
    assert plant.module.volume_m3 == 68.0


def without(site: Site, asset_class: str) -> Site:
    kept = tuple(asset for asset in site.assets if asset.asset_class != asset_class)
    return msgspec.structs.replace(site, assets=kept)


@pytest.mark.parametrize("asset_class", ("meter", "ups", "pdu", "rack", "crac"))
def test_what_a_plant_cannot_do_without_is_named(asset_class: str) -> None:
    with pytest.raises(ConfigError, match=f"ams-03.*0 of class {asset_class}.*needs"):
        build_air_dx(without(air_dx_template(), asset_class), 1, 0.0)


def test_there_is_no_plant_for_other_types_yet() -> None:
    site = msgspec.structs.replace(air_dx_template(), type=SiteType.POWER_ONLY)
    with pytest.raises(ConfigError, match=r"power-only.*air-dx only"):
        build_air_dx(site, 1, 0.0)


def test_a_rating_of_nothing_is_refused() -> None:
    site = air_dx_template()
    assets = tuple(
        msgspec.structs.replace(asset, rating={"power_w": 0.0}) if asset.id == "ups-1" else asset
        for asset in site.assets
    )
    with pytest.raises(ConfigError, match=r"ups-1: rating\.power_w is 0\.0: a rating is above 0"):
        build_air_dx(msgspec.structs.replace(site, assets=assets), 1, 0.0)
