"""Losses between the meter and the racks."""

from __future__ import annotations

import numpy as np

from twin.model import Array, held

ONLINE, ECO, BYPASS, BATTERY = range(4)  # the states of a UPS point `mode`
# Shares of the rating: at no load, with the load, with its square. Modern double conversion, 95 to
# 96 % from 0.3 to full load.
DOUBLE_CONVERSION = (0.010, 0.010, 0.020)
ECO_MODE = (0.005, 0.005, 0.005)
_PDU_SHARE = 0.0125  # of the rating at full load: bars and cables, 1 to 1.5 %


def ups_loss_w(output_w: Array, rated_w: Array, mode: Array | float = ONLINE) -> Array:
    """Heat made while `output_w` leaves the UPS. [W]

    Quadratic in the load share x: rated (a0 + a1 x + a2 x²). Eco and bypass share the smaller
    coefficients; on battery the inverter's loss is taken to be that of double conversion.

    Parameters
    ----------
    output_w : Power that leaves, 0 to 1.5 of the rating; held there. [W]
    rated_w : Rating, above zero. [W]
    mode : 0 online, 1 eco, 2 bypass, 3 battery; nearest whole number.
    """
    x = held(output_w / rated_w, 0.0, 1.5)
    state = np.rint(mode)
    direct = (state == ECO) | (state == BYPASS)
    none, linear, square = (
        np.where(direct, eco, double)
        for eco, double in zip(ECO_MODE, DOUBLE_CONVERSION, strict=True)
    )
    return rated_w * (none + (linear + square * x) * x)


def ups_input_w(output_w: Array, loss_w: Array, mode: Array | float = ONLINE) -> Array:
    """Power that the UPS draws; nothing while its battery carries the load. [W]"""
    return np.where(np.rint(mode) == BATTERY, 0.0, output_w + loss_w)


def pdu_loss_w(output_w: Array, rated_w: Array) -> Array:
    """Heat made in bars and cables, square in the load; 1.25 % of the rating at full load. [W]"""
    x = held(output_w / rated_w, 0.0, 1.5)
    return _PDU_SHARE * rated_w * x * x
