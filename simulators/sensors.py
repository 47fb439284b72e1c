"""What sensors make of the truth: lag, bias, noise, digits.

Spreads follow the usual accuracies (air ±0.3 to 0.5 K, humidity ±2 to 3 %, power 0.5 to 1 %);
a unit's own bias and gain are drawn once from its seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from podcore.site import Point


@dataclass(frozen=True, slots=True)
class SensorKind:
    """A make of sensor.

    lag_s : first-order lag. bias_sd, gain_sd : spread between units (absolute, relative).
    noise_sd, noise_share : spread between samples (absolute, relative).
    digits : decimals of what it sends, negative for tens and hundreds.
    low, high : what it can show.
    """

    lag_s: float = 0.0
    bias_sd: float = 0.0
    gain_sd: float = 0.0
    noise_sd: float = 0.0
    noise_share: float = 0.0
    digits: int = 1
    low: float = float("-inf")
    high: float = float("inf")


EXACT = SensorKind(digits=3)  # set points, states and counters are numbers in a controller

_DUCT = SensorKind(lag_s=15, bias_sd=0.12, noise_sd=0.04)
_PROBE = SensorKind(lag_s=45, bias_sd=0.15, noise_sd=0.05)
_BY_POINT = MappingProxyType(
    {
        "inlet_temp": _PROBE,
        "outlet_temp": _PROBE,
        "air_temp": SensorKind(lag_s=25, bias_sd=0.15, noise_sd=0.04),
        "outdoor_air_temp": SensorKind(lag_s=90, bias_sd=0.15, noise_sd=0.05),
        "battery_temp": SensorKind(lag_s=600, bias_sd=0.3, noise_sd=0.03),
        "battery_charge": SensorKind(digits=0, low=0, high=100),
    }
)
_BY_QUANTITY = MappingProxyType(
    {
        "temperature": _DUCT,
        "humidity": SensorKind(lag_s=30, bias_sd=0.8, noise_sd=0.15, low=0, high=100),
        "power": SensorKind(gain_sd=0.003, noise_share=0.001, digits=0),
        "energy": SensorKind(digits=0),
        "percentage": SensorKind(noise_sd=0.05, low=0, high=100),
        "pressure_difference": SensorKind(bias_sd=0.2, noise_sd=0.25),
        "pressure": SensorKind(bias_sd=30, noise_sd=5, digits=-1),
        "irradiance": SensorKind(gain_sd=0.01, noise_share=0.01, digits=0, low=0),
        "voltage": SensorKind(gain_sd=0.002, noise_sd=0.15),
        "frequency": SensorKind(noise_sd=0.003, digits=2),
        "state": SensorKind(digits=0),
    }
)


def kind_of(point: Point) -> SensorKind:
    """The make that measures a point."""
    if point.name.endswith("_setpoint"):
        return EXACT
    return _BY_POINT.get(point.name) or _BY_QUANTITY.get(point.quantity, EXACT)


class Sensor:
    """One sensor: follows the truth, and is read now and then.

    `stuck` holds it at what it last showed; `off` is what a fault adds to what it shows, `noisy`
    the standard deviation that one adds, `dropping` the share of samples that never come.
    """

    __slots__ = (
        "_bias",
        "_chance",
        "_gain",
        "_kind",
        "_lagged",
        "dropping",
        "noisy",
        "off",
        "shown",
        "stuck",
    )

    def __init__(self, kind: SensorKind, chance: Random) -> None:
        self._kind = kind
        self._chance = chance
        self._bias = chance.gauss(0.0, 1.0) * kind.bias_sd
        self._gain = 1.0 + chance.gauss(0.0, 1.0) * kind.gain_sd
        self._lagged: float | None = None
        self.shown: float | None = None
        self.stuck = False
        self.off, self.noisy, self.dropping = 0.0, 0.0, 0.0

    @property
    def lag_s(self) -> float:
        """Time constant of the lag. [s]"""
        return self._kind.lag_s

    def follow(self, truth: float, step_s: float) -> None:
        """Takes one step of a true value; only sensors with a lag need it."""
        lagged = self._lagged
        if lagged is None:
            self._lagged = truth
        else:
            self._lagged = lagged + (truth - lagged) * min(1.0, step_s / self._kind.lag_s)

    def drops(self) -> bool:
        """Whether the sample that is due never comes."""
        return self.dropping > 0.0 and self._chance.random() < self.dropping

    def read(self, truth: float) -> float:
        """What it shows."""
        if self.stuck and self.shown is not None:
            return self.shown
        kind = self._kind
        value = truth if self._lagged is None else self._lagged
        value = value * self._gain + self._bias + self.off
        spread = math.hypot(kind.noise_sd + kind.noise_share * abs(value), self.noisy)
        if spread:
            value += self._chance.gauss(0.0, spread)
        value = round(min(kind.high, max(kind.low, value)), kind.digits)
        self.shown = float(value)
        return self.shown
