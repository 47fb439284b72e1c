"""The last rows in a file's footer: the same as the file's, and found without reading it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, NS, reading
from support.history_files import Data
from support.memory_history import MemoryHistory

from podcore.frame import READING, Frame, ReadingBody
from podtwin.store import last_rows, parquet
from podtwin.store.last_rows import last_of_frames, newest, read_last
from podtwin.store.row_file import write_rows
from podtwin.store.rows import ANSWERED, RowBuilder

AT = MIDNIGHT_NS + 3_600 * NS

frames = st.builds(
    lambda names, k, delay_ms, value: reading(
        {name: value for name in names},  # noqa: C420 - a dictionary of floats to the checker
        MIDNIGHT_NS + k * NS,
        recv_ns=MIDNIGHT_NS + k * NS + delay_ms * 1_000_000,
    ),
    st.sets(st.sampled_from(("a/x", "a/y", "b/x")), min_size=1),
    st.integers(0, 4),
    st.integers(0, 3),
    st.floats(allow_nan=False),
)


def built(of: list[Frame]) -> pl.DataFrame:
    builder = RowBuilder()
    for frame in of:
        builder.add(frame)
    return builder.build()


@given(st.lists(frames, min_size=1))
def test_frames_have_the_last_rows_that_their_table_has(of: list[Frame]) -> None:
    numbered = [msgspec.structs.replace(f, offset=k) for k, f in enumerate(of, 1)]
    assert newest([last_of_frames(numbered)]).equals(newest([built(of).select(ANSWERED)]))


def test_a_node_that_says_the_same_points_again_is_decoded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded: list[bytes] = []

    class Counting:
        def decode(self, body: bytes) -> ReadingBody:
            decoded.append(body)
            return READING.decode(body)

    monkeypatch.setattr(last_rows, "READING", Counting())
    same = [reading({"a/x": float(k), "a/y": 1.0}, AT + k * NS) for k in range(9)]
    other = reading({"a/x": 7.0, "b/z": 2.0}, AT)
    found = last_of_frames([*same, other])
    assert len(decoded) == 2
    assert sorted(found["value"].to_list()) == [1.0, 2.0, 8.0]


def test_no_frames_have_no_last_rows() -> None:
    assert last_of_frames([]).is_empty()
    assert last_of_frames([]).columns == list(ANSWERED)


@given(of=st.lists(frames, min_size=1))
def test_a_footer_holds_the_last_row_of_each_series(
    tmp_path_factory: pytest.TempPathFactory, of: list[Frame]
) -> None:
    path = tmp_path_factory.mktemp("last") / "log-1-9.parquet"
    write_rows(built(of), path)
    found = read_last(path)
    assert found is not None
    assert found.equals(newest([built(of).select(ANSWERED)]))


def test_a_file_of_another_writer_has_none(tmp_path: Path) -> None:
    path = tmp_path / "log-1-9.parquet"
    built([reading({"a/x": 1.0}, AT)]).write_parquet(path)
    assert read_last(path) is None


def test_a_file_written_anew_under_its_name_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "log-1-9.parquet"
    for value in (1.0, 2.0):
        write_rows(built([reading({"a/x": value}, AT)]), path)
        found = read_last(path)
        assert found is not None
        assert found["value"].to_list() == [value]


def test_latest_reads_no_rows_of_sealed_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Data(tmp_path)
    sealed = [reading({"a/x": 1.0, "a/y": 1.0}, AT), reading({"a/x": 2.0}, AT + NS)]
    for frame in sealed:
        data.seal(frame)
    waiting = reading({"a/y": 3.0}, AT + 2 * NS)
    data.add(waiting)

    def never(_paths: object) -> pl.LazyFrame:
        raise AssertionError("a file was read")

    monkeypatch.setattr(parquet, "scan", never)
    expected = MemoryHistory([*sealed, waiting])
    assert data.history().latest("ams-03") == expected.latest("ams-03")
