"""Losses between the meter and the racks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.curves import Curve, Form
from twin.model import Array, held
from twin.ranges import Ranged, anywhere, within

ONLINE, ECO, BYPASS, BATTERY = range(4)  # the states of a UPS point `mode`
# Shares of the rating: at no load, with the load, with its square. Modern double conversion, 95 to
# 96 % from 0.3 to full load.
DOUBLE_CONVERSION = (0.010, 0.010, 0.020)
ECO_MODE = (0.005, 0.005, 0.005)
# Efficiency over the rated one, of the load share: EnergyPlus 25.2, data centre examples.
EXAMPLE_SHAPE = Curve(Form.HYPERBOLA, (1.03, 0.01, -0.01980198), (0.02, 2.0))
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


def efficiency_loss_w(
    output_w: Array, rated_w: Array, rated_efficiency: Array | float, shape: Curve
) -> Ranged:
    """Heat of a supply by its efficiency: P (1 - η), η = η_r times the curve of the load share. [W]

    EnergyPlus 25.2, Engineering Reference, ElectricEquipment:ITE:AirCooled, power supply. η is
    held within 0.01 and 1.

    Parameters
    ----------
    output_w, rated_w : (...)   Power that leaves, and rating, above zero. [W]
    rated_efficiency : (...)   η_r, 0 to 1. [1]
    shape : `EXAMPLE_SHAPE` or another record's.
    """
    share = shape(output_w / rated_w)
    efficiency = within(rated_efficiency * share.value, 0.01, 1.0)
    return Ranged(output_w * (1.0 - efficiency.value), anywhere(share.outside, efficiency.outside))


class Transformer(NamedTuple):
    """A transformer by its nameplate, each (...).

    rated_va, no_load_w, load_w : Rating [VA], loss without load, and at full load. [W]
    eddy_share : Of the load loss that is eddy currents, about 0.1. [1]
    rise_k : Of the windings at full load, 65 to 150. [K]
    coefficient_c : 225 for aluminium, 234.5 for copper. [°C]
    """

    rated_va: Array
    no_load_w: Array
    load_w: Array
    eddy_share: Array
    rise_k: Array
    coefficient_c: Array


def transformer_loss_w(transformer: Transformer, load_w: Array, ambient_c: float = 20.0) -> Ranged:
    """P_0 + P_k x² corrected for the temperature of the windings, x up to 1.5. [W]

    IEEE C57.12.91: the resistive share grows with temperature, the eddy share falls; the rise goes
    with x^1.6. As EnergyPlus 25.2, Engineering Reference, ElectricLoadCenter:Transformer.
    """
    t = transformer
    x = within(load_w / t.rated_va, 0.0, 1.5)
    reference = t.coefficient_c + t.rise_k + ambient_c
    warmer = (t.coefficient_c + t.rise_k * x.value**1.6 + ambient_c) / reference
    corrected = (1.0 - t.eddy_share) * warmer + t.eddy_share / warmer
    return Ranged(t.no_load_w + t.load_w * x.value * x.value * corrected, x.outside)
