"""The checksum of a file of rows: what it finds, and what is said of files without one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, NS, reading

from podtwin.store.checksum import KEY, flaw
from podtwin.store.row_file import RowFile, write_rows
from podtwin.store.rows import RowBuilder


def rows() -> pl.DataFrame:
    builder = RowBuilder()
    for k in range(200):
        builder.add(reading({"a/x": k * 0.1, "a/y": 1.0}, MIDNIGHT_NS + k * NS, seq=k))
    return builder.build()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "log-1-200.parquet"
    write_rows(rows(), path)
    return path


def test_a_file_as_it_was_written_has_no_flaw(whole: Path) -> None:
    assert flaw(whole) == ""
    assert pl.read_parquet(whole).equals(rows())
    assert KEY in pl.read_parquet_metadata(whole)


@settings(max_examples=300)
@given(st.integers(0), st.integers(0, 7))
def test_any_flipped_bit_is_found(whole: Path, at: int, bit: int) -> None:
    content = bytearray(whole.read_bytes())
    mark = content.rfind(KEY.encode())
    at %= len(content)
    content[at] ^= 1 << bit
    other = whole.with_name("flipped.parquet")
    other.write_bytes(content)
    assert flaw(other) or mark <= at < mark + len(KEY) + 2  # in the key itself: no checksum there


@given(st.integers(0))
def test_any_torn_file_is_found(whole: Path, left: int) -> None:
    content = whole.read_bytes()
    other = whole.with_name("torn.parquet")
    other.write_bytes(content[: left % len(content)])
    assert flaw(other)


def test_a_file_without_a_checksum_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "older.parquet"
    rows().write_parquet(path)
    assert flaw(path) == ""
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    assert "decoded" in flaw(path)


def test_a_file_that_is_gone_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        flaw(tmp_path / "none.parquet")


def test_a_file_given_up_leaves_nothing(tmp_path: Path) -> None:
    file = RowFile(tmp_path / ".log-1-1.parquet")
    file.add(rows())
    file.abandon()
    assert list(tmp_path.iterdir()) == []


def test_each_part_of_a_file_is_a_row_group_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "log-1-2.parquet"
    file = RowFile(path)
    for part in rows().partition_by("point"):
        file.add(part)
    file.close()
    whole = pl.read_parquet(path)
    assert whole.equals(rows())
    assert flaw(path) == ""
