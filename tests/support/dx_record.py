"""The curves of a packaged direct-expansion unit, of the EnergyPlus data sets."""

from __future__ import annotations

from twin.curves import ONE, Curve, Form
from twin.dx_coil import DxCurves

CURVES = DxCurves(
    Curve(
        Form.BIQUADRATIC,
        (0.5781158, 0.0405917, 1.13e-05, -0.0095022, 1e-07, -5.73e-05),
        (12.22, 26.67),
        (15.56, 51.67),
    ),
    ONE,
    Curve(
        Form.BIQUADRATIC,
        (0.5909553, -0.0496529, 0.0016569, 0.0397786, 0.0003938, -0.0016575),
        (12.22, 26.67),
        (15.56, 51.67),
    ),
    ONE,
    Curve(Form.QUADRATIC, (0.85, 0.15, 0.0), (0.0, 1.0)),
)
