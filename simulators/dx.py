"""A direct-expansion unit: the compressor behind a coil.

Capacity and input ratio are biquadratic in the coil's entering wet bulb x and the outdoor dry
bulb y, after the public EnergyPlus record of a 36.8 kW unit (COP 4.05, 1.888 m³/s), valid for x
in 12.2 to 26.7 °C and y in 15.6 to 51.7 °C. Outside the inputs are held at the bound, as head
pressure control does on a cold day.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulators.air import humidity_ratio, wet_bulb_c

_CAPACITY = (1.0013476, -0.0187754, 0.0015312, 0.0054931, -0.0000901, -0.0004408)
_INPUT_RATIO = (0.3037085, 0.0310288, -0.0009543, 0.0053687, 0.0004729, -0.0004469)
# Part load of a 207 kW scroll unit (EnergyPlus reference data): power share at a capacity share.
_PART_LOAD = (0.0414674, 0.6543795, 0.3044125)
# Of capacity and of COP, a share of the charge that is gone: 14 % less refrigerant cost 8 % and
# 4.6 % (Breuker and Braun, HVAC&R Research 4(3), 1998, doi:10.1080/10789669.1998.10391406).
_CAPACITY_PER_CHARGE, _COP_PER_CHARGE = 0.57, 0.33
_WET_BULB_C = (12.2, 26.7)
_OUTDOOR_C = (15.6, 51.7)


@dataclass(frozen=True, slots=True)
class Compressor:
    """What its maker fixed."""

    rated_capacity_w: float
    rated_cop: float
    slowest: float = 0.2  # share of full speed
    ramp_per_s: float = 0.02
    least_on_s: float = 180.0
    least_off_s: float = 120.0


class DxUnit:
    """The refrigerant side: speed, heat taken from the coil, electrical power.

    `tripped` is set from outside: the high-pressure switch has opened, the motor stops at once.
    So is `charge_lost`, the share of the refrigerant that has leaked.
    """

    def __init__(self, compressor: Compressor, speed: float) -> None:
        self.compressor = compressor
        self.speed = speed
        self.capacity_w = 0.0
        self.power_w = 0.0
        self.tripped = False
        self.charge_lost = 0.0
        self._since_s = compressor.least_on_s  # since the last start or stop
        self._full_capacity_w = compressor.rated_capacity_w
        self._full_power_w = compressor.rated_capacity_w / compressor.rated_cop

    @property
    def running(self) -> bool:
        """Whether the motor turns."""
        return self.speed > 0.0

    def set_conditions(
        self, return_c: float, coil_c: float, outdoor_c: float, pressure_pa: float
    ) -> None:
        """Takes over temperatures; capacity and power at full speed follow.

        The air of a data center leaves its coil dry. The curves want a wet bulb, so they get the
        one at which this coil would just begin to wet (the "dry point").
        """
        dry_point = humidity_ratio(coil_c, 100.0, pressure_pa)
        x = _held(wet_bulb_c(max(return_c, coil_c), dry_point, pressure_pa), _WET_BULB_C)
        y = _held(outdoor_c, _OUTDOOR_C)
        self._full_capacity_w = self.compressor.rated_capacity_w * _biquadratic(_CAPACITY, x, y)
        ratio = _biquadratic(_INPUT_RATIO, x, y) / self.compressor.rated_cop
        self._full_power_w = self._full_capacity_w * ratio

    def step(self, wanted: float, step_s: float) -> None:
        """Goes on by one step towards the wanted speed (share of full; 0 asks to stop)."""
        self._since_s += step_s
        self._set_speed(wanted, step_s)
        self.settle()

    def settle(self) -> None:
        """Capacity and power at the present speed."""
        a, b, c = _PART_LOAD
        share = self.speed
        left = 1.0 - _CAPACITY_PER_CHARGE * self.charge_lost
        self.capacity_w = left * self._full_capacity_w * share
        full_w = left * self._full_power_w / (1.0 - _COP_PER_CHARGE * self.charge_lost)
        self.power_w = full_w * (a + (b + c * share) * share) if share else 0.0

    def _set_speed(self, wanted: float, step_s: float) -> None:
        limits = self.compressor
        if self.tripped:
            if self.running:
                self._turn(0.0)
        elif not self.running:
            if wanted > 0.0 and self._since_s >= limits.least_off_s:
                self._turn(limits.slowest)
        elif wanted <= 0.0 and self._since_s >= limits.least_on_s:
            self._turn(0.0)
        else:
            change = limits.ramp_per_s * step_s
            target = min(1.0, max(limits.slowest, wanted))
            self.speed += min(change, max(-change, target - self.speed))

    def _turn(self, speed: float) -> None:
        self.speed = speed
        self._since_s = 0.0


def _held(value: float, bounds: tuple[float, float]) -> float:
    return min(bounds[1], max(bounds[0], value))


def _biquadratic(k: tuple[float, ...], x: float, y: float) -> float:
    return k[0] + k[1] * x + k[2] * x * x + k[3] * y + k[4] * y * y + k[5] * x * y
