from __future__ import annotations

import statistics

from simulators.workload import LoadShape, RackLoad

SHAPE = LoadShape(mean=0.5, swing=0.1, idle_power_w=3_000.0, full_power_w=8_000.0)


def hours(load: RackLoad, count: int, start_s: int = 0) -> list[float]:
    powers = []
    for second in range(start_s, start_s + 3_600 * count):
        if second % 5 == 0:
            load.aim(second)
        powers.append(load.step(1.0))
    return powers


def test_power_stays_between_idle_and_full_but_for_the_ripple() -> None:
    powers = hours(RackLoad(SHAPE, 1, "ams-03/rack-01", 0.0), 24)
    assert min(powers) > 3_000.0 * 0.97
    assert max(powers) < 8_000.0 * 1.03


def test_afternoons_are_busier_than_nights() -> None:
    night = hours(RackLoad(SHAPE, 1, "ams-03/rack-01", 0.0), 4, start_s=2 * 3_600)
    afternoon = hours(RackLoad(SHAPE, 1, "ams-03/rack-01", 0.0), 4, start_s=13 * 3_600)
    assert statistics.fmean(afternoon) > statistics.fmean(night) + 300.0


def test_racks_of_one_seed_do_not_move_together() -> None:
    one = hours(RackLoad(SHAPE, 1, "ams-03/rack-01", 0.0), 3)
    other = hours(RackLoad(SHAPE, 1, "ams-03/rack-02", 0.0), 3)
    assert abs(statistics.correlation(one, other)) < 0.8


def test_bursts_come_and_go() -> None:
    load = RackLoad(LoadShape(0.3, 0.0, 3_000.0, 8_000.0), 4, "ams-03/rack-01", 0.0)
    busy = []
    for second in range(0, 12 * 3_600, 5):
        load.aim(second)
        busy.append(load.utilisation)
    assert max(busy) > statistics.median(busy) + 0.1
    assert min(busy) < statistics.median(busy) + 0.02


def test_the_same_seed_gives_the_same_powers() -> None:
    assert hours(RackLoad(SHAPE, 9, "x/r", 5.0), 1) == hours(RackLoad(SHAPE, 9, "x/r", 5.0), 1)
