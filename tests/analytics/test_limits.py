from __future__ import annotations

import msgspec
import pytest

from analytics.limits import inlet_limit_c
from podcore.resolve import resolve
from podcore.site import Limits, Location, Site, SiteFile


def site(ashrae_class: str, elevation_m: float) -> Site:
    document = {"schema": "podtwin/site/1", "id": "ams-03", "type": "none"}
    bare = resolve(msgspec.convert(document, SiteFile))
    return msgspec.structs.replace(
        bare,
        limits=msgspec.convert({"ashrae_class": ashrae_class}, Limits),
        location=Location(0.0, 0.0, elevation_m),
    )


@pytest.mark.parametrize(
    ("ashrae_class", "limit_c"),
    (("A1", 32.0), ("A2", 35.0), ("A3", 40.0), ("A4", 45.0), ("H1", 25.0)),
)
def test_each_class_has_its_limit_up_to_900_m(ashrae_class: str, limit_c: float) -> None:
    assert inlet_limit_c(site(ashrae_class, -10.0)) == limit_c
    assert inlet_limit_c(site(ashrae_class, 900.0)) == limit_c


@pytest.mark.parametrize(
    ("ashrae_class", "metres"), (("A1", 300), ("A2", 300), ("A3", 175), ("A4", 125), ("H1", 500))
)
def test_height_takes_one_kelvin_for_each_so_many_metres(ashrae_class: str, metres: int) -> None:
    lower = inlet_limit_c(site(ashrae_class, 900.0))
    assert inlet_limit_c(site(ashrae_class, 900.0 + 2 * metres)) == pytest.approx(lower - 2.0)


def test_a_site_that_says_nothing_is_held_to_class_a2_at_sea_level() -> None:
    nowhere = msgspec.structs.replace(site("A1", 0.0), limits=Limits(), location=None)
    assert inlet_limit_c(nowhere) == 35.0
