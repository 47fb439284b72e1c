"""Predictions of a real cluster's power, by the program, against what it drew."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from podtwin.cli.twin import app

pytestmark = pytest.mark.slow
RUNNER = CliRunner()


def errors_percent(surf: Path, out: Path, track: str, age: str) -> tuple[float, float]:
    """Mean error of the predictions, and of the newest reading of that age."""
    files = [f"--workload={surf / 'workload_30s.parquet'}", f"--power={surf / 'power.parquet'}"]
    done = RUNNER.invoke(app, ["nowcast", *files, "--track", track, "-o", str(out)])
    assert done.exit_code == 0, done.output
    measured = pl.read_parquet(surf / "power.parquet")
    newest = measured.select(
        pl.col("timestamp").dt.offset_by(age), pl.col("power_w").alias("newest_w")
    )
    rows = measured.join(newest, on="timestamp").join(
        pl.read_parquet(out).rename({"power_w": "predicted_w"}), on="timestamp"
    )
    assert rows.height > 0.99 * newest.join(measured, on="timestamp").height
    off = [
        (pl.col(name) / pl.col("power_w") - 1.0).abs().mean()
        for name in ("predicted_w", "newest_w")
    ]
    predicted, held = rows.select(off[0].alias("a"), off[1].alias("b")).row(0)
    return 100.0 * predicted, 100.0 * held


@pytest.mark.parametrize(
    ("track", "age", "most", "of_newest"),
    (("nowcast", "1h", 1.4, 0.35), ("h1", "1h", 4.2, 0.98), ("h24", "24h", 12.0, 0.97)),
)
def test_power_is_predicted_better_than_by_the_newest_reading(
    surf: Path, tmp_path: Path, track: str, age: str, most: float, of_newest: float
) -> None:
    predicted, held = errors_percent(surf, tmp_path / "p.parquet", track, age)
    assert predicted < most
    assert predicted < of_newest * held
