"""Made-up clusters: what runs, and what it draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import default_rng

from twin.model import Array

START_MS = 1_780_000_000_000  # 2026-05-28T20:26:40Z


def cluster(
    steps: int, step_s: float = 600.0, *, seed: int = 3, idle_w: float = 9e3, task_w: float = 150.0
) -> tuple[Array, Array]:
    """Power (steps,) and workload (steps, 4); tasks come and go by leaps, and draw √u each."""
    noise = default_rng(seed)
    leaps = noise.random(steps) < step_s / 7_200.0
    tasks = np.round(110.0 + 25.0 * np.where(leaps, noise.normal(size=steps), 0.0).cumsum() / 4.0)
    tasks = np.clip(tasks, 40.0, 200.0)
    u = np.clip(0.6 + 0.05 * noise.normal(size=steps), 0.05, 1.0)
    workload = np.column_stack([tasks, *(tasks * u**power for power in (1, 2, 4))])
    power_w = idle_w + task_w * tasks * np.sqrt(u)
    return power_w * (1.0 + 0.003 * noise.normal(size=steps)), workload


def write_cluster(
    folder: Path, power_w: Array, workload: Array, step_s: float = 600.0, suffix: str = ".parquet"
) -> tuple[Path, Path]:
    """The files of workload and power; a step with a NaN is a row with an empty cell."""
    columns = ("n_running", "util_sum", "util2_sum", "util4_sum")
    times = pl.Series("timestamp", START_MS + 1000 * step_s * np.arange(len(power_w)))
    stamps = times.cast(pl.Int64).cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC"))
    work = pl.DataFrame([stamps, *(pl.Series(c, workload[:, k]) for k, c in enumerate(columns))])
    files = folder / f"workload{suffix}", folder / f"power{suffix}"
    for frame, file in zip(
        (work, pl.DataFrame([stamps, pl.Series("power_w", power_w)])), files, strict=True
    ):
        write_frame(frame.with_columns(pl.col(pl.Float64).fill_nan(None)), file)
    return files


def write_frame(frame: pl.DataFrame, file: Path) -> None:
    """A table as CSV or Parquet, by the ending of the file."""
    if file.suffix == ".parquet":
        frame.write_parquet(file)
        return
    text = frame.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    text.write_csv(file)
