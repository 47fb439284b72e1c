"""Walls, sky and sun."""

from __future__ import annotations

import numpy as np
import pytest

from twin.envelope import Walls, box_irradiance_w_m2, sky_c, sun_elevation_sine, through
from twin.model import Array


def one(value: float) -> Array:
    return np.array([value])


WALLS = Walls(one(141.12), one(3.0), one(8.0), one(20.0), one(0.3), one(0.9), one(0.413))


def test_without_sun_and_sky_outdoors_is_outdoors() -> None:
    found = through(WALLS, one(10.0), one(10.0), one(0.0))
    assert found.equivalent_c[0] == 10.0
    # 1/8 + 3 + 1/(20 + 4.63): radiation to the surroundings helps the outer film.
    assert found.conductance_w_k[0] == pytest.approx(141.12 / (0.125 + 3.0 + 1 / 24.63), rel=1e-3)


def test_a_clear_sky_cools_and_the_sun_warms() -> None:
    night = through(WALLS, one(10.0), one(-10.0), one(0.0)).equivalent_c[0]
    day = through(WALLS, one(10.0), one(10.0), one(300.0)).equivalent_c[0]
    assert night < 10.0 < day
    assert day == pytest.approx(10.0 + 0.3 * 300.0 / 24.63, rel=1e-3)


def test_weather_from_nowhere_is_held_and_flagged() -> None:
    assert through(WALLS, one(99.0), one(10.0), one(0.0)).outside[0]


def test_a_dry_clear_sky_is_colder_than_the_air() -> None:
    clear, cloudy = sky_c(one(20.0), one(0.0))[0], sky_c(one(20.0), one(0.0), 1.0)[0]
    assert clear < cloudy < 20.0


@pytest.mark.parametrize(("day_s", "elevation"), ((1_687_348_920, 90.0 - 41.98 + 23.44), (
    1_703_180_880, 90.0 - 41.98 - 23.44)), ids=("June solstice", "December solstice"))  # fmt: skip
def test_at_noon_on_the_solstices_the_sun_is_where_geometry_puts_it(
    day_s: float, elevation: float
) -> None:
    # Solar noon at 87.92° W, UTC 17:53 in June and 17:50 in December.
    hours = np.arange(0.0, 86_400.0, 60.0) + day_s - day_s % 86_400.0
    sine = sun_elevation_sine(hours, one(41.98), one(-87.92))
    assert np.degrees(np.arcsin(sine.max())) == pytest.approx(elevation, abs=0.5)
    noon_h = (hours[sine.argmax()] % 86_400.0) / 3600.0
    assert noon_h == pytest.approx(17.9, abs=0.15)


def test_a_box_at_night_gets_nothing_and_the_roof_most_at_noon() -> None:
    assert box_irradiance_w_m2(one(800.0), one(0.0), one(-0.2), one(0.2), one(0.6))[0] == 0.0
    noon = box_irradiance_w_m2(one(800.0), one(100.0), one(0.9), one(1.0), one(0.0))[0]
    assert noon == pytest.approx(800.0 * 0.9 + 100.0)
