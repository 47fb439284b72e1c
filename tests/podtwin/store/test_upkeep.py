"""Upkeep of the history: damage set apart and written again, old dates dropped."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.frames import MIDNIGHT_NS, NS, reading, tick
from support.history_files import Crash, Data, Killed, everything
from support.memory_cursors import MemoryCursors

from podtwin.store import upkeep
from podtwin.store.parquet import NS_PER_DAY

AT = MIDNIGHT_NS + 12 * 3_600 * NS
DATE = "2026-11-24"
LATER = tick(MIDNIGHT_NS + NS_PER_DAY + 3_600 * NS)


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """Three files of one date, a row each."""
    found = Data(tmp_path)
    for k in range(3):
        found.seal(reading({"a/x": float(k)}, AT + k * NS, seq=k))
    return found


def file(data: Data, name: str) -> Path:
    return data.data_dir / f"history/site=ams-03/date={DATE}/{name}"


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    """A bit of a value, which any reader takes for another value."""
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)


def values(data: Data) -> list[float]:
    return [
        value for series in data.history().series(everything("ams-03")) for value in series.values
    ]


def quarantined(data: Data) -> list[str]:
    return sorted(path.name for path in data.data_dir.rglob("*.damaged"))


def test_a_torn_file_is_left_out_of_every_answer(data: Data) -> None:
    data.trim()
    tear(file(data, "log-2-2.parquet"))
    assert values(data) == [0.0, 2.0]
    assert [one.value for one in data.history().latest("ams-03")] == [2.0]
    assert data.history().extent("ams-03") == (AT, AT + 2 * NS)
    assert sum(map(len, data.history().frames(everything("ams-03")))) == 2


def test_what_a_reader_could_not_read_is_set_apart_and_the_rest_goes_on(data: Data) -> None:
    data.trim()
    tear(file(data, "log-2-2.parquet"))
    values(data)
    data.tend()
    assert quarantined(data) == ["log-2-2.parquet.damaged"]
    assert data.names(DATE) == ["log-1-1.parquet", "log-3-3.parquet"]
    assert data.sealer.upkeep().quarantined == 1
    assert values(data) == [0.0, 2.0]
    assert not list((data.data_dir / "history/.suspects").iterdir())


def test_a_damaged_file_is_written_again_while_the_log_holds_its_rows(data: Data) -> None:
    tear(file(data, "log-2-2.parquet"))
    values(data)
    data.tend()
    assert (data.sealer.upkeep().quarantined, data.sealer.upkeep().rewritten) == (1, 1)
    assert values(data) == [0.0, 1.0, 2.0]
    assert data.names(DATE) == [f"log-{k}-{k}.parquet" for k in (1, 2, 3)]


def test_a_merged_file_is_written_again_as_well(data: Data) -> None:
    data.add(LATER)
    data.tend()
    flip(file(data, "log-1-3.parquet"))
    data.start()
    data.tend()
    assert quarantined(data) == ["log-1-3.parquet.damaged"]
    assert data.names(DATE) == ["log-1-3.parquet"]
    assert values(data) == [0.0, 1.0, 2.0]


def test_a_flipped_bit_that_no_reader_notices_is_found_by_its_checksum(data: Data) -> None:
    data.trim()
    flip(file(data, "log-2-2.parquet"))
    data.start()
    data.tend()
    assert quarantined(data) == ["log-2-2.parquet.damaged"]
    assert values(data) == [0.0, 2.0]


def test_files_are_compared_a_few_a_round(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "SCRUB_BYTES", 1)
    data.trim()
    for k in (1, 2, 3):
        flip(file(data, f"log-{k}-{k}.parquet"))
        data.start()
    data.sealer.run_once()
    data.sealer.tend()
    found = data.sealer.upkeep().quarantined
    data.sealer.tend()
    assert found == 3  # damaged ones count for nothing; whole ones end the round
    data.seal(reading({"a/x": 5.0}, AT + 5 * NS), reading({"a/x": 6.0}, AT + NS_PER_DAY))
    data.start().run_once()
    data.sealer.tend()
    assert values(data) == [5.0, 6.0]


def test_damage_is_never_merged_into_a_whole_file(data: Data) -> None:
    data.tend()  # the round that compares all files
    data.add(LATER)
    data.sealer.run_once()
    data.trim()
    flip(file(data, "log-2-2.parquet"))
    data.tend()
    assert quarantined(data) == ["log-2-2.parquet.damaged"]
    data.tend()
    assert data.names(DATE) == ["log-1-3.parquet"]
    assert values(data) == [0.0, 2.0]


def test_a_damaged_file_that_no_seal_finished_refuses_no_start(data: Data) -> None:
    tear(file(data, "log-3-3.parquet"))
    data.cursors = MemoryCursors()
    data.start().run_once(force=True)
    assert quarantined(data) == ["log-3-3.parquet.damaged"]
    assert values(data) == [0.0, 1.0, 2.0]


def test_a_second_damaged_file_of_one_name_is_kept_beside_the_first(data: Data) -> None:
    for _ in range(2):
        tear(file(data, "log-2-2.parquet"))
        values(data)
        data.tend()
    assert quarantined(data) == ["log-2-2.parquet.2.damaged", "log-2-2.parquet.damaged"]


def test_a_file_of_another_name_is_left_out_and_stays_where_it_is(data: Data) -> None:
    file(data, "mine.parquet").write_bytes(b"PAR1 half of a copy")
    assert values(data) == [0.0, 1.0, 2.0]
    data.tend()
    assert "mine.parquet" in data.names(DATE)
    assert quarantined(data) == []


def dates(data: Data) -> list[str]:
    return sorted(path.name for path in (data.data_dir / "history/site=ams-03").iterdir())


def a_week(data: Data) -> None:
    data.seal(*(reading({"a/x": float(k)}, AT + k * NS_PER_DAY) for k in range(1, 7)))
    data.trim()


def test_history_is_kept_for_ever_unless_said_otherwise(data: Data) -> None:
    a_week(data)
    data.start()
    data.tend()
    assert len(dates(data)) == 7


@pytest.mark.parametrize(("days", "left"), ((0.0, 1), (1.0, 2), (1.5, 2), (2.5, 3)))
def test_whole_dates_are_dropped_counted_back_from_the_newest_row(
    data: Data, days: float, left: int
) -> None:
    a_week(data)  # its newest row is at noon
    data.start(keep_ns=int(days * NS_PER_DAY))
    data.tend()
    assert len(dates(data)) == left
    assert data.sealer.upkeep().dropped_dates == 7 - left
    assert values(data) == [float(k) for k in range(7 - left, 7)]


def test_another_site_is_kept_by_its_own_newest_row(data: Data) -> None:
    data.seal(reading({"a/x": 9.0}, AT + 40 * NS_PER_DAY, site="cph-01"))
    data.start(keep_ns=NS_PER_DAY)
    data.tend()
    assert values(data) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("step", ("dropped", "deleted"))
def test_a_kill_while_a_date_is_dropped_leaves_all_of_it_or_nothing(data: Data, step: str) -> None:
    a_week(data)
    data.start(Crash(step), keep_ns=NS_PER_DAY)
    with pytest.raises(Killed):
        data.tend()
    assert values(data) == [float(k) for k in range(1, 7)]
    data.start(keep_ns=NS_PER_DAY)
    data.tend()
    assert dates(data) == ["date=2026-11-29", "date=2026-11-30"]


def test_files_and_bytes_are_counted(data: Data) -> None:
    data.tend()
    counts = data.sealer.upkeep()
    assert counts.files == 3
    assert counts.bytes == sum(p.stat().st_size for p in data.data_dir.rglob("*.parquet"))
