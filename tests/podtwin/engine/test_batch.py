from __future__ import annotations

import msgspec
import numpy as np
import pytest
from support.engine_logs import air_dx

from podtwin.engine.batch import Batch
from podtwin.engine.grid import ClosedStep, Grid
from podtwin.engine.plan import Plan, make_plan
from twin.site_model import site_model


def plan_of(cop: float = 4.05) -> Plan:
    site = air_dx(cop=cop)
    found = site_model(site)
    assert found is not None
    return make_plan(site, found)


PLAN = plan_of()


def expected() -> list[float]:
    """What the sensors of a module at rest would read."""
    params, u = np.array([PLAN.params]), np.array([U])
    x = PLAN.model.initial(params)
    for _ in range(200):
        x = PLAN.model.step(x, u, params, 60.0)
    return [float(value) for value in PLAN.model.observe(x, u, params)[0]]


U = [1.1e4, 21.0, 70.0, 1.0, 15.0, 60.0, 0.0, 101_325.0, 0.0]
Y = expected()


def closed(plan: Plan = PLAN, shift: float = 0.0) -> ClosedStep:
    """A step in which every sensor was read."""
    empty = Grid.of(plan).freeze(plan, 1, 1, recorded=False)
    y = [value + shift for value in Y]
    compared = [y[c] if c < len(y) else float("nan") for c in plan.shown]
    return msgspec.structs.replace(empty, u=U, y=y, number=[1.0] * len(y), compared=compared)


def batch_of(sites: int) -> tuple[Batch, list[int]]:
    batch = Batch(PLAN.model, len(PLAN.params))
    return batch, [batch.add(PLAN.params) for _ in range(sites)]


def test_rows_grow_with_the_sites_and_are_given_back() -> None:
    batch, rows = batch_of(40)
    assert len(set(rows)) == 40
    batch.remove(rows[7])
    assert batch.add(PLAN.params) == rows[7]


def test_a_step_gives_a_mean_and_a_positive_sd_for_each_emitted_point() -> None:
    batch, rows = batch_of(2)
    means, sds, _ = batch.step(rows, [closed(), closed(shift=0.1)])
    assert [len(each) for each in (*means, *sds)] == [len(PLAN.emitted)] * 4
    assert all(sd > 0.0 for each in sds for sd in each)


@pytest.mark.parametrize("steps", (0, 1, 30))
def test_a_state_goes_on_in_another_batch_as_if_nothing_had_been(steps: int) -> None:
    (one, rows), (other, others) = batch_of(1), batch_of(1)
    for count in range(steps):
        one.step(rows, [closed(shift=0.01 * count)])
    assert other.set_state(others[0], *one.state(rows[0]))
    assert other.state(others[0]) == one.state(rows[0])
    assert other.step(others, [closed(shift=1.0)]) == one.step(rows, [closed(shift=1.0)])
    assert other.state(others[0]) == one.state(rows[0])


@pytest.mark.parametrize(("x", "variance"), (([1.0], [1.0]), ([0.0] * 14, [0.0] * 90)))
def test_a_state_of_another_shape_is_refused(x: list[float], variance: list[float]) -> None:
    batch, rows = batch_of(1)
    assert not batch.set_state(rows[0], x, variance)


def test_what_a_sensor_taught_stays_when_parameters_change() -> None:
    batch, rows = batch_of(1)
    for _ in range(200):
        batch.step(rows, [closed()])
    before = batch.state(rows[0])[1][91:]
    changed = plan_of(cop=3.0)
    batch.set_params(rows[0], changed.params)
    quiet = msgspec.structs.replace(closed(changed), compared=[float("nan")] * len(changed.shown))
    batch.step(rows, [quiet])
    assert batch.state(rows[0])[1][91:] == before


def test_a_reading_beyond_the_gate_is_counted_by_site_and_channel() -> None:
    batch, rows = batch_of(2)
    for _ in range(400):
        batch.step(rows, [closed(), closed()])
    odd = closed()
    odd = msgspec.structs.replace(odd, y=[*odd.y[:4], 90.0, *odd.y[5:]])
    batch.step(rows, [closed(), odd])
    assert batch.gated[rows[1], 4] == 1
    assert batch.gated[rows[0], 4] == 0


def test_a_filter_that_loses_its_site_is_told_of_and_stays_counted() -> None:
    batch, rows = batch_of(2)
    for _ in range(40):
        batch.step(rows, [closed(), closed()])
    lost = [batch.step(rows, [closed(), closed(shift=1e4)]).lost for _ in range(150)]
    assert not any(healthy for healthy, _ in lost)
    assert sum(gone for _, gone in lost) == batch.lost[rows[1]] == batch.lost_total > 0
    assert batch.gated_total == batch.gated.total() > 0
    counted = batch.gated_total, batch.lost_total
    batch.remove(rows[1])
    assert (batch.gated_total, batch.lost_total) == counted


def test_a_gap_is_counted_as_a_beginning() -> None:
    batch, rows = batch_of(2)
    batch.step(rows, [closed(), msgspec.structs.replace(closed(), restart=True)])
    assert batch.gap_total == 1
