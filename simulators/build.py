"""From a site to its plant: sizes from the file's ratings, the rest drawn from the seed.

The spreads are those between real modules of one make: racks are filled unequally, containment
leaks more or less, filters are clean or not. The twin is told none of this.
"""

from __future__ import annotations

from random import Random

from podcore.errors import ConfigError
from podcore.site import Asset, Location, Site, SiteType
from simulators.air import DENSITY_KG_M3, SPECIFIC_HEAT_J_KG_K
from simulators.air_dx import AirDxPlant, Module
from simulators.chance import stream
from simulators.climate import Climate
from simulators.cooling import Crac, CracBuild
from simulators.dx import Compressor
from simulators.electrical import Pdu, Ups
from simulators.rack import Rack, RackBuild
from simulators.workload import LoadShape, RackLoad

_NEEDED = ("meter", "ups", "pdu", "rack", "crac")
_SERVER_RISE_K = 12.0  # over the servers with all fans at full flow and full load
_SHELL_STEEL_J_K = 1.9e6  # 3.8 t of a 40-ft box
_NOWHERE = Location(latitude=50.0, longitude=0.0)


def build_air_dx(site: Site, seed: int, start_s: float) -> AirDxPlant:
    """The plant of an `air-dx` site at a time, warm and near its balance.

    Raises
    ------
    ConfigError  When the site is of another type, lacks an asset or has two where one is built.
    """
    if site.type is not SiteType.AIR_DX:
        rule = "there is a plant for sites of type air-dx only"
        raise ConfigError(f"{site.id}: type", site.type.value, rule)
    for asset_class in _NEEDED:
        _needs(site, asset_class)
    place = site.location or _NOWHERE
    chance = stream(seed, site.id, "build")
    racks_of_site = site.assets_of("rack")
    busy = chance.uniform(0.42, 0.62)
    supply_c = chance.uniform(20.5, 22.5)
    racks = [
        Rack(
            _rack_build(rack, chance),
            _rack_load(rack, chance, busy, site, seed, start_s),
            supply_c + 1.0,
        )
        for rack in racks_of_site
    ]
    load_w = sum(rack.power_w for rack in racks)
    return AirDxPlant(
        module=_module(site, chance),
        racks=racks,
        crac=Crac(_crac_build(site.assets_of("crac")[0], chance, supply_c), load_w),
        ups=Ups(_rating(site.assets_of("ups")[0], "power_w", 30_000.0)),
        pdu=Pdu(sum(_rating(rack, "power_w", 8_000.0) for rack in racks_of_site)),
        climate=Climate(place, chance.getrandbits(32)),
        start_s=start_s,
    )


def _needs(site: Site, asset_class: str) -> None:
    count = len(site.assets_of(asset_class))
    if count == 0 or (count > 1 and asset_class != "rack"):
        rule = f"the air-dx plant needs {'some' if asset_class == 'rack' else 'one'} {asset_class}"
        raise ConfigError(f"{site.id}: assets", f"{count} of class {asset_class}", rule)


def _rating(asset: Asset, name: str, default: float) -> float:
    value = asset.rating.get(name, default)
    if value <= 0.0:
        raise ConfigError(f"{asset.id}: rating.{name}", value, "a rating is above 0")
    return value


def _rack_build(rack: Asset, chance: Random) -> RackBuild:
    full_w = _rating(rack, "power_w", 8_000.0)
    flow_kg_s = full_w / (SPECIFIC_HEAT_J_KG_K * _SERVER_RISE_K)
    return RackBuild(
        recirculation=chance.uniform(0.02, 0.10),
        server_j_k=full_w * chance.uniform(30.0, 45.0),
        rear_air_j_k=2.0 * DENSITY_KG_M3 * SPECIFIC_HEAT_J_KG_K,
        exchange_w_k=flow_kg_s * SPECIFIC_HEAT_J_KG_K * chance.uniform(1.1, 1.6),
        full_flow_kg_s=flow_kg_s,
    )


def _rack_load(
    rack: Asset, chance: Random, busy: float, site: Site, seed: int, start_s: float
) -> RackLoad:
    full_w = _rating(rack, "power_w", 8_000.0) * chance.uniform(0.86, 0.97)
    shape = LoadShape(
        mean=busy * chance.uniform(0.75, 1.25),
        swing=chance.uniform(0.06, 0.14),
        idle_power_w=full_w * chance.uniform(0.34, 0.42),
        full_power_w=full_w,
    )
    longitude = site.location.longitude if site.location else 0.0
    load = RackLoad(shape, seed, f"{site.id}/{rack.id}", longitude)
    load.settle(start_s)
    return load


def _crac_build(crac: Asset, chance: Random, supply_c: float) -> CracBuild:
    flow_kg_s = _rating(crac, "air_flow_m3_s", 1.9) * DENSITY_KG_M3
    return CracBuild(
        compressor=Compressor(_rating(crac, "cooling_w", 36_800.0), _rating(crac, "cop", 4.05)),
        full_flow_kg_s=flow_kg_s,
        full_fan_power_w=_rating(crac, "fan_power_w", 1_500.0),
        coil_j_k=32_000.0,
        coil_w_k=flow_kg_s * SPECIFIC_HEAT_J_KG_K * chance.uniform(1.7, 2.1),
        supply_setpoint_c=round(supply_c * 2.0) / 2.0,
        air_rise_k=chance.uniform(10.6, 11.4),
        filter_pa=chance.uniform(90.0, 170.0),
    )


def _module(site: Site, chance: Random) -> Module:
    volume = site.twin.parameters.get("room_volume_m3")
    volume_m3 = volume.mean if volume else 68.0
    return Module(
        volume_m3=volume_m3,
        inside_j_k=6_000.0 * volume_m3,
        steel_j_k=_SHELL_STEEL_J_K,
        cold_w_k=130.0,
        hot_w_k=220.0,
        envelope_w_k=chance.uniform(52.0, 70.0),
        outside_w_k=1_600.0,
        sun_m2=chance.uniform(0.3, 0.6) * 28.0,
        infiltration_kg_s=0.3 * volume_m3 * DENSITY_KG_M3 / 3600.0,
    )
