from __future__ import annotations

import math

import pytest
from support.alerts import air_dx_site

from podtwin.alerts.words import amount, lasting, unit_of, where


@pytest.mark.parametrize(
    ("value", "unit", "band", "text"),
    (
        (31.24, "Cel", None, "31.2 °C"),
        (22.4, "Cel", 0.9, "22.4 ± 0.9 °C"),
        (8123.0, "W", None, "8.12 kW"),
        (8123.0, "W", 50.0, "8.12 ± 0.05 kW"),
        (812.4, "W", None, "812 W"),
        (-0.01, "Cel", None, "0.0 °C"),
        (0.0513, "1", None, "0.0513"),
        (1.234, "kg/s", None, "1.23 kg/s"),
        (None, "Cel", None, "unknown"),
        (math.nan, "Cel", None, "unknown"),
        (21.0, "Cel", math.nan, "21.0 °C"),
    ),
)
def test_an_amount_has_its_unit_and_no_more_digits_than_matter(
    value: float | None, unit: str, band: float | None, text: str
) -> None:
    assert amount(value, unit, band) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    (
        (20.0, "20 s"),
        (119.0, "119 s"),
        (180.0, "3 min"),
        (3_900.0, "1 h 5 min"),
        (187_200.0, "2 d 4 h"),
        (math.inf, "unknown"),
    ),
)
def test_a_length_of_time_reads_at_once(seconds: float, text: str) -> None:
    assert lasting(seconds) == text


@pytest.mark.parametrize(
    ("point", "text"),
    (
        ("crac-1/supply_air_temp", "CRAC-1 supply air"),
        ("rack-03/it_power", "Rack-03 IT power"),
        ("pdu-a/power", "PDU-A power"),
        ("cold-aisle/air_humidity", "Cold aisle air humidity"),
        ("crac-1/supply_air_temp_setpoint", "CRAC-1 supply air setpoint"),
        ("twin/coil_fouling", "Twin coil fouling"),
        ("", "ams-03"),
    ),
)
def test_a_point_has_a_name_that_can_be_said(point: str, text: str) -> None:
    assert where(air_dx_site(), point) == text


def test_a_unit_is_the_points_own() -> None:
    site = air_dx_site()
    assert unit_of(site, "crac-1/supply_air_temp") == "Cel"
    assert unit_of(site, "twin/coil_fouling") == ""
