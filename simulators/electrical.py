"""Losses between the meter and the racks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ups:
    """A double-conversion UPS whose loss is quadratic in its load.

    none, linear, square : loss at no load, and what grows with load and its square, as shares of
    the rating. Modern units are near (0.010, 0.010, 0.020): 95 to 96 % from 0.3 to full load.
    """

    rating_w: float
    none: float = 0.010
    linear: float = 0.010
    square: float = 0.020

    def loss_w(self, output_w: float) -> float:
        """Heat made while `output_w` leaves the UPS. [W]"""
        x = output_w / self.rating_w
        return self.rating_w * (self.none + self.linear * x + self.square * x * x)


@dataclass(frozen=True, slots=True)
class Pdu:
    """Bars and cables: loss square in the load, `share` of the rating at full load."""

    rating_w: float
    share: float = 0.012

    def loss_w(self, output_w: float) -> float:
        """Heat made while `output_w` leaves the PDU. [W]"""
        return self.share * output_w * output_w / self.rating_w
