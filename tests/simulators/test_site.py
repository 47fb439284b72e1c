from __future__ import annotations

import statistics

import pytest

from podcore.clock import NS
from podcore.errors import ConfigError
from podcore.quantity import QUANTITIES
from podtwin.pipeline.demo_sites import air_dx_template
from simulators import FAULTS, Fault, Label, SimulatedSite

START_NS = 1_764_000_000 * NS


def simulated(*faults: Fault, seed: int = 42) -> SimulatedSite:
    return SimulatedSite(air_dx_template(), seed=seed, start_ns=START_NS, faults=faults)


def at(second: float) -> int:
    return START_NS + round(second * NS)


def seconds(site: SimulatedSite, first: int, last: int) -> list[dict[str, float]]:
    return [site.sample(at(second)) for second in range(first, last + 1)]


def test_all_points_of_the_site_are_announced_and_sampled() -> None:
    site = simulated()
    announced = {point.id for point in site.birth_points}
    assert announced == {point.id for point in air_dx_template().points}
    assert set(site.sample(START_NS)) == announced


def test_values_lie_in_the_plausible_range_of_their_quantity() -> None:
    site = simulated()
    quantities = {point.id: QUANTITIES[point.quantity] for point in site.birth_points}
    for second in range(0, 7_200, 60):
        for point, value in site.sample(at(second), every_s=60).items():
            assert quantities[point].low <= value <= quantities[point].high, point


def test_a_point_is_sampled_at_its_period() -> None:
    site = simulated()
    times: dict[str, list[int]] = {}
    for second in range(601):
        for point in site.sample(at(second)):
            times.setdefault(point, []).append(second)
    assert times["meter-main/power"] == list(range(601))
    assert times["crac-1/fan_speed"] == list(range(0, 601, 5))
    assert times["rack-01/inlet_temp"] == list(range(0, 601, 10))
    assert times["weather-1/air_pressure"] == [0, 300, 600]


def test_a_coarser_sampling_takes_all_faster_points_with_it() -> None:
    site = simulated()
    site.sample(START_NS)
    readings = site.sample(at(5), every_s=5.0)
    assert {"meter-main/power", "crac-1/fan_speed"} <= set(readings)
    assert "rack-01/inlet_temp" not in readings


def test_the_same_seed_gives_the_same_values_and_another_does_not() -> None:
    first, again, other = simulated(), simulated(), simulated(seed=43)
    assert seconds(first, 0, 300) == seconds(again, 0, 300)
    assert other.sample(START_NS) != simulated().sample(START_NS)


def test_time_does_not_go_back() -> None:
    site = simulated()
    site.sample(at(10))
    with pytest.raises(ValueError, match="does not go back"):
        site.sample(at(9))


def test_states_are_small_whole_numbers() -> None:
    readings = simulated().sample(START_NS)
    assert (readings["ups-1/mode"], readings["crac-1/mode"]) == (0.0, 1.0)


def test_a_compressor_trip_shows_and_ends() -> None:
    site = simulated(Fault("compressor-trip", at(60), at(150)))
    readings = seconds(site, 0, 1_200)
    power = [reading["crac-1/compressor_power"] for reading in readings]
    supply = [r["crac-1/supply_air_temp"] for r in readings if "crac-1/supply_air_temp" in r]
    assert power[60] > 500.0
    assert set(power[62:151]) == {0.0}
    assert power[300] > 500.0
    assert max(supply) > supply[5] + 8.0
    assert supply[-1] == pytest.approx(supply[5], abs=1.0)


def test_before_its_onset_a_fault_changes_nothing() -> None:
    faulty = simulated(
        Fault("compressor-trip", at(200)), Fault("sensor-stuck", at(200), point="rack-01/it_power")
    )
    assert seconds(simulated(), 0, 200)[:200] == seconds(faulty, 0, 199)


def test_a_stuck_sensor_repeats_itself_and_its_plant_does_not_notice() -> None:
    faulty = simulated(Fault("sensor-stuck", at(60), at(200), point="rack-01/it_power"))
    plain = seconds(simulated(), 0, 300)
    stuck = seconds(faulty, 0, 300)
    assert len({reading["rack-01/it_power"] for reading in stuck[60:200]}) == 1
    assert stuck[60]["rack-01/it_power"] == stuck[59]["rack-01/it_power"]
    assert stuck[210]["rack-01/it_power"] != stuck[199]["rack-01/it_power"]
    assert [r["meter-main/power"] for r in stuck] == [r["meter-main/power"] for r in plain]


def test_the_supply_air_sensor_sticks_unless_another_is_named() -> None:
    site = simulated(Fault("sensor-stuck", at(60), at(200)), Fault("compressor-trip", at(70)))
    supply = [
        reading["crac-1/supply_air_temp"]
        for reading in seconds(site, 0, 190)
        if "crac-1/supply_air_temp" in reading
    ]
    assert len(set(supply[6:])) == 1


def test_a_fault_of_an_unknown_point_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"rack-9/it_power.*no point of ams-03; nearest is"):
        simulated(Fault("sensor-stuck", at(1), point="rack-9/it_power"))


def test_labels_tell_the_truth() -> None:
    trip, stuck = Fault("compressor-trip", 1, 2), Fault("sensor-stuck", 3, point="rack-01/it_power")
    assert simulated(trip, stuck).labels == [
        Label("ams-03", "compressor-trip", "crac-1", 1, 2, None),
        Label("ams-03", "sensor-stuck", "rack-01", 3, None, None, point="rack-01/it_power"),
    ]


SUPPLY = "crac-1/supply_air_temp"


def of_supply(*faults: Fault, minutes: int = 60) -> list[float]:
    site = simulated(*faults)
    samples = (site.sample(at(10 * index)) for index in range(6 * minutes + 1))
    return [sample[SUPPLY] for sample in samples if SUPPLY in sample]


def test_a_biased_sensor_shows_so_much_more() -> None:
    biased = of_supply(Fault("sensor-bias", START_NS, severity=3.0))
    assert [round(b - w, 1) for b, w in zip(biased, of_supply(), strict=True)] == [3.0] * 361


def test_a_drifting_sensor_shows_more_and_more() -> None:
    drifting = of_supply(Fault("sensor-drift", START_NS, severity=2.0))
    assert drifting[-1] - of_supply()[-1] == pytest.approx(2.0, abs=0.11)
    assert drifting[180] - of_supply()[180] == pytest.approx(1.0, abs=0.11)


def test_a_noisy_sensor_spreads_as_it_was_told() -> None:
    noisy = of_supply(Fault("sensor-noise", START_NS, severity=1.5), minutes=180)
    errors = [n - w for n, w in zip(noisy, of_supply(minutes=180), strict=True)]
    assert statistics.stdev(errors) == pytest.approx(1.5, rel=0.1)


def test_a_sensor_that_drops_out_leaves_its_share_away_and_no_other_notices() -> None:
    dropping = of_supply(Fault("sensor-dropout", START_NS, severity=0.4), minutes=180)
    assert len(dropping) == pytest.approx(0.6 * 1_081, rel=0.1)
    faulty = simulated(Fault("sensor-dropout", START_NS, severity=1.0))
    sample, whole = faulty.sample(START_NS), simulated().sample(START_NS)
    assert sample == {point: value for point, value in whole.items() if point != SUPPLY}


def test_a_fault_of_an_unknown_rack_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"rack-9.*no rack of ams-03; nearest is"):
        simulated(Fault("rack-thermal-runaway", at(1), rack="rack-9"))


def test_a_label_names_the_asset_that_the_fault_is_about() -> None:
    names = ("fan-degradation", "containment-breach", "grid-outage", "rack-thermal-runaway")
    labels = simulated(*(Fault(name, 1) for name in names)).labels
    assert [each.asset for each in labels] == ["crac-1", "cold-aisle", "meter-main", "rack-01"]


def test_a_label_says_how_severe_the_fault_becomes() -> None:
    slow = Fault("coil-fouling", 1, severity=0.4, ramp_ns=5)
    usual = FAULTS["fan-degradation"].severity
    assert usual is not None
    labels = simulated(slow, Fault("fan-degradation", 2)).labels
    assert [(each.severity, each.ramp_ns) for each in labels] == [(0.4, 5), (usual.usual, 0)]
