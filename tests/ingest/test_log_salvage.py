from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import NS, reading
from support.ingesting import BOOT, NOON_NS, Ingest, air_site, topic

from ingest.dedupe import Seen
from ingest.log import SqliteLog, SqliteLogReader
from ingest.log_flaw import flaw
from ingest.log_salvage import mend
from ingest.native import encode_telemetry
from ingest.registry_store import load_seen
from podcore.frame import READING, Kind, ReadingBody, encode_body

COUNT = 400
KEY = ("ams-03", "gw-1", BOOT)


def filled(folder: Path, count: int = COUNT) -> Path:
    """A log of an ingest that took numbered messages whose value is their number."""
    ingest = Ingest(folder, air_site())
    for seq in range(1, count + 1):
        values = {"rack-01/it_power": float(seq)}
        ingest.send(topic(), encode_telemetry(BOOT, seq, NOON_NS - (count - seq) * NS, values))
    ingest.finish()
    return ingest.path


def held(path: Path) -> dict[int | None, float]:
    """Value by number."""
    reader = SqliteLogReader(path)
    try:
        frames = [each for each in reader.read(0, 2_000) if each.kind is Kind.READING]
    finally:
        reader.close()
    return {each.seq: READING.decode(each.body).values[0] for each in frames}


def seen(path: Path) -> Seen:
    connection = sqlite3.connect(path)
    try:
        found = load_seen(connection, KEY)
    finally:
        connection.close()
    assert found is not None
    return found


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def page_of_a_frame(path: Path, seq: int) -> int:
    """Where the page begins that holds a Frame."""
    at = path.read_bytes().index(encoded(seq))
    return at // 4096 * 4096


def encoded(seq: int) -> bytes:
    return encode_body(ReadingBody(["rack-01/it_power"], [float(seq)]))


def test_a_whole_log_stays_as_it_is(tmp_path: Path) -> None:
    path = filled(tmp_path)
    before = path.read_bytes()
    assert mend(path) is None
    assert path.read_bytes() == before


def test_no_file_and_an_empty_one_are_no_damage(tmp_path: Path) -> None:
    assert flaw(tmp_path / "log.db") == ""
    (tmp_path / "log.db").touch()
    assert flaw(tmp_path / "log.db") == ""


def test_a_bit_of_a_value_that_flipped_is_found_and_only_that_frame_goes(tmp_path: Path) -> None:
    path = filled(tmp_path)
    at = path.read_bytes().index(encoded(200)) + len(encoded(200)) - 3
    overwrite(path, at, bytes([path.read_bytes()[at] ^ 4]))
    assert set(held(path)) == set(range(1, COUNT + 1)) - {200}  # no reader shows the other value
    salvage = mend(path)
    assert salvage is not None
    assert "offset" in salvage.flaw
    assert held(path) == {n: float(n) for n in range(1, COUNT + 1) if n != 200}
    assert (seen(path).starts, seen(path).ends) == ([1, 201], [199, COUNT])
    assert salvage.again == 1
    assert mend(path) is None


def test_a_page_that_is_rubbish_costs_its_frames_and_they_are_asked_again(tmp_path: Path) -> None:
    path = filled(tmp_path)
    overwrite(path, page_of_a_frame(path, 200), b"\xa5" * 4096)
    salvage = mend(path)
    assert salvage is not None
    left = held(path)
    assert 300 < len(left) < COUNT
    assert all(value == number for number, value in left.items())
    assert {n for n in range(1, COUNT + 1) if Seen.add(seen(path), n)} == set(
        range(1, COUNT + 1)
    ) - set(left)
    assert salvage.aside.read_bytes() != path.read_bytes()
    assert salvage.aside.name == "log.db.damaged"


def test_frames_keep_their_offsets_and_the_next_is_past_all_that_was_read(tmp_path: Path) -> None:
    path = filled(tmp_path)
    overwrite(path, page_of_a_frame(path, COUNT), b"\x00" * 4096)
    log = SqliteLog(tmp_path / "other.db")
    log.close()
    assert mend(path, at_least=5_000) is not None
    log = SqliteLog(path)
    assert log.next_offset == 5_001
    assert log.read(1, 1)[0].offset == 2
    log.close()


@pytest.mark.parametrize("left", (0.5, 0.9, 0.01))
def test_a_file_cut_short_begins_anew_with_what_there_is(tmp_path: Path, left: float) -> None:
    path = filled(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * left)])
    assert mend(path, at_least=COUNT) is not None
    log = SqliteLog(path)
    assert log.append([reading({"a/b": 1.0}, NOON_NS)]) > COUNT
    log.close()


def test_what_is_no_database_is_set_aside_each_time_under_a_name_of_its_own(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.db"
    for name in ("log.db.damaged", "log-2.db.damaged"):
        path.write_bytes(b"not a database at all " * 500)
        salvage = mend(path, at_least=7)
        assert salvage is not None
        assert salvage.aside == tmp_path / name
        assert salvage.frames == 0
    log = SqliteLog(path)
    assert log.append([reading({"a/b": 1.0}, NOON_NS)]) >= 1
    log.close()


def test_a_row_of_the_registry_that_cannot_be_decoded_goes_and_the_rest_stays(
    tmp_path: Path,
) -> None:
    path = filled(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE seen SET row = x'c1'")
    connection.commit()
    connection.close()
    salvage = mend(path)
    assert salvage is not None
    assert "seen" in salvage.flaw
    assert (seen(path).starts, seen(path).ends) == ([1], [COUNT])  # told by the Frames themselves
    assert len(held(path)) == COUNT


@settings(max_examples=25)
@given(place=st.floats(0.0, 0.9999), bit=st.integers(0, 7), many=st.integers(1, 300))
def test_wherever_bits_flip_the_log_opens_and_holds_nothing_that_was_not_written(
    tmp_path_factory: pytest.TempPathFactory, place: float, bit: int, many: int
) -> None:
    path = filled(tmp_path_factory.mktemp("flipped"), 60)
    content = bytearray(path.read_bytes())
    for index in range(
        int(place * len(content)), min(len(content), int(place * len(content)) + many)
    ):
        content[index] ^= 1 << bit
    path.write_bytes(content)
    mend(path, at_least=1_000)
    again = Ingest(path.parent, air_site())
    again.send(topic(), encode_telemetry(BOOT, 61, NOON_NS, {"rack-01/it_power": 61.0}))
    again.finish()
    assert all(value == number for number, value in held(path).items())
    assert 61 in held(path)
