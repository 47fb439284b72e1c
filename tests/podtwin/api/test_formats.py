from __future__ import annotations

import io

import polars as pl
import pyarrow.ipc as arrow_ipc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtwin.api.formats import (
    ARROW,
    CSV,
    JSON,
    PARQUET,
    SCHEMA,
    arrow_parts,
    chosen_format,
    csv_parts,
    parquet_bytes,
)

ROW = {
    "ts": [1_795_510_800_000_000_001],
    "site": ["ams-03"],
    "asset": ["rack-01"],
    "point": ["it_power"],
    "source": ["twin"],
    "value": [1.5],
    "flags": [33],
    "sd": [0.25],
}
PIECE = pl.DataFrame(ROW).cast(SCHEMA)  # type: ignore[arg-type]
NONE = pl.DataFrame(schema=SCHEMA)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    (
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("text/csv", CSV),
        ("text/*", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("application/vnd.apache.parquet", PARQUET),
        ("application/vnd.apache.arrow.stream, */*;q=0.1", ARROW),
        ("application/json;q=0.5, text/csv", CSV),
        ("text/csv;q=0, application/json", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("image/png", None),
        ("text/csv;q=0", None),
        ("text/csv;q=nonsense", None),
    ),
)
def test_accept_chooses_the_format(accept: str, media_type: str | None) -> None:
    assert chosen_format(accept) == media_type


@given(st.text(max_size=60))
def test_any_accept_is_answered(accept: str) -> None:
    assert chosen_format(accept) in {JSON, CSV, PARQUET, ARROW, None}


@pytest.mark.parametrize("count", (0, 1, 3))
def test_pieces_become_one_arrow_stream_that_others_read(count: int) -> None:
    stream = b"".join(arrow_parts([PIECE] * count))
    table = arrow_ipc.open_stream(stream).read_all()  # type: ignore[no-untyped-call]
    assert table.num_rows == count
    assert table.schema.names == list(SCHEMA)
    assert pl.read_ipc_stream(io.BytesIO(stream)).equals(pl.concat([NONE, *[PIECE] * count]))


@pytest.mark.parametrize("count", (0, 2))
def test_pieces_become_one_parquet_file(count: int) -> None:
    table = pl.read_parquet(io.BytesIO(parquet_bytes([PIECE] * count)))
    assert table.equals(pl.concat([NONE, *[PIECE] * count]))


def test_csv_has_its_header_once_and_times_in_full() -> None:
    row = "2026-11-24T09:00:00.000000001Z,ams-03,rack-01,it_power,twin,1.5,33,0.25\r\n"
    header = "ts,site,asset,point,source,value,flags,sd\r\n"
    assert b"".join(csv_parts([])).decode() == header
    assert b"".join(csv_parts([PIECE, PIECE])).decode() == header + row + row
