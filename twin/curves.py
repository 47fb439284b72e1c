"""The curves of equipment records: polynomials and a hyperbola with stated bounds.

The forms and the order of their coefficients are those of EnergyPlus 25.2, Input Output
Reference, "Performance Curves", so that a published record is typed in as it stands.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from twin.model import Array
from twin.ranges import Ranged, anywhere, within


class Form(enum.StrEnum):
    """How a curve is written; c1, c2, … its coefficients."""

    LINEAR = "Linear"  # c1 + c2 x
    QUADRATIC = "Quadratic"  # c1 + c2 x + c3 x²
    CUBIC = "Cubic"  # c1 + c2 x + c3 x² + c4 x³
    QUARTIC = "Quartic"  # … + c5 x⁴
    BIQUADRATIC = "Biquadratic"  # c1 + c2 x + c3 x² + c4 y + c5 y² + c6 x y
    HYPERBOLA = "RectangularHyperbola2"  # c1 x / (c2 + x) + c3 x


_COUNT = {
    Form.LINEAR: 2,
    Form.QUADRATIC: 3,
    Form.CUBIC: 4,
    Form.QUARTIC: 5,
    Form.BIQUADRATIC: 6,
    Form.HYPERBOLA: 3,
}


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of one or two inputs.

    coefficients : in the order of `Form`. x, y : lowest and highest input it is good for.
    """

    form: Form
    coefficients: tuple[float, ...]
    x: tuple[float, float]
    y: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if len(self.coefficients) != _COUNT[self.form]:
            raise ValueError(
                f"a {self.form} curve has {_COUNT[self.form]} coefficients, "
                f"not {len(self.coefficients)}"
            )
        if (self.form is Form.BIQUADRATIC) != (self.y is not None):
            raise ValueError(
                f"a {self.form} curve has bounds of y if and only if it has two inputs"
            )
        for low, high in (self.x, self.y or (0.0, 0.0)):
            if not low <= high:
                raise ValueError(f"bounds {low} to {high} of a {self.form} curve are out of order")

    def __call__(self, x: Array | float, y: Array | float = 0.0) -> Ranged:
        """The curve at x and y, each held within its bounds. [as the curve's source says]"""
        held_x = within(x, *self.x)
        if self.form is Form.HYPERBOLA:
            c1, c2, c3 = self.coefficients
            return Ranged(
                c1 * held_x.value / (c2 + held_x.value) + c3 * held_x.value, held_x.outside
            )
        if self.y is None:
            return Ranged(polynomial(self.coefficients, held_x.value), held_x.outside)
        held_y = within(y, *self.y)
        a, b, c, d, e, f = self.coefficients
        x_, y_ = held_x.value, held_y.value
        value = a + x_ * (b + c * x_ + f * y_) + y_ * (d + e * y_)
        return Ranged(value, anywhere(held_x.outside, held_y.outside))


ONE = Curve(Form.LINEAR, (1.0, 0.0), (-np.inf, np.inf))  # no effect, whatever the input


def polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """c1 + c2 x + c3 x² + …, by Horner's rule. [1]"""
    value = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value
