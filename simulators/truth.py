"""Which true value of an air-dx plant each point of its site measures."""

from __future__ import annotations

from collections.abc import Callable

from podcore.classes import COOLING_MODES, UPS_MODES
from podcore.site import Asset, Site
from simulators.air_dx import AirDxPlant
from simulators.chance import Wander, stream
from simulators.rack import Rack

Truth = Callable[[], float]

_OFF, _MECHANICAL = COOLING_MODES.index("off"), COOLING_MODES.index("mechanical")
_VOLTAGE_V = 232.0
_FREQUENCY_HZ = 50.0  # all places of the shipped sites have it
_BATTERY_OVER_AISLE_K = 1.5  # float charge


def truths(site: Site, plant: AirDxPlant) -> dict[str, Truth]:
    """A function for each `asset/point` that the plant knows; all are cheap.

    Points of the file that no plant could know, such as an owner's additions, have none.
    """
    found: dict[str, Truth] = {}
    for asset in site.assets:
        for name, truth in _of_asset(asset, site, plant).items():
            found[f"{asset.id}/{name}"] = truth
    return {point.id: found[point.id] for point in site.points if point.id in found}


def _of_asset(asset: Asset, site: Site, plant: AirDxPlant) -> dict[str, Truth]:
    match asset.asset_class:
        case "meter":
            return _meter(site, plant)
        case "ups":
            return _ups(plant)
        case "pdu":
            return {"power": lambda: plant.pdu_power_w, "energy": lambda: plant.pdu_energy_wh}
        case "rack":
            return _rack(plant.racks[site.assets_of("rack").index(asset)])
        case "aisle":
            return _cold_aisle(plant) if asset.measures else _hot_aisle(plant)
        case "crac":
            return _crac(plant)
        case "weather-station":
            return _weather(plant)
        case _:
            return {}


def _meter(site: Site, plant: AirDxPlant) -> dict[str, Truth]:
    voltage = Wander(stream(0, site.id, "voltage"), 1.6, 120, 14_400)
    frequency = Wander(stream(0, site.id, "frequency"), 0.018, 20, 900)
    return {
        "power": lambda: plant.facility_power_w,
        "energy": lambda: plant.meter_energy_wh,
        "voltage": lambda: _VOLTAGE_V + voltage.at(plant.time_s),
        "frequency": lambda: _FREQUENCY_HZ + frequency.at(plant.time_s),
    }


def _ups(plant: AirDxPlant) -> dict[str, Truth]:
    return {
        "input_power": lambda: plant.ups_input_w,
        "output_power": lambda: plant.pdu_power_w,
        "battery_charge": lambda: 100.0 * plant.battery.charge,
        "battery_temp": lambda: plant.cold_c + _BATTERY_OVER_AISLE_K,
        "mode": lambda: UPS_MODES.index(plant.ups_mode),
    }


def _rack(rack: Rack) -> dict[str, Truth]:
    return {
        "it_power": lambda: rack.power_w,
        "inlet_temp": lambda: rack.inlet_c,
        "outlet_temp": lambda: rack.rear_c,
    }


def _cold_aisle(plant: AirDxPlant) -> dict[str, Truth]:
    return {
        "air_temp": lambda: plant.cold_c,
        "air_humidity": lambda: plant.humidity_percent(plant.cold_c),
        "pressure_difference": lambda: plant.pressure_difference_pa,
    }


def _hot_aisle(plant: AirDxPlant) -> dict[str, Truth]:
    return {
        "air_temp": lambda: plant.hot_c,
        "air_humidity": lambda: plant.humidity_percent(plant.hot_c),
        "pressure_difference": lambda: plant.pressure_difference_pa,
    }


def _crac(plant: AirDxPlant) -> dict[str, Truth]:
    crac, unit = plant.crac, plant.crac.unit
    return {
        "supply_air_temp": lambda: crac.supply_c,
        "return_air_temp": lambda: plant.hot_c,
        "supply_air_temp_setpoint": lambda: crac.build.supply_setpoint_c,
        "return_air_humidity": lambda: plant.humidity_percent(plant.hot_c),
        "fan_speed": lambda: 100.0 * crac.fan_speed,
        "fan_power": lambda: crac.fan_power_w,
        "compressor_power": lambda: unit.power_w,
        "compressor_speed": lambda: 100.0 * unit.speed,
        "filter_pressure_difference": lambda: crac.filter_pa,
        "mode": lambda: _MECHANICAL if unit.running else _OFF,
    }


def _weather(plant: AirDxPlant) -> dict[str, Truth]:
    return {
        "outdoor_air_temp": lambda: plant.weather.temperature_c,
        "outdoor_air_humidity": lambda: plant.weather.humidity_percent,
        "solar_irradiance": lambda: plant.weather.irradiance_w_m2,
        "air_pressure": lambda: plant.weather.pressure_pa,
    }
