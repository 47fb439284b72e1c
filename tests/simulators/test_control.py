from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.control import Pi


@given(st.lists(st.floats(-50.0, 50.0), max_size=200))
def test_the_output_keeps_its_limits(errors: list[float]) -> None:
    controller = Pi(0.1, 60.0, -0.1, 1.0, start=0.5)
    assert all(-0.1 <= controller.step(error, 1.0) <= 1.0 for error in errors)


def test_a_lag_is_brought_to_its_set_point() -> None:
    controller = Pi(0.05, 40.0, 0.0, 1.0, start=0.0)
    value = 30.0
    for _ in range(3_000):
        cooling = controller.step(value - 22.0, 1.0)
        value += (32.0 - 20.0 * cooling - value) / 30.0
    assert value == pytest.approx(22.0, abs=0.01)


def test_an_hour_at_the_limit_is_forgotten_within_minutes() -> None:
    controller = Pi(0.05, 60.0, 0.0, 1.0, start=0.0)
    for _ in range(3_600):
        controller.step(30.0, 1.0)
    later = [controller.step(-5.0, 1.0) for _ in range(300)]
    assert later[-1] < 0.1
