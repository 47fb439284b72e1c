from __future__ import annotations

import statistics

import pytest

from podcore.site import Location
from simulators.climate import Climate, Weather

DAY_S = 86_400
NEW_YEAR_2025_S = 1_735_689_600
AMSTERDAM = Location(52.37, 4.90, 2.0, "Europe/Amsterdam")
SYDNEY = Location(-33.87, 151.21, 19.0, "Australia/Sydney")
NAIROBI = Location(-1.29, 36.82, 1_661.0, "Africa/Nairobi")


def hourly(place: Location, first_day: int, days: int, seed: int = 1) -> list[Weather]:
    climate = Climate(place, seed)
    start_s = NEW_YEAR_2025_S + first_day * DAY_S
    return [climate.at(start_s + 3_600 * hour) for hour in range(24 * days)]


def mean_c(weather: list[Weather]) -> float:
    return statistics.fmean(w.temperature_c for w in weather)


@pytest.mark.parametrize(
    ("place", "expected_c"), ((AMSTERDAM, 10.5), (SYDNEY, 18.5), (NAIROBI, 18.0))
)
def test_the_year_is_as_warm_as_the_place(place: Location, expected_c: float) -> None:
    assert mean_c(hourly(place, 0, 365)) == pytest.approx(expected_c, abs=3.0)


def test_july_is_summer_in_the_north_and_winter_in_the_south() -> None:
    north = mean_c(hourly(AMSTERDAM, 181, 31)) - mean_c(hourly(AMSTERDAM, 0, 31))
    south = mean_c(hourly(SYDNEY, 181, 31)) - mean_c(hourly(SYDNEY, 0, 31))
    assert north > 8.0
    assert south < -5.0


def test_nights_are_dark_and_noons_are_not() -> None:
    climate = Climate(AMSTERDAM, 1)
    midsummer_s = NEW_YEAR_2025_S + 171 * DAY_S
    assert climate.at(midsummer_s).irradiance_w_m2 == 0.0
    assert climate.at(midsummer_s + 12 * 3_600).irradiance_w_m2 > 100.0


def test_weather_stays_possible_all_year() -> None:
    for weather in hourly(AMSTERDAM, 0, 365):
        assert -25.0 < weather.temperature_c < 40.0
        assert 5.0 < weather.humidity_percent <= 100.0
        assert 0.0 <= weather.irradiance_w_m2 < 1_100.0
        assert 96_000.0 < weather.pressure_pa < 106_000.0


def test_high_places_have_thin_air() -> None:
    assert hourly(NAIROBI, 0, 1)[0].pressure_pa == pytest.approx(82_900.0, abs=3_000.0)
