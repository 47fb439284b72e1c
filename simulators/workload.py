"""What a rack of servers is asked to do, and the power that takes.

Utilisation is a day's curve, slow wander and seeded bursts (batch jobs): a function of time
alone. Power follows with the lag of the governors and a fast ripple.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulators.chance import Wander, stream

_BIN_S = 3_600
_BURST_CHANCE = 0.7  # of a burst an hour and rack
_RAMP_S = 8.0
_BUSIEST_HOUR = 15.0
_POWER_LAG_S = 3.0
_RIPPLE_LAG_S = 8.0


@dataclass(frozen=True, slots=True)
class LoadShape:
    """How busy a rack is: mean utilisation, swing of a day, and power idle and full. [–, W]"""

    mean: float
    swing: float
    idle_power_w: float
    full_power_w: float


@dataclass(frozen=True, slots=True)
class _Burst:
    start_s: float
    end_s: float
    height: float


class RackLoad:
    """The load of one rack.

    `power_w` holds the electrical power after the last `step`, server fans included.
    """

    def __init__(self, shape: LoadShape, seed: int, rack: str, longitude: float) -> None:
        self.shape = shape
        self.utilisation = shape.mean
        self.power_w = _power_w(shape, shape.mean)
        self._names = (seed, "bursts", rack)
        self._day_shift_h = longitude / 15.0
        self._wander = Wander(stream(seed, "load", rack), 0.05, 400, 7_200)
        self._ripple_chance = stream(seed, "ripple", rack)
        self._ripple = 0.0
        self._target_w = self.power_w
        self._bin = -1
        self._bursts: tuple[_Burst, ...] = ()

    def aim(self, time_s: float) -> None:
        """Sets what the load tends to; called every few seconds."""
        hour = (time_s / 3600.0 + self._day_shift_h) % 24.0
        wanted = self.shape.mean + self.shape.swing * math.cos(
            2 * math.pi * (hour - _BUSIEST_HOUR) / 24
        )
        wanted += self._wander.at(time_s)
        for burst in self._near(time_s):
            rise = min(time_s - burst.start_s, burst.end_s - time_s) / _RAMP_S
            wanted += burst.height * min(1.0, max(0.0, rise))
        self.utilisation = min(1.0, max(0.02, wanted))
        self._target_w = _power_w(self.shape, self.utilisation)

    def settle(self, time_s: float) -> None:
        """Takes at once the power that the load tends to."""
        self.aim(time_s)
        self.power_w = self._target_w

    def step(self, step_s: float) -> float:
        """Goes on by one step; the power. [W]"""
        settle = 1.0 - math.exp(-step_s / _RIPPLE_LAG_S)
        kick = self._ripple_chance.gauss(0.0, 0.006 * math.sqrt(2.0 * settle))
        self._ripple += kick - self._ripple * settle
        wanted_w = self._target_w * (1.0 + self._ripple)
        self.power_w += (wanted_w - self.power_w) * min(1.0, step_s / _POWER_LAG_S)
        return self.power_w

    def _near(self, time_s: float) -> tuple[_Burst, ...]:
        current = int(time_s // _BIN_S)
        if current != self._bin:
            self._bin = current
            self._bursts = tuple(
                burst for index in (current - 1, current) for burst in self._drawn(index)
            )
        return self._bursts

    def _drawn(self, index: int) -> list[_Burst]:
        chance = stream(*self._names, index)
        if chance.random() > _BURST_CHANCE:
            return []
        start_s = _BIN_S * (index + chance.random())
        length_s = min(float(_BIN_S), 60.0 * math.exp(2.7 * chance.random()))
        return [_Burst(start_s, start_s + length_s, 0.05 + 0.25 * chance.random())]


def _power_w(shape: LoadShape, utilisation: float) -> float:
    # Fan, Weber, Barroso, ISCA 2007: P = idle + (full - idle)(2u - u^r), r = 1.4.
    busy = 2.0 * utilisation - math.pow(utilisation, 1.4)
    return shape.idle_power_w + (shape.full_power_w - shape.idle_power_w) * busy
