"""Files published through a real broker: all of it arrives, once, and every way out agrees."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.history import EVER, KEY, assert_holds, query, read_csv
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.tables import STEP_MS, write_rows

ROWS = 1_500
CSV, ARROW = "text/csv", "application/vnd.apache.arrow.stream"
SURF_MAPS = (
    "power_w=it-load/it_power:W",
    "n_running=it-load/tasks_running:1",
    "util_sum=it-load/util_sum:1",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The whole program behind a real broker, for all tests of this file; a site for each."""
    folder = tmp_path_factory.mktemp("publish")
    with Mosquitto(folder) as broker, Programs(folder) as programs:
        yield Lab(broker, programs, start_receiver(programs, broker, "data"))


@dataclass(frozen=True, slots=True)
class Lab:
    """What runs."""

    broker: Mosquitto
    programs: Programs
    receiver: Program

    def publish(self, site: str, *arguments: object) -> dict[str, Any]:
        return publish(self.programs, self.broker, site, *arguments)

    def query(self, *points: str) -> pl.DataFrame:
        return query(self.programs, "data", *points)

    def stored(self) -> tuple[int, int]:
        """Messages and readings; nothing else may have come of any that arrived."""
        status = self.receiver.json("/api/v1/status")
        messages, readings = status["ledger"], status["readings"]
        assert messages["received"] == messages["stored"] + messages["duplicate"]
        assert readings["offered"] == readings["stored"]
        return messages["stored"], readings["stored"]


def start_receiver(programs: Programs, broker: Mosquitto, data_dir: str) -> Program:
    arguments = ("--broker", broker.url, "--port", 0, "--data-dir", data_dir, "-o", "json")
    return programs.start("run", *arguments).ready()


def publish(programs: Programs, broker: Mosquitto, site: str, *arguments: object) -> dict[str, Any]:
    where = ("--site", site, "--node", "gw-1", "--broker", broker.url)
    return programs.summary("publish", *where, *arguments)


def series(receiver: Program, points: str, media_type: str) -> bytes:
    answer = receiver.get(
        "/api/v1/series", params={"point": points, **EVER}, headers={"Accept": media_type}
    )
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_published_table_comes_back_whole_by_every_way_out(lab: Lab, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", ROWS)
    before = lab.stored()
    said = lab.publish("lab-01", *rows.arguments)
    assert (said["rows"], said["messages"], said["acked"]) == (ROWS, ROWS, ROWS)
    assert said["points"] == rows.values
    after = lab.stored()
    assert (after[0] - before[0], after[1] - before[1]) == (ROWS, rows.values)
    queried = lab.query("lab-01/*/air_temp")
    assert_holds(queried, rows)
    assert read_csv(series(lab.receiver, "lab-01/*/air_temp", CSV)).equals(queried)
    arrow = pl.read_ipc_stream(io.BytesIO(series(lab.receiver, "lab-01/*/air_temp", ARROW)))
    assert_same_rows(arrow, queried)
    assert_same_rows(exported(lab.programs, tmp_path / "all.parquet"), queried)


def test_what_was_published_before_is_not_stored_twice(lab: Lab, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", ROWS)
    before, _ = lab.stored()
    cut = lab.publish("lab-02", *rows.arguments, "--max-messages", 400)
    assert cut["acked"] == 400
    whole = lab.publish("lab-02", *rows.arguments)
    assert (whole["acked_before"], whole["acked"]) == (400, ROWS)
    again = lab.publish("lab-02", *rows.arguments)
    assert (again["acked_before"], again["acked"]) == (ROWS, ROWS)
    assert lab.stored()[0] - before == ROWS
    assert_holds(lab.query("lab-02/*"), rows)


def test_several_files_become_one_stream_in_the_order_of_time(lab: Lab, tmp_path: Path) -> None:
    early = write_rows(tmp_path / "early.csv", 300)
    late = write_rows(tmp_path / "late.parquet", 200, first_ms=early.frame["at"][-1] + STEP_MS)
    said = lab.publish("lab-03", str(late.path), *early.arguments)
    assert (said["rows"], said["messages"], said["acked"]) == (500, 500, 500)
    queried = lab.query("lab-03/probe-0/air_temp")
    assert queried["value"].to_list() == [*early.frame["t0"], *late.frame["t0"]]
    assert lab.receiver.json("/api/v1/sites/lab-03/state")["clock"] == "recorded"


def test_measured_power_and_workload_of_a_cluster_arrive_whole(lab: Lab, surf: Path) -> None:
    files = (surf / "power.parquet", surf / "workload_30s.parquet")
    maps = [word for each in SURF_MAPS for word in ("--map", each)]
    before = lab.stored()
    said = lab.publish("surf-lisa", *files, "--time", "timestamp", *maps)
    assert said["acked"] == said["messages"] >= pl.read_parquet(files[0]).height
    after = lab.stored()
    assert (after[0] - before[0], after[1] - before[1]) == (said["messages"], said["points"])
    assert lab.query("surf-lisa/it-load/*").height == said["points"]


def test_a_receiver_that_lost_its_disk_gets_all_of_it_again(
    programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    rows = write_rows(tmp_path / "rows.parquet", 200)
    first = start_receiver(programs, broker, "data")
    publish(programs, broker, "lab-01", *rows.arguments)
    finished = first.interrupt()
    ledger = {"received": 200, "stored": 200, "duplicate": 0, "dead": 0, "pending": 0}
    assert finished.summary["ledger"] == ledger
    wiped = start_receiver(programs, broker, "other")
    said = publish(programs, broker, "lab-01", *rows.arguments)
    assert (said["acked_before"], said["acked"]) == (0, 200)
    assert wiped.json("/api/v1/status")["ledger"] == ledger
    assert_holds(query(programs, "other", "lab-01/*"), rows)


def exported(programs: Programs, out: Path) -> pl.DataFrame:
    span = ("--from", EVER["from"], "--to", EVER["to"])
    finished = programs.run("export", "lab-01/*", *span, "--data-dir", "data", "--out", out)
    assert finished.code == 0, finished.err
    return pl.read_parquet(out)


def assert_same_rows(found: pl.DataFrame, queried: pl.DataFrame) -> None:
    assert (
        found.sort(KEY)
        .select("asset", "point", "value")
        .equals(queried.select("asset", "point", "value"))
    )
