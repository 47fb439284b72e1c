from __future__ import annotations

import numpy as np
import pytest
from support.seen import healthy, held, scores

from analytics.detector import Array, Gated, Seen
from analytics.stuck import Stuck

STUCK = Gated(Stuck())


def of_values(measured: Array, resolution: float = 0.1) -> Seen:
    seen = healthy(len(measured), rows=1)
    return seen._replace(
        measured=measured[:, np.newaxis],
        residual=np.zeros((len(measured), 1)),
        resolution=np.full((len(measured), 1), resolution),
    )


@pytest.mark.parametrize("value", (21.5, 0.0, 100.0, -4.0))
def test_a_set_point_may_stand_for_ever(value: float) -> None:
    values, _, _ = scores(STUCK, of_values(np.full(20_000, value)))
    assert values.max() < 1.0


def test_a_lively_sensor_is_found_after_a_few_repeats() -> None:
    watts = 8_000.0 + np.round(np.random.default_rng(1).normal(0.0, 40.0, 2_000))
    watts[1_500:1_600] = watts[1_500]
    values, _, _ = scores(STUCK, of_values(watts, resolution=1.0))
    assert np.flatnonzero(values[:, 0] >= 1.0)[0] == pytest.approx(1_506, abs=1)


def test_a_sensor_that_often_repeats_needs_longer() -> None:
    rare = scores(STUCK, held(healthy(3_000), slice(2_000, 2_200)))[0]
    calm = np.round(20.0 + np.random.default_rng(1).normal(0.0, 0.04, 3_000), 1)
    calm[2_000:2_200] = calm[2_000]
    often = scores(STUCK, of_values(calm))[0]
    assert np.flatnonzero(often[:, 0] >= 1.0)[0] > np.flatnonzero(rare[:, 0] >= 1.0)[0] + 10


def test_it_is_over_at_the_first_other_value() -> None:
    values, _, _ = scores(STUCK, held(healthy(3_000), slice(2_000, 2_200)))
    assert (values[2_199] >= 1.0).all()
    assert values[2_215:].max() < 0.7


def test_a_machine_that_stops_is_not_stuck_at_its_standby_power() -> None:
    watts = 1_900.0 + np.round(np.random.default_rng(1).normal(0.0, 3.0, 4_000))
    watts[2_000:3_000] = 45.0
    values, _, _ = scores(STUCK, of_values(watts, resolution=1.0))
    assert values.max() < 1.0


def test_an_expectation_that_moves_on_makes_a_repeat_say_more() -> None:
    still = held(healthy(3_000), slice(2_000, 2_200))
    away = still._replace(residual=still.residual.copy())
    away.residual[2_001:2_200] -= np.linspace(0.0, 3.0, 199)[:, np.newaxis]
    for row in range(3):
        first = [np.flatnonzero(scores(STUCK, seen)[0][:, row] >= 1.0)[0] for seen in (away, still)]
        assert first[0] <= first[1]
