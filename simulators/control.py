"""Controllers of the plant."""

from __future__ import annotations


class Pi:
    """A proportional-integral controller that stops integrating at its limits.

    gain : output a unit of error. integral_s : the reset time.
    """

    __slots__ = ("_gain", "_high", "_integral", "_integral_s", "_low")

    def __init__(
        self, gain: float, integral_s: float, low: float, high: float, *, start: float
    ) -> None:
        self._gain = gain
        self._integral_s = integral_s
        self._low = low
        self._high = high
        self._integral = start

    def restart(self, output: float) -> None:
        """Begins anew from an output, as a controller does when its machine starts."""
        self._integral = output

    def step(self, error: float, step_s: float) -> float:
        """The output for this error."""
        wanted = self._integral + self._gain * error
        output = min(self._high, max(self._low, wanted))
        # Back-calculation: what the limit takes away is taken from the integral at reset speed.
        change = self._gain * error + (output - wanted)
        self._integral += change * step_s / self._integral_s
        return output
