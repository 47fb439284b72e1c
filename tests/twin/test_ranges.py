"""Values held within a range, and curves that hold their inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.curves import Curve, Form, polynomial
from twin.ranges import anywhere, within

anything = st.floats(-1e6, 1e6)


@given(anything)
def test_a_value_is_held_and_says_when_it_had_to_be(value: float) -> None:
    held = within(np.array([value]), -5.0, 7.0)
    assert held.value[0] == min(max(value, -5.0), 7.0)
    assert held.outside[0] == (value < -5.0 or value > 7.0)


def test_what_is_no_number_is_outside_and_becomes_one() -> None:
    held = within(np.array([np.nan, 1.0]), 0.0, 2.0)
    assert held.value.tolist() == [0.0, 1.0]
    assert held.outside.tolist() == [True, False]


def test_flags_join() -> None:
    assert anywhere(np.array([True, False]), np.array([False, False])).tolist() == [True, False]


@given(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=5), st.floats(-4.0, 4.0))
def test_a_polynomial_is_that_of_numpy(coefficients: list[float], x: float) -> None:
    found = polynomial(tuple(coefficients), np.array([x]))[0]
    assert found == pytest.approx(np.polynomial.polynomial.polyval(x, coefficients), abs=1e-9)


@given(anything, anything)
def test_a_curve_never_leaves_its_bounds(x: float, y: float) -> None:
    curve = Curve(Form.BIQUADRATIC, (1.0, 2.0, 0.5, -1.0, 0.25, 0.1), (0.0, 4.0), (-1.0, 2.0))
    a, b = min(max(x, 0.0), 4.0), min(max(y, -1.0), 2.0)
    expected = 1.0 + 2.0 * a + 0.5 * a * a - b + 0.25 * b * b + 0.1 * a * b
    found = curve(np.array([x]), np.array([y]))
    assert found.value[0] == pytest.approx(expected)
    assert found.outside[0] == ((a, b) != (x, y))


def test_the_hyperbola_is_that_of_the_reference() -> None:
    found = Curve(Form.HYPERBOLA, (1.03, 0.01, -0.01980198), (0.02, 2.0))(np.array([1.0]))
    assert found.value[0] == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize(
    ("form", "count", "y"),
    ((Form.QUADRATIC, 2, None), (Form.BIQUADRATIC, 6, None), (Form.LINEAR, 2, (0.0, 1.0))),
)
def test_a_record_typed_in_wrongly_is_refused(
    form: Form, count: int, y: tuple[float, float] | None
) -> None:
    with pytest.raises(ValueError, match=form.value):
        Curve(form, (1.0,) * count, (0.0, 1.0), y)


def test_bounds_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="out of order"):
        Curve(Form.LINEAR, (1.0, 0.0), (2.0, 1.0))
