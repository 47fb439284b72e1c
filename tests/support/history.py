"""What a data directory holds, asked with `podtwin query`, and compared with what was published."""

from __future__ import annotations

import io

import polars as pl
from support.program import Programs
from support.tables import Rows

EVER = {"from": "2000-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"}
KEY = ["site", "asset", "point", "ts"]


def query(programs: Programs, data_dir: str, *points: str) -> pl.DataFrame:
    span = ("--from", EVER["from"], "--to", EVER["to"])
    finished = programs.run("query", *points, *span, "--data-dir", data_dir, "-o", "csv")
    assert finished.code == 0, finished.err
    return read_csv(finished.out.encode())


def read_csv(text: bytes) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(text), schema_overrides={"sd": pl.Float32}).sort(KEY)


def assert_holds(found: pl.DataFrame, rows: Rows) -> None:
    """Every value of the table, and no other."""
    for column in range(rows.frame.width - 1):
        mine = found.filter(pl.col("asset") == f"probe-{column}")
        assert mine["value"].to_list() == rows.frame[f"t{column}"].to_list()
        assert mine["ts"].n_unique() == rows.frame.height
    assert found.height == rows.values
