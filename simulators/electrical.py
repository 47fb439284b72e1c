"""Losses between the meter and the racks, and the battery that bridges the time without it."""

from __future__ import annotations

from dataclasses import dataclass

_AUTONOMY_S = 600.0  # at the rating, new and full: ten minutes, usual for a module
_ONE_WAY = 0.97  # of energy, into the battery as out of it
_RECHARGE = 0.1  # of the rating, until it is full


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


class UpsBattery:
    """What a UPS's battery holds.

    lost : share of its capacity that age has taken; it holds a share `charge` of what is left.
    """

    def __init__(self, rating_w: float) -> None:
        self._rating_w = rating_w
        self.lost = 0.0
        self.charge = 1.0

    @property
    def capacity_j(self) -> float:
        """What it would hold if full. [J]"""
        return self._rating_w * _AUTONOMY_S * (1.0 - self.lost)

    def stored_j(self) -> float:
        """What it holds. [J]"""
        return self.charge * self.capacity_j

    def recharge_w(self) -> float:
        """What the rectifier gives it now. [W]"""
        return _RECHARGE * self._rating_w if self.charge < 1.0 else 0.0

    def give(self, power_w: float, step_s: float) -> float:
        """Gives so much for a step; the power that its store loses. [W]"""
        taken_w = min(power_w / _ONE_WAY, self.stored_j() / step_s)
        self.charge = max(0.0, self.charge - taken_w * step_s / self.capacity_j)
        return taken_w

    def take(self, power_w: float, step_s: float) -> float:
        """Takes so much for a step; the power that its store gains. [W]"""
        gained_w = min(power_w * _ONE_WAY, (1.0 - self.charge) * self.capacity_j / step_s)
        self.charge = min(1.0, self.charge + gained_w * step_s / self.capacity_j)
        return gained_w
