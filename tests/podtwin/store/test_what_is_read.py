"""A query reads the row groups that may hold what is asked, and no other byte of the values.

What must not be read is overwritten: whoever decodes it answers wrongly or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.frames import MIDNIGHT_NS, NS, reading, tick
from support.history_files import Data

from podcore.frame import Frame
from podcore.ports import SeriesQuery
from podtwin.store import merge, parquet

DAY_NS = parquet.NS_PER_DAY
NAMES = tuple(f"{asset}/{point}" for asset in "abc" for point in "xyz")
SECONDS = 40
DATE = "2026-11-24"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A merged date of nine points, each in a row group of its own."""
    monkeypatch.setattr(merge, "HELD_ROWS", SECONDS)
    data = Data(tmp_path)
    for half in (0, 1):
        begin = half * SECONDS // 2
        data.seal(*(frame(second) for second in range(begin, begin + SECONDS // 2)))
    data.add(tick(MIDNIGHT_NS + DAY_NS + 3_600 * NS))
    data.tend()
    data.trim()
    (path,) = (tmp_path / f"history/site=ams-03/date={DATE}").iterdir()
    assert pq.ParquetFile(path).metadata.num_row_groups == len(NAMES)  # type: ignore[no-untyped-call] # has no types
    return path


def frame(second: int) -> Frame:
    values = {name: second + number / 10 for number, name in enumerate(NAMES)}
    return reading(values, MIDNIGHT_NS + second * NS, seq=second)


def overwrite(path: Path, groups: Iterable[int], columns: Iterable[str] | None = None) -> int:
    """Fills chunks of columns with 0xff; how many bytes."""
    held = pq.ParquetFile(path).metadata  # type: ignore[no-untyped-call] # has no types
    content, filled = bytearray(path.read_bytes()), 0
    for group in groups:
        for number in range(held.num_columns):
            chunk = held.row_group(group).column(number)
            if columns is None or chunk.path_in_schema in columns:
                begin = chunk.dictionary_page_offset or chunk.data_page_offset
                size = chunk.total_compressed_size
                content[begin : begin + size] = b"\xff" * size
                filled += size
    path.write_bytes(content)
    return filled


def values(path: Path, *points: str, from_ns: int = 0, to_ns: int = DAY_NS) -> list[list[float]]:
    history = Data(path.parents[3]).history()
    asked = SeriesQuery("ams-03", points, MIDNIGHT_NS + from_ns, MIDNIGHT_NS + to_ns)
    return [list(series.values) for series in history.series(asked)]


def of(name: str, seconds: range = range(SECONDS)) -> list[float]:
    return [second + NAMES.index(name) / 10 for second in seconds]


@pytest.mark.parametrize("asked", (("a/x",), ("b/y",), ("c/z",), ("b/x", "b/y", "b/z")))
def test_only_the_row_groups_of_the_points_asked_for_are_read(
    file: Path, asked: tuple[str, ...]
) -> None:
    size = file.stat().st_size
    others = [number for number, name in enumerate(NAMES) if name not in asked]
    assert overwrite(file, others) > size // 4
    assert values(file, *asked) == [of(name) for name in asked]


def test_what_is_overwritten_would_have_been_noticed(file: Path) -> None:
    overwrite(file, [NAMES.index("b/y")])
    assert values(file, "b/y") != [of("b/y")]


def test_columns_that_no_answer_is_made_of_are_not_read(file: Path) -> None:
    assert overwrite(file, range(len(NAMES)), ("node", "seq")) > 0
    assert values(file, "b/y", "a/x") == [of("a/x"), of("b/y")]


def test_a_part_of_a_date_that_is_not_merged_is_read_from_the_files_of_that_part(
    tmp_path: Path,
) -> None:
    data = Data(tmp_path)
    for second in range(6):
        data.seal(frame(second))
    data.trim()
    files = sorted((tmp_path / f"history/site=ams-03/date={DATE}").iterdir())
    for path in (*files[:2], *files[4:]):
        overwrite(path, [0])
    assert values(files[0], "b/y", from_ns=2 * NS, to_ns=4 * NS) == [of("b/y", range(2, 4))]


def test_no_file_of_another_date_is_opened(file: Path) -> None:
    for other in ("2026-11-23", "2026-11-25"):
        folder = file.parents[1] / f"date={other}"
        folder.mkdir()
        (folder / "log-900-901.parquet").write_bytes(b"no Parquet at all")
    assert values(file, "b/y") == [of("b/y")]
    assert not (file.parents[2] / ".suspects").exists()
