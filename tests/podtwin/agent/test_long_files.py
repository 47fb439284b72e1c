"""Long tables of every form, read in pieces."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from podcore.errors import ConfigError
from podtwin.agent import long_files
from podtwin.agent.long_files import pieces_of
from podtwin.api import formats

ROWS = 1_000
KNOWN = ["ts", "asset", "point", "value", "site", "source"]


def table(rows: int = ROWS) -> pl.DataFrame:
    numbers = pl.int_range(rows, eager=True)
    return pl.DataFrame(
        {
            "ts": (numbers * 10**9 + 1_700_000_000 * 10**9).cast(pl.Datetime("ns", "UTC")),
            "site": pl.Series(["ams-03"]).new_from_index(0, rows),
            "asset": "rack-0" + (numbers % 3).cast(pl.String),
            "point": pl.Series(["it_power"]).new_from_index(0, rows),
            "source": pl.Series(["measured"]).new_from_index(0, rows),
            "value": numbers / 7,
            "flags": pl.Series([0], dtype=pl.UInt8).new_from_index(0, rows),
            "sd": pl.Series([None], dtype=pl.Float32).new_from_index(0, rows),
        }
    )


def written(folder: Path, form: str) -> Path:
    """As `podtwin export` writes it, in four pieces; or as others do."""
    whole, file = table(), folder / f"a.{form}"
    pieces = [whole.slice(start, ROWS // 4) for start in range(0, ROWS, ROWS // 4)]
    if form == "csv":
        file.write_bytes(b"".join(formats.csv_parts(pieces)))
    elif form == "arrows":
        file.write_bytes(b"".join(formats.arrow_parts(pieces)))
    elif form == "parquet":
        file.write_bytes(formats.parquet_bytes(pieces))
    else:
        whole.write_ipc(file)
    return file


@pytest.mark.parametrize("form", ("csv", "parquet", "arrows", "arrow"))
def test_every_form_holds_the_same(tmp_path: Path, form: str) -> None:
    pieces = list(pieces_of(written(tmp_path, form)))
    whole = pl.concat(pieces)
    assert whole.columns == KNOWN
    assert whole["asset"].to_list() == table()["asset"].to_list()
    assert whole["value"].cast(pl.Float64).to_list() == table()["value"].to_list()
    if form != "csv":
        assert_frame_equal(whole.select("ts"), table().select("ts"))


@pytest.mark.parametrize("form", ("csv", "parquet", "arrows", "arrow"))
def test_it_comes_in_pieces(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_files, "PIECE_ROWS", 100)
    pieces = list(pieces_of(written(tmp_path, form)))
    assert len(pieces) >= 4
    assert max(piece.height for piece in pieces) <= ROWS // 4


@pytest.mark.parametrize("end", range(1, 9))
def test_a_stream_that_ends_in_the_middle_says_so(tmp_path: Path, end: int) -> None:
    file = written(tmp_path, "arrows")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * end // 9])
    with pytest.raises(ConfigError, match="ends in the middle, or is no Arrow stream"):
        list(pieces_of(file))


def test_dictionaries_of_another_program_are_said(tmp_path: Path) -> None:
    file = tmp_path / "a.arrows"
    table().with_columns(pl.col("asset").cast(pl.Categorical)).write_ipc_stream(file)
    with pytest.raises(ConfigError, match="write it as Parquet"):
        list(pieces_of(file))


@pytest.mark.parametrize(
    ("content", "words"),
    (
        (b"", "cannot be read"),
        (b"a,b\n1,2\n", "has no column ts; an export has ts, asset, point, value"),
        (b"ts,asset,point,valu\n1,a,b,2\n", "has no column value.*nearest is 'valu'"),
        (b"PAR1 and no more", "cannot be read"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xffxxxx", "ends in the middle, or is no Arrow stream"),
    ),
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        list(pieces_of(file))
