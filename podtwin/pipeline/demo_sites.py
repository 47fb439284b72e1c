"""Sites for a demonstration: the air-dx template, in many places, each a little different."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from random import Random

import msgspec

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podcore.site import Location, Prior, Site, Supply
from podtwin.config.sites import read_site
from podtwin.config.yaml_lines import read_documents
from simulators.faults import FaultSpec

MAX_SITES = 5_000  # as many as one machine is promised to step


@dataclass(frozen=True, slots=True)
class _Place:
    code: str
    city: str
    location: Location
    carbon_g_kwh: float  # yearly mean of the grid, rounded; orders of magnitude, not a source


def _place(
    code: str, city: str, at: tuple[float, float, float], timezone: str, carbon_g_kwh: float
) -> _Place:
    latitude, longitude, elevation_m = map(float, at)
    place = Location(latitude, longitude, elevation_m, timezone)
    return _Place(code, city, place, float(carbon_g_kwh))


# Grids of 50 Hz only, which the plant has.
_PLACES = (
    _place("ams", "Amsterdam", (52.37, 4.90, 2), "Europe/Amsterdam", 268),
    _place("osl", "Oslo", (59.91, 10.75, 23), "Europe/Oslo", 30),
    _place("lis", "Lisbon", (38.72, -9.14, 15), "Europe/Lisbon", 150),
    _place("rkv", "Reykjavik", (64.15, -21.94, 15), "Atlantic/Reykjavik", 28),
    _place("mad", "Madrid", (40.42, -3.70, 657), "Europe/Madrid", 160),
    _place("hel", "Helsinki", (60.17, 24.94, 10), "Europe/Helsinki", 60),
    _place("sin", "Singapore", (1.35, 103.82, 15), "Asia/Singapore", 470),
    _place("nbo", "Nairobi", (-1.29, 36.82, 1_661), "Africa/Nairobi", 90),
    _place("dub", "Dublin", (53.35, -6.26, 20), "Europe/Dublin", 280),
    _place("zrh", "Zurich", (47.37, 8.54, 408), "Europe/Zurich", 40),
    _place("waw", "Warsaw", (52.23, 21.01, 106), "Europe/Warsaw", 650),
    _place("ath", "Athens", (37.98, 23.73, 70), "Europe/Athens", 330),
    _place("syd", "Sydney", (-33.87, 151.21, 19), "Australia/Sydney", 550),
    _place("jnb", "Johannesburg", (-26.20, 28.05, 1_753), "Africa/Johannesburg", 700),
    _place("fra", "Frankfurt", (50.11, 8.68, 112), "Europe/Berlin", 350),
    _place("cpt", "Cape Town", (-33.92, 18.42, 25), "Africa/Johannesburg", 700),
)
_FIRST_NUMBER = {"ams": 3, "osl": 1, "lis": 2}


def demo_sites(count: int, seed: int) -> list[Site]:
    """That many variants of the air-dx module: `ams-03`, `osl-01`, `lis-02`, and so on.

    The first is the template itself; ids and places do not depend on the seed, sizes do.

    Raises
    ------
    ConfigError  When `count` is not from 1 to `MAX_SITES`.
    """
    if not 1 <= count <= MAX_SITES:
        raise ConfigError("--sites", count, f"there are 1 to {MAX_SITES} of them")
    template = air_dx_template()
    return [template if index == 0 else _variant(template, index, seed) for index in range(count)]


def require_sites(faults: Iterable[FaultSpec], sites: Iterable[Site]) -> None:
    """Sees to it that every site that a fault names is played.

    Raises
    ------
    ConfigError  With the first that is not; a fault that never comes would look like a blind twin.
    """
    played = [site.id for site in sites]
    for fault in faults:
        if fault.site is not None and fault.site not in played:
            way_out = did_you_mean(fault.site, played)
            raise ConfigError("--fault", fault.site, "is no site that is played", way_out)


def air_dx_template() -> Site:
    """The site `ams-03` of the packaged file `air-dx.yaml`."""
    file = resources.files("podtwin.templates") / "air-dx.yaml"
    (document,) = read_documents(file.read_bytes(), "air-dx.yaml")
    return read_site(document, "air-dx.yaml")


def _variant(template: Site, index: int, seed: int) -> Site:
    turn, number = divmod(index, len(_PLACES))
    place = _PLACES[number]
    site_id = f"{place.code}-{_FIRST_NUMBER.get(place.code, 1) + turn:02d}"
    chance = Random(f"{seed}/{site_id}/demo")  # noqa: S311 - a demonstration, not a key
    size = chance.uniform(0.8, 1.15)
    assets = tuple(
        msgspec.structs.replace(
            asset, rating={k: _scaled(k, v, size) for k, v in asset.rating.items()}
        )
        for asset in template.assets
    )
    parameters = {
        **template.twin.parameters,
        "envelope_ua_w_k": Prior(round(chance.uniform(52.0, 68.0), 1), 0.0),
    }
    return msgspec.structs.replace(
        template,
        id=site_id,
        name=f"{place.city} {site_id.rpartition('-')[2]}",
        location=place.location,
        supply=Supply(place.carbon_g_kwh, round(chance.uniform(0.12, 0.28), 2)),
        assets=assets,
        twin=msgspec.structs.replace(template.twin, parameters=parameters),
    )


def _scaled(rating: str, value: float, size: float) -> float:
    # A ratio has no size.
    return value if rating == "cop" else float(f"{value * size:.3g}")
