"""The questions in docs/influxdb.md, asked of a real InfluxDB that holds an hour of a module."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest
from support.alerts import air_dx_site
from support.documents import Block, blocks, rows, section
from support.frames import NS, reading
from support.influxd import Influxd

from podcore.clock import SystemClock
from podcore.frame import Flag, Frame, Source
from podtwin.store.influx import InfluxSink
from podtwin.store.influx_lines import FLAGS, FRAME, OTHER, SD, LineEncoder

PAGE = "docs/influxdb.md"
BLOCKS = tuple(blocks("flux", PAGE))
MINUTES = 30


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as server:
        clock = SystemClock()
        address = server.new_bucket(name="podtwin")
        sink = InfluxSink(address, LineEncoder(lambda: [air_dx_site()]), clock)
        assert not sink.write(list(hour(clock.now_ns())))
        yield server


def hour(now_ns: int) -> Iterator[Frame]:
    """A sample a minute with the twin's, every other one a day older; one lost, one in doubt."""
    for minute in range(MINUTES):
        at_ns = now_ns - (minute + 1) * 60 * NS - (minute % 2) * 86_400 * NS
        values = {
            "meter-main/power": 15_000.0,
            "meter-main/energy": 1e6 - minute,
            "rack-01/inlet_temp": 22.0,
            "crac-1/supply_air_temp": 18.0,
        }
        sent = MINUTES - minute // 2
        seq = None if minute % 2 else sent + (minute < MINUTES // 2)
        yield reading(values, at_ns, seq=seq, flags=Flag.LATE * (minute == 4))
        twin = {"crac-1/supply_air_temp": 18.2}
        yield reading(twin, at_ns, source=Source.TWIN, sd=[0.3])


def ask(influxd: Influxd, block: Block) -> list[dict[str, str]]:
    """Rows, each with the names of its own table's columns."""
    found: list[dict[str, str]] = []
    head: list[str] = []
    for row in csv.reader(influxd.flux(block.text).splitlines()):
        if not row:
            head = []
        elif not head:
            head = row
        else:
            found.append(dict(zip(head, row, strict=True)))
    return found


def block(words: str) -> Block:
    (found,) = [each for each in BLOCKS if words in each.text]
    return found


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_question_is_answered(influxd: Influxd, number: int) -> None:
    assert ask(influxd, BLOCKS[number])


def test_the_newest_are_one_a_point(influxd: Influxd) -> None:
    fields = [row["_field"] for row in ask(influxd, block("|> last()\n"))]
    assert sorted(field for field in fields if not field.endswith(FLAGS)) == [
        "energy", "inlet_temp", "power", "supply_air_temp",
    ]  # fmt: skip


def test_what_the_twin_expected_stands_beside_what_was_measured(influxd: Influxd) -> None:
    both = [row for row in ask(influxd, block("union(")) if row["measured"] and row["twin"]]
    assert {(row["measured"], row["twin"], row["sd"]) for row in both} == {("18", "18.2", "0.3")}


def test_flagged_values_are_left_out(influxd: Influxd) -> None:
    assert len(ask(influxd, block("not exists"))) == MINUTES // 2 - 1


def test_the_gap_is_found(influxd: Influxd) -> None:
    assert [row["_value"] for row in ask(influxd, block('"seq"'))] == ["2"]


def test_the_layout_is_told_as_it_is_written() -> None:
    told = " ".join(cell for row in rows(section(PAGE, "## What is in the bucket")) for cell in row)
    assert all(f"<point>{ending}" in told for ending in ("", SD, FLAGS))
    assert all(source.word in told for source in Source)
    assert {int(word) for word in told.split() if word.isdigit()} == {int(flag) for flag in Flag}
    text = section(PAGE, "## What is in the bucket")
    assert all(f"`{measurement}`" in text for measurement in (FRAME, OTHER))
