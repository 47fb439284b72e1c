from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.errors import ConfigError
from podtwin.agent.mapping import Mapped, parse_maps
from podtwin.agent.table import Table, publication_id, read_table

S = 10**9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def maps(*texts: str) -> list[Mapped]:
    return parse_maps(texts)


def rows(table: Table) -> list[tuple[int, dict[str, float]]]:
    values = table.values.to_dicts()
    return [
        (ts // S, {point: value for point, value in row.items() if value is not None})
        for ts, row in zip(table.ts_ns.to_list(), values, strict=True)
    ]


def test_rows_come_in_the_order_of_their_time(folder: Path) -> None:
    file = written(folder, "a.csv", "t,p\n1600000020,3\n1600000000,1\n1600000010,2\n")
    table = read_table([file], "t", maps("p=a/power:W"))
    assert rows(table) == [(1600000000 + 10 * n, {"a/power": n + 1.0}) for n in range(3)]
    assert (table.rows_read, table.bad_cells, table.points_held) == (3, 0, 3)
    assert table.period_s == {"a/power": 10.0}


def test_files_with_other_columns_are_merged_by_time_and_what_is_missing_is_absent(
    folder: Path,
) -> None:
    a = written(folder, "a.csv", "t,p\n1600000000,1\n1600000030,2\n")
    b = written(folder, "b.csv", "t,q\n1600000030,7\n1600000060,8\n")
    table = read_table([a, b], "t", maps("p=a/power:W", "q=b/power:W"))
    assert rows(table) == [
        (1600000000, {"a/power": 1.0}),
        (1600000030, {"a/power": 2.0, "b/power": 7.0}),
        (1600000060, {"b/power": 8.0}),
    ]
    assert (table.rows_read, len(table), table.bad_cells, table.points_held) == (4, 3, 0, 4)


def test_files_with_the_same_columns_follow_each_other(folder: Path) -> None:
    a = written(folder, "a.csv", "t,p\n1600000030,2\n")
    b = written(folder, "b.csv", "t,p\n1600000000,1\n")
    table = read_table([a, b], "t", maps("p=a/power:W"))
    assert rows(table) == [(1600000000, {"a/power": 1.0}), (1600000030, {"a/power": 2.0})]


def test_an_instant_that_a_file_holds_twice_stays_two_messages(folder: Path) -> None:
    a = written(folder, "a.csv", "t,p\n1600000000,1\n1600000000,2\n")
    b = written(folder, "b.csv", "t,q\n1600000000,7\n")
    table = read_table([a, b], "t", maps("p=a/power:W", "q=b/power:W"))
    assert rows(table) == [
        (1600000000, {"a/power": 1.0, "b/power": 7.0}),
        (1600000000, {"a/power": 2.0}),
    ]


def test_cells_without_a_number_are_left_out_and_counted(folder: Path) -> None:
    text = "t,p,q\n1600000000,1,\n1600000010,NaN,2\n1600000020,inf,x\n1600000030, 4 ,5e1\n,9,9\n"
    table = read_table([written(folder, "a.csv", text)], "t", maps("p=a/power:W", "q=b/power:W"))
    assert rows(table) == [
        (1600000000, {"a/power": 1.0}),
        (1600000010, {"b/power": 2.0}),
        (1600000030, {"a/power": 4.0, "b/power": 50.0}),
    ]
    assert (table.rows_read, table.bad_cells, table.bad_times) == (5, 4, 1)


def test_a_column_that_turns_to_words_late_costs_only_those_cells(folder: Path) -> None:
    lines = [f"{1600000000 + n},{n}" for n in range(12_000)]
    file = written(folder, "a.csv", "t,p\n" + "\n".join([*lines, "1600099999,off"]) + "\n")
    table = read_table([file], "t", maps("p=a/power:W"))
    assert (len(table), table.bad_cells) == (12_000, 1)


@pytest.mark.parametrize("separator", (",", ";", "\t", "|"))
def test_csv_of_other_separators_and_a_byte_order_mark_is_read(
    folder: Path, separator: str
) -> None:
    text = f"\ufefft{separator}p\n1600000000{separator}1.5\n"
    table = read_table([written(folder, "a.csv", text)], "t", maps("p=a/power:W"))
    assert rows(table) == [(1600000000, {"a/power": 1.5})]


def test_parquet_is_known_by_its_first_bytes_and_read_whatever_its_types(folder: Path) -> None:
    file = folder / "data"
    pl.DataFrame(
        {
            "t": [1600000000, 1600000010],
            "n": pl.Series([1, None], dtype=pl.Int16),
            "f": pl.Series([1.5, float("nan")], dtype=pl.Float32),
            "b": [True, False],
        }
    ).write_parquet(file)
    table = read_table([file], "t", maps("n=a/x:1", "f=a/y:1", "b=a/z:1"))
    assert rows(table) == [
        (1600000000, {"a/x": 1.0, "a/y": 1.5, "a/z": 1.0}),
        (1600000010, {"a/z": 0.0}),
    ]
    assert table.bad_cells == 2


@pytest.mark.parametrize(
    ("time", "mapping", "message"),
    (
        ("tyme", "power=a/power:W", "--time is 'tyme'.*nearest is 'time'"),
        ("time", "powr=a/power:W", "--map is 'powr'.*nearest is 'power'"),
        ("time", "time=a/power:W", "--map is 'time'.*is no column"),
    ),
)
def test_a_column_that_is_not_there_is_named_with_the_nearest(
    folder: Path, time: str, mapping: str, message: str
) -> None:
    file = written(folder, "a.csv", "time,power\n1600000000,1\n")
    with pytest.raises(ConfigError, match=message):
        read_table([file], time, maps(mapping))


@pytest.mark.parametrize("content", (b"PAR1 and no more", b"\xff\xfe\x00", b""))
def test_what_is_no_table_is_refused_with_its_name(folder: Path, content: bytes) -> None:
    file = folder / "a.bin"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"a\.bin"):
        read_table([file], "t", maps("p=a/power:W"))


def test_a_column_of_words_or_lists_is_refused(folder: Path) -> None:
    file = folder / "a.parquet"
    pl.DataFrame({"t": [1600000000], "p": [[1.0]]}).write_parquet(file)
    with pytest.raises(ConfigError, match="a mapped column holds numbers"):
        read_table([file], "t", maps("p=a/power:W"))


def test_the_id_is_that_of_content_mapping_site_and_node_alone(folder: Path) -> None:
    a = written(folder, "a.csv", "t,p\n1,1\n")
    same = written(folder, "renamed.csv", "t,p\n1,1\n")
    other = written(folder, "other.csv", "t,p\n1,2\n")
    one, two = maps("p=a/power:W", "q=b/power:W"), maps("q=b/power:W", "p=a/power:W")

    def of(file: Path, mapped: list[Mapped], site: str = "s", node: str = "n") -> bytes:
        return publication_id([file], "t", mapped, site, node)

    assert of(a, one) == of(same, two)
    assert (
        len({of(a, one), of(other, one), of(a, one[:1]), of(a, one, "z"), of(a, one, "s", "z")})
        == 5
    )


@given(
    left=st.lists(st.integers(0, 8), max_size=12), right=st.lists(st.integers(0, 8), max_size=12)
)
def test_no_value_is_lost_or_doubled_by_merging(
    tmp_path_factory: pytest.TempPathFactory, left: list[int], right: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("merge")
    a = written(
        folder, "a.csv", "t,p\n" + "".join(f"{1600000000 + t},{n}\n" for n, t in enumerate(left))
    )
    b = written(
        folder, "b.csv", "t,q\n" + "".join(f"{1600000000 + t},{n}\n" for n, t in enumerate(right))
    )
    table = read_table([a, b], "t", maps("p=a/power:W", "q=b/power:W"))
    read = rows(table)
    assert [ts for ts, _ in read] == sorted(ts for ts, _ in read)
    for point, times in (("a/power", left), ("b/power", right)):
        got = sorted((ts, row[point]) for ts, row in read if point in row)
        assert got == sorted((1600000000 + t, float(n)) for n, t in enumerate(times))
