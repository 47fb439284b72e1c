"""Cooling tower and heat pumps of the twin beside reference and measured ones.

    python -P benchmarks/cooling_refs.py [--data DIR]

DIR (or PODTWIN_TEST_DATA, else ../shared/data) holds cooling_refs/*.parquet. The tower's four
numbers, its fan's four and the heat pumps' are fitted on one part of a log and scored on the other.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import leastsq

from twin.curves import polynomial
from twin.dx_coil import CoilAir
from twin.fluids import STANDARD_PRESSURE_PA
from twin.heat_recovery import fitted, fitted_power_w, lorenz_cop
from twin.heat_rejection import Tower, tower
from twin.model import Array
from twin.moist_air import ratio_of_wet_bulb

SETTLING_S = 120.0  # a compressor's start is no steady state
GUESS = np.log([1_500.0, 2.0, 0.6, 0.4])  # UA [W/K], air at full speed [kg/s], exponents


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    given = Path(os.environ.get("PODTWIN_TEST_DATA", here))
    parser.add_argument("--data", type=Path, default=given)
    folder = parser.parse_args().data / "cooling_refs"
    if not folder.exists():
        print(f"{folder}: no such data; nothing to do")
        return
    cooling_tower(pl.read_parquet(folder / "energyplus_tower_merkel_variable_speed.parquet"))
    reference_heat_pump(pl.read_parquet(folder / "energyplus_heat_pump_gshp.parquet"))
    measured_heat_pump(pl.read_parquet(folder / "measured_heat_pump_1hz_first_half.parquet"))


def cooling_tower(table: pl.DataFrame) -> None:
    """Every second running point fits, the others test."""
    running = table.filter((pl.col("fan_speed_ratio") > 0.0) & (pl.col("water_kg_s") > 0.0))
    columns = {name: running[name].to_numpy().astype(float) for name in running.columns}
    fitting = np.arange(len(running)) % 2 == 0

    def leaving_c(logs: Array, rows: Array) -> Array:
        water, speed = columns["water_kg_s"][rows], columns["fan_speed_ratio"][rows]
        dry, wet = columns["drybulb_c"][rows], columns["wetbulb_c"][rows]
        pressure = np.full(len(dry), STANDARD_PRESSURE_PA)
        ratio = ratio_of_wet_bulb(dry, wet, pressure).value
        ua, full, air, liquid = np.exp(logs)
        unit = Tower(*(np.array(x) for x in (ua, full, water.mean(), air, liquid)))
        stream = CoilAir(speed * full, dry, ratio, pressure)
        return tower(columns["water_in_c"][rows], water, stream, unit).leaving_c

    measured = columns["water_out_c"]
    found = leastsq(  # type: ignore[no-untyped-call]
        lambda logs: leaving_c(logs, fitting) - measured[fitting], GUESS
    )[0]
    error_k = leaving_c(found, ~fitting) - measured[~fitting]
    fan_w, speed = columns["fan_w"], columns["fan_speed_ratio"]
    terms = np.polyfit(speed[fitting], fan_w[fitting], 3)[::-1]
    fan = polynomial(tuple(terms), speed[~fitting])
    off = 100.0 * (fan.sum() / fan_w[~fitting].sum() - 1.0)
    rmse = np.sqrt(np.mean(error_k**2))
    print(f"tower, every second of {len(running)} points: leaving water RMSE {rmse:.3f} K,")
    print(f"  largest error {np.abs(error_k).max():.2f} K, fan energy {off:+.2f} %")


def reference_heat_pump(table: pl.DataFrame) -> None:
    """One number, η_L, from the first day; power from the heat given, on the second."""
    running = table.filter(pl.col("power_w") > 0.0)
    columns = {name: running[name].to_numpy().astype(float) for name in running.columns}
    first = columns["time_s"] < 86_400.0
    cop = lorenz_cop(
        columns["source_in_c"],
        columns["source_out_c"],
        columns["load_in_c"],
        columns["load_out_c"],
        1.0,
    ).value
    ideal_w = columns["load_heat_w"] / cop
    share = ideal_w[first].sum() / columns["power_w"][first].sum()
    error = mape(ideal_w[~first] / share, columns["power_w"][~first])
    print(
        f"heat pump, reference: η_L {share:.3f}, power MAPE {error:.2f} % "
        f"on {(~first).sum()} points"
    )


def measured_heat_pump(table: pl.DataFrame) -> None:
    """A plane of sink and source temperature from the log's first half, tested on its second."""
    seconds = table["time_s"].to_numpy().astype(float)
    on = table["compressor_on"].to_numpy() > 0.5
    started = np.where(on & ~np.concatenate([[False], on[:-1]]), seconds, -np.inf)
    settled = on & (seconds - np.maximum.accumulate(started) >= SETTLING_S)
    power_w, sink_c, source_c = (
        table[name].to_numpy().astype(float)
        for name in ("power_w", "sink_supply_c", "source_out_c")
    )
    early, late = (
        settled & half for half in (seconds < seconds[-1] / 2, seconds >= seconds[-1] / 2)
    )
    machine = fitted(power_w[early], sink_c[early], source_c[early])
    fit, test = (
        mape(fitted_power_w(machine, sink_c[half], source_c[half]), power_w[half])
        for half in (early, late)
    )
    last = mape(np.full(late.sum(), power_w[early].mean()), power_w[late])
    print(
        f"heat pump, measured: power MAPE {fit:.2f} % fitted, {test:.2f} % tested on "
        f"{late.sum()} s; its mean power {last:.2f} %"
    )


def mape(found: Array, true: Array) -> float:
    """Mean absolute percentage error. [%]"""
    return float(100.0 * np.mean(np.abs(found / true - 1.0)))


if __name__ == "__main__":
    main()
