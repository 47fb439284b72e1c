"""The twin's room beside EnergyPlus: fifteen cases of one module, a year or two days each.

    python -P benchmarks/energyplus.py [--data DIR] [--out OUT] [--cases A,D1] [--steps-per-hour 6]

DIR (or PODTWIN_TEST_DATA, else ../shared/data) holds energyplus/params/*.json and
energyplus/inputs/*.csv.gz. Each case becomes OUT/<case>.parquet; those whose outputs/ exist are
scored, with `--reference DIR2` those in DIR2. Everything comes from a case's parameters and
curves: nothing is fitted. Weather is the mean of an hour; within it, straight lines between the
middles. The first day is run until it repeats.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from twin import run
from twin.chiller import ChillerCurves
from twin.coil import counterflow_ntu
from twin.curves import ONE, Curve, Form
from twin.dx_coil import DxCurves, bypass_factor
from twin.envelope import box_irradiance_w_m2, sun_elevation_sine
from twin.fluids import DRY_AIR_J_KG_K, density_kg_m3
from twin.model import Array
from twin.room import MEASURED, Room
from twin.room_terms import Equipment, packed
from twin.server_load import AirCooledServers

FAULT_STEP_S = 30.0  # inside an interval of minutes
WARM_UP_DAYS, FAULT_WARM_UP_DAYS = 3, 1
PIECE_DAYS = 5  # 73 of them are a year
WATER_W_K_M3 = 998.0 * 4186.0
COLUMNS = {
    "it_w": "it_W",
    "ups_loss_w": "ups_loss_W",
    "supply_c": "supply_air_C",
    "air_c": "zone_air_C",
    "inlet_c": "ite_inlet_C",
    "coil_w": "coil_total_W",
    "compressor_w": "compressor_W",
    "fan_w": "crac_fan_W",
    "pump_w": "pump_W",
    "facility_w": "facility_W",
}
INPUTS = (
    "cpu_load_fraction",
    "supply_setpoint_C",
    "fan_available",
    "cooling_available",
    "outdoor_drybulb_C",
    "outdoor_humidity_ratio",
    "outdoor_pressure_Pa",
    "sun_w_m2",
    "sky_temperature_C",
)
Case = tuple[Mapping[str, Any], pl.DataFrame]
SWITCHED = 4  # the first so many inputs jump; the others change smoothly


def main() -> None:
    """Writes the cases and prints the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    given = Path(os.environ.get("PODTWIN_TEST_DATA", here))
    parser.add_argument("--data", type=Path, default=given)
    parser.add_argument("--out", type=Path, default=Path("energyplus-cases"))
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--cases", default="")
    parser.add_argument("--steps-per-hour", type=int, default=6)
    chosen = parser.parse_args()
    folder = chosen.data / "energyplus" if (chosen.data / "energyplus").exists() else chosen.data
    paths = sorted((folder / "params").glob("*.json"))
    if not paths:
        print(f"{folder / 'params'}: no cases; nothing to do")
        return
    chosen.out.mkdir(parents=True, exist_ok=True)
    wanted = tuple(filter(None, chosen.cases.split(",")))
    cases = [
        json.loads(path.read_text()) for path in paths if not wanted or path.stem.startswith(wanted)
    ]
    print(f"{'case':30s}{'PUE':>8s}  against the reference")
    for batch in alike(cases, folder / "inputs"):
        begun = time.monotonic()
        for case, found in computed(batch, chosen.steps_per_hour):
            name = case["case"]
            found.write_parquet(chosen.out / f"{name}.parquet")
            reference = (chosen.reference or folder / "outputs") / f"{name}.parquet"
            words = "not there"
            if reference.exists():
                words = scored(found, pl.read_parquet(reference), case)
            total = found["facility_W"].to_numpy().sum() / found["it_W"].to_numpy().sum()
            print(f"{name:30s}{total:8.4f}  {words}")
        print(f"  {time.monotonic() - begun:.0f} s")


def alike(cases: Sequence[Mapping[str, Any]], folder: Path) -> list[list[Case]]:
    """The cases in batches of the same equipment and grid: sites of one run."""
    batches: dict[tuple[Equipment, int, int], list[Case]] = {}
    for case in cases:
        packed_table = (folder / f"{case['case']}.csv.gz").read_bytes()
        table = pl.read_csv(io.BytesIO(gzip.decompress(packed_table)))
        key = (equipment(case), int(table["interval_s"][0]), len(table))
        batches.setdefault(key, []).append((case, table))
    return list(batches.values())


def computed(
    batch: Sequence[Case], steps_per_hour: int
) -> Iterator[tuple[Mapping[str, Any], pl.DataFrame]]:
    """Each case's columns on the grid of its inputs."""
    first, table = batch[0]
    interval_s, rows = float(table["interval_s"][0]), len(table)
    hourly = interval_s >= 3600.0  # an hour
    parts = steps_per_hour if hourly else max(round(interval_s / FAULT_STEP_S), 1)
    u = np.stack([fine(with_sun(*each), parts, smooth=hourly) for each in batch], axis=1)
    params = np.concatenate([packed(parameters(case)) for case, _ in batch])
    y = in_pieces(Room(equipment(first)), params, u, interval_s / parts, hourly=hourly)
    for site, (case, table) in enumerate(batch):
        # A sensor shows the mean of an hour, and the end of an interval of minutes.
        each = y[:, site, :].reshape(rows, parts, -1)
        shown = each.mean(axis=1) if hourly else each[:, -1, :]
        columns = {COLUMNS[n]: shown[:, k] for k, n in enumerate(MEASURED) if n in COLUMNS}
        times = table["time_utc"].str.to_datetime(time_zone="UTC")
        found = pl.DataFrame({"time_utc": times, **columns})
        yield case, found.with_columns((pl.col("facility_W") / pl.col("it_W")).alias("pue"))


def in_pieces(room: Room, params: Array, u: Array, dt: float, *, hourly: bool) -> Array:
    """Observations (steps, sites, m); a year as pieces of five days side by side.

    A room forgets within a day, and each piece is begun three days early, the first one with the
    first day three times; faults of two days run as they are, after the first day. Sites of one
    batch cost little more than one alone.
    """
    day, sites = round(86_400.0 / dt), u.shape[1]
    days = WARM_UP_DAYS if hourly else FAULT_WARM_UP_DAYS
    early = np.concatenate([np.tile(u[:day], (days, 1, 1)), u])
    length = PIECE_DAYS * day if hourly else len(u)
    lead = days * day
    starts = range(0, len(u), length)
    pieces = np.concatenate([early[s : s + lead + length] for s in starts], axis=1)
    every = np.tile(params, (len(starts), 1))
    y = run(room, every, room.initial(every), pieces, dt)[1][lead:]
    return np.concatenate([y[:, k * sites : (k + 1) * sites] for k in range(len(starts))])


def equipment(case: Mapping[str, Any]) -> Equipment:
    """The curves of a case."""
    p, curves = case["parameters"], {name: curve(c) for name, c in case["curves"].items()}
    fan = ONE
    if "fan_power_coefficients" in p:
        terms = tuple(map(float, p["fan_power_coefficients"]))
        fan = Curve(Form.QUARTIC, terms, (float(p["fan_min_flow_fraction"]), 1.0))
    shared: dict[str, Any] = {
        "fan": fan,
        "follows": "approach_supply_K" in p,
        "servers": AirCooledServers(
            curves["ITE CPU power fLoadTemp"],
            curves["ITE air flow fLoadTemp"],
            curves["ITE fan power fFlow"],
        ),
        "ups": curves["UPS efficiency fPLR"],
    }
    if case["kind"] == "chw":
        free = curves["Thermosiphon fraction"] if p.get("free_cooling") == "thermosiphon" else None
        chiller = ChillerCurves(
            curves["Chiller capacity fT"],
            curves["Chiller EIR fT"],
            curves["Chiller EIR fPLR"],
            free,
        )
        return Equipment(chiller=chiller, **shared)
    unit = ("capacity fT", "capacity fFF", "EIR fT", "EIR fFF", "PLF fPLR")
    return Equipment(dx=DxCurves(*(curves[f"DX {name}"] for name in unit)), **shared)


def curve(given: Mapping[str, Any]) -> Curve:
    """A curve as the case has it."""
    limits = [float(limit) for limit in given["limits"]]
    y = (limits[2], limits[3]) if given["form"] == Form.BIQUADRATIC else None
    terms = tuple(map(float, given["coefficients"]))
    return Curve(Form(given["form"]), terms, (limits[0], limits[1]), y)


def parameters(case: Mapping[str, Any]) -> dict[str, float]:
    """A case's parameters by the names of the room's."""
    p, derived = case["parameters"], case["derived"]
    cpu_share = 1.0 - p["ite_fan_fraction"]
    pressure_pa = derived["standard_pressure_Pa"]
    sides = 2.0 * (p["length_m"] + p["width_m"]) * p["height_m"]
    flat = p["length_m"] * p["width_m"]
    # A face that looks at the horizon sees half a sky, of which only its root is clear of the air
    # near the ground: EnergyPlus, Engineering Reference, "External Longwave Radiation".
    sky = (flat + sides * 0.5**1.5) / derived["envelope_area_m2"]
    values = {
        "volume_m3": p["volume_m3"],
        "air_capacity_factor": p["air_capacity_multiplier"],
        "mass_capacity_j_k": p["mass_capacity_J_K"],
        "mass_conductance_w_k": p["mass_hA_W_K"],
        "walls_area_m2": derived["envelope_area_m2"],
        "walls_resistance_m2_k_w": p["r_skin_m2K_W"] + p["r_insulation_m2K_W"],
        "film_in_w_m2_k": p["h_inside_W_m2K"],
        "film_out_w_m2_k": p["h_outside_W_m2K"],
        "absorptance": p["solar_absorptance"],
        "emissivity": p["ir_absorptance_outside"],
        "sky_share": sky,
        "infiltration_per_h": p["infiltration_ach"],
        "standard_pressure_pa": pressure_pa,
        "cpu_rated_w": p["ite_design_W"] * cpu_share,
        "server_fan_rated_w": p["ite_design_W"] * p["ite_fan_fraction"],
        "server_flow_m3_s": p["ite_design_W"] * p["ite_flow_m3_s_per_W"],
        "recirculation": 1.0
        if p["ite_inlet"] == "ZoneAirNode"
        else p.get("ite_recirculation", 0.0),
        "ups_efficiency": p["ups_design_eff"],
        "ups_heat_share": p["ups_loss_to_zone"],
        "air_flow_m3_s": p["air_flow_m3_s"],
        "fan_rated_w": derived["crac_fan_power_W"],
    }
    if "approach_supply_K" in p:
        values |= {
            "supply_approach_k": p["approach_supply_K"],
            "return_approach_k": p["approach_return_K"],
            "least_flow_share": p["fan_min_flow_fraction"],
        }
    if p.get("econ_type") == "FixedDryBulb":
        values["economiser_limit_c"] = p["econ_high_limit_C"]
    if "transformer" in p:
        values |= transformer(p["transformer"])
    values |= water(case) if case["kind"] == "chw" else direct(p, pressure_pa)
    return values


def direct(p: Mapping[str, Any], pressure_pa: float) -> dict[str, float]:
    """The direct-expansion unit; its bypass factor follows from its rating."""
    one = np.ones(1)
    bypass = bypass_factor(
        p["dx_capacity_W"] * one,
        p["dx_shr"] * one,
        p["dx_rated_flow_m3_s"] * one,
        pressure_pa * one,
    )
    return {
        "cooling_w": p["dx_capacity_W"],
        "cop": p["dx_cop"],
        "dx_flow_m3_s": p["dx_rated_flow_m3_s"],
        "dx_bypass": float(bypass[0]),
        "lowest_outdoor_c": p["dx_min_outdoor_C"],
    }


def water(case: Mapping[str, Any]) -> dict[str, float]:
    """Chiller, pump and coil; the coil's UA follows from its design point, dry."""
    p, pump_w = case["parameters"], case["derived"]["pump_power_W"]
    density = float(density_kg_m3(np.array(20.0), 0.0, case["derived"]["standard_pressure_Pa"]))
    air_w_k = p["coil_design_air_m3_s"] * density * DRY_AIR_J_KG_K
    water_w_k = p["coil_design_water_m3_s"] * WATER_W_K_M3
    least, most = min(air_w_k, water_w_k), max(air_w_k, water_w_k)
    heat_w = air_w_k * (p["coil_design_air_in_C"] - p["coil_design_air_out_C"])
    span_k = p["coil_design_air_in_C"] - p["coil_design_water_in_C"]
    ntu = counterflow_ntu(np.array(heat_w / least / span_k), np.array(least / most)).value
    return {
        "cooling_w": p["chiller_capacity_W"],
        "cop": p["chiller_cop"],
        "chiller_least_share": p["chiller_min_plr"],
        "water_c": p["chw_supply_C"],
        "water_flow_m3_s": p["coil_design_water_m3_s"],
        "coil_conductance_w_k": float(ntu) * least,
        "pump_w": pump_w,
        "pump_heat_w": pump_w * p["pump_motor_eff"],
        "free_cooling_k": p["thermosiphon_min_dT_K"],
    }


def transformer(p: Mapping[str, Any]) -> dict[str, float]:
    """A transformer by its nameplate."""
    return {
        "transformer_va": p["rated_capacity_VA"],
        "transformer_no_load_w": p["no_load_loss_W"],
        "transformer_load_w": p["load_loss_W"],
        "transformer_eddy_share": p["eddy_fraction"],
        "transformer_rise_k": p["full_load_temperature_rise_K"],
        "transformer_coefficient_c": 225.0 if p["conductor"] == "Aluminum" else 234.5,
    }


def with_sun(case: Mapping[str, Any], table: pl.DataFrame) -> Array:
    """The inputs (n, 9), sun as the mean over the module's faces."""
    p, site = case["parameters"], case["site"]
    seconds = table["time_utc"].str.to_datetime(time_zone="UTC").dt.epoch("s").to_numpy()
    middle_s = seconds + table["interval_s"].to_numpy() / 2.0
    sine = sun_elevation_sine(middle_s, np.array(site["latitude"]), np.array(site["longitude"]))
    area = case["derived"]["envelope_area_m2"]
    sides = 2.0 * (p["length_m"] + p["width_m"]) * p["height_m"]
    sun = box_irradiance_w_m2(
        table["solar_direct_normal_W_m2"].to_numpy(),
        table["solar_diffuse_W_m2"].to_numpy(),
        sine,
        np.array(p["length_m"] * p["width_m"] / area),
        np.array(sides / area),
    )
    return table.with_columns(pl.Series("sun_w_m2", sun)).select(INPUTS).to_numpy().astype(float)


def fine(u: Array, parts: int, *, smooth: bool) -> Array:
    """Inputs (n * parts, k): repeated, weather between the middles of the hours if `smooth`."""
    repeated = np.repeat(u, parts, axis=0)
    if smooth:
        middles = np.arange(len(u)) + 0.5
        at = (np.arange(len(repeated)) + 1.0) / parts
        for column in range(SWITCHED, u.shape[1]):
            repeated[:, column] = np.interp(at, middles, u[:, column])
    return repeated


def scored(found: pl.DataFrame, reference: pl.DataFrame, case: Mapping[str, Any]) -> str:
    """The figures of a case in a line; an outage by how fast it warms."""

    def series(table: pl.DataFrame, name: str) -> Array:
        return table[name].to_numpy().astype(np.float64)

    def off(name: str) -> str:
        mine, theirs = series(found, name).sum(), series(reference, name).sum()
        return f"{100.0 * (mine / theirs - 1.0):+.2f} %" if theirs else "none"

    zone = series(found, "zone_air_C") - series(reference, "zone_air_C")
    pue = series(found, "facility_W").sum() / series(found, "it_W").sum()
    theirs = series(reference, "facility_W").sum() / series(reference, "it_W").sum()
    words = (
        f"zone {np.sqrt(np.mean(zone**2)):.3f} K, coil {off('coil_total_W')}, "
        f"compressor {off('compressor_W')}, PUE {pue - theirs:+.4f}"
    )
    rise = warming(found, reference, case)
    return words if rise is None else f"{words}, outage rises {rise[0]:.2f} to {rise[1]:.2f} times"


def warming(
    found: pl.DataFrame, reference: pl.DataFrame, case: Mapping[str, Any]
) -> tuple[float, float] | None:
    """Least and greatest ratio of the rise since an outage began, while it lasts."""
    rows = case["schedules_local_standard_time_until_hour"]["cooling_available"]
    if len(rows) == 1:
        return None
    interval_h = 24.0 / (len(found) / 2)
    first, last = round(rows[0][0] / interval_h), round(rows[1][0] / interval_h)
    mine, theirs = (table["zone_air_C"].to_numpy().astype(float) for table in (found, reference))
    ratio = (mine[first:last] - mine[first - 1]) / (theirs[first:last] - theirs[first - 1])
    return float(ratio.min()), float(ratio.max())


if __name__ == "__main__":
    main()
