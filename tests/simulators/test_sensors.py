from __future__ import annotations

import statistics

import pytest

from podcore.site import Point
from simulators.chance import stream
from simulators.sensors import EXACT, Sensor, SensorKind, kind_of


def test_a_lag_shows_63_percent_of_a_step_after_its_time() -> None:
    sensor = Sensor(SensorKind(lag_s=30.0, digits=3), stream(1, "s"))
    sensor.follow(20.0, 0.1)
    for _ in range(300):
        sensor.follow(30.0, 0.1)
    assert sensor.read(30.0) == pytest.approx(26.32, abs=0.05)


def test_noise_has_its_spread() -> None:
    sensor = Sensor(SensorKind(noise_sd=0.5, digits=6), stream(1, "s"))
    shown = [sensor.read(20.0) for _ in range(20_000)]
    assert statistics.fmean(shown) == pytest.approx(20.0, abs=0.02)
    assert statistics.stdev(shown) == pytest.approx(0.5, rel=0.03)


def test_a_unit_keeps_its_bias_and_units_differ() -> None:
    kind = SensorKind(bias_sd=0.3, digits=9)
    shown = [Sensor(kind, stream(unit, "s")).read(20.0) for unit in range(2_000)]
    assert statistics.stdev(shown) == pytest.approx(0.3, rel=0.1)
    unit = Sensor(kind, stream(1, "s"))
    assert unit.read(20.0) == unit.read(20.0)


@pytest.mark.parametrize(
    ("digits", "truth", "shown"),
    ((1, 22.4499, 22.4), (0, 8122.6, 8123.0), (-1, 101_327.0, 101_330.0)),
)
def test_digits_are_those_of_the_display(digits: int, truth: float, shown: float) -> None:
    assert Sensor(SensorKind(digits=digits), stream(1, "s")).read(truth) == shown


def test_a_display_ends_at_its_range() -> None:
    sensor = Sensor(SensorKind(low=0.0, high=100.0), stream(1, "s"))
    assert (sensor.read(-3.0), sensor.read(104.0)) == (0.0, 100.0)


def test_a_stuck_sensor_repeats_its_last_value() -> None:
    sensor = Sensor(SensorKind(), stream(1, "s"))
    sensor.read(22.0)
    sensor.stuck = True
    assert sensor.read(35.0) == 22.0
    sensor.stuck = False
    assert sensor.read(35.0) == 35.0


def test_set_points_are_exact() -> None:
    point = Point("crac-1", "supply_air_temp_setpoint", "crac", "temperature", 60.0)
    assert kind_of(point) is EXACT
