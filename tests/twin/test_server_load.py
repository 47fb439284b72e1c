"""Power of servers, of their fans, and of GPUs in their states."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.model import Array
from twin.server_load import (
    AirCooledServers,
    GpuState,
    cpu_power_w,
    gpu_power_w,
    leakage_factor,
    supply_chain_w,
)


def one(value: float) -> Array:
    return np.array([value])


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(1.0, 2.0))
def test_a_node_s_power_grows_with_its_load_and_bends_down(a: float, b: float, r: float) -> None:
    low, middle, high = (
        cpu_power_w(one(u), one(25.0), one(174.0), r).value[0]
        for u in (min(a, b), 0.5 * (a + b), max(a, b))
    )
    assert 25.0 - 1e-9 <= low <= high <= 174.0 + 1e-9
    assert middle >= 0.5 * (low + high) - 1e-9


def test_a_load_above_all_is_held_and_flagged() -> None:
    found = cpu_power_w(one(1.3), one(25.0), one(174.0))
    assert found.value[0] == pytest.approx(174.0)
    assert found.outside[0]


def test_a_gpu_draws_what_its_state_says() -> None:
    states = np.array([GpuState.OFF, GpuState.IDLE, GpuState.BUSY, GpuState.CAPPED, 9.0])
    found = gpu_power_w(states, np.full(5, 0.5), np.full(5, 88.0), np.full(5, 560.0))
    assert found.value.tolist() == [0.0, 88.0, 324.0, 560.0, 88.0]
    assert found.outside.tolist() == [False, False, False, False, True]


def test_warm_intake_leaks_only_above_its_threshold() -> None:
    found = leakage_factor(np.array([20.0, 35.0, 60.0]), 0.003)
    assert found.value.tolist() == pytest.approx([1.0, 1.03, 1.06])
    assert found.outside.tolist() == [False, False, True]


def test_a_stage_of_conversion_takes_more_than_it_gives() -> None:
    assert supply_chain_w(one(481.0), 13.0, 0.98)[0] == pytest.approx(504.08, abs=0.01)


# By hand from the equations of ElectricEquipment:ITE:AirCooled with a 94 kW CPU, 6 kW of fans.
HAND = (
    (0.0, 15.0, 94e3 * (0.30 + 1.033058e-4 * 225.0), 8.0 * 0.472727),
    (0.4, 20.68, 94e3 * (0.30 + 0.26 + 1.033058e-4 * 427.6624), 8.0 * 0.73600),
    (0.75, 20.68, 94e3 * (0.7875 + 1.033058e-4 * 427.6624), 8.0 * 0.87600),
    (0.75, 30.0, 94e3 * (0.7875 + 1.033058e-4 * 900.0), 8.0 * 1.045454),
    (1.0, 22.0, 94e3 * (0.95 + 1.033058e-4 * 484.0), 8.0 * 1.0),
)


@pytest.mark.parametrize(("load", "inlet_c", "cpu_w", "flow"), HAND, ids=str)
def test_the_example_servers_at_five_points(
    load: float, inlet_c: float, cpu_w: float, flow: float
) -> None:
    found = AirCooledServers()(one(load), one(inlet_c), one(94e3), one(6e3), one(8.0))
    assert found.cpu_w[0] == pytest.approx(cpu_w, rel=1e-6)
    assert found.flow_m3_s[0] == pytest.approx(flow, rel=1e-5)
    assert found.fan_w[0] == pytest.approx(6e3 * (0.05 + 0.95 * (flow / 8.0) ** 3), rel=1e-4)
