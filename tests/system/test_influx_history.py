"""`history: influx` on the whole program: read back, away at the start, killed, restarted."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from support.history import assert_holds, query
from support.influxd import Influxd
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.tables import Rows, write_rows

ROWS = 2_000
SETTINGS = """
history: influx
log: {{keep: 1s}}
influx: {{url: "{0.url}", org: "{0.org}", bucket: "{0.bucket}", token: "{0.token}"}}
"""
EVERYTHING = {
    "point": "lab-01/probe-0/air_temp",
    "from": "2026-01-01T00:00:00Z",
    "to": "2027-01-01T00:00:00Z",
}
ASKED = ("query", "lab-01/*", "--from", "2026-01-01T00:00:00Z", "--to", "2027-01-01T00:00:00Z")


def run(programs: Programs, broker: Mosquitto) -> Program:
    return programs.start("run", "--broker", broker.url, "--port", 0, "-o", "json")


def publish(programs: Programs, broker: Mosquitto, rows: Rows) -> None:
    where = ("--site", "lab-01", "--node", "gw-1", "--broker", broker.url, "-o", "json")
    assert programs.run("publish", *rows.arguments, *where).code == 0


def newest(program: Program) -> float | None:
    """The value that the page shows of the first probe."""
    answer = program.get("/api/v1/sites/lab-01/state")
    if answer.status_code != httpx.codes.OK:
        return None
    values: dict[str, dict[str, float]] = answer.json()["values"]
    return values.get("probe-0/air_temp", {}).get("v")


def answered(program: Program) -> list[float] | None:
    """The whole range, or None while the history is away."""
    answer = program.get("/api/v1/series", EVERYTHING)
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert answer.json()["type"] == "urn:podtwin:problem:history_away"
        return None
    assert answer.status_code == httpx.codes.OK, answer.text
    series = answer.json()["series"]
    return list(series[0]["v"]) if series else []


def forwarded(program: Program) -> bool:
    return int(program.json("/api/v1/status")["lag"]["forward_frames"]) == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_published_is_read_back_whenever_the_database_comes_and_goes(
    programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    with Influxd(tmp_path / "influxd") as influxd:
        address = influxd.new_bucket()
        (tmp_path / "podtwin.yaml").write_text(SETTINGS.format(address))
        rows = write_rows(tmp_path / "rows.parquet", ROWS, 2)
        expected = rows.frame["t0"].to_list()
        influxd.kill()
        program = run(programs, broker)
        publish(programs, broker, rows)
        program.eventually(lambda: newest(program) == expected[-1], "the newest value on the page")
        assert answered(program) is None
        away = programs.run(*ASKED)
        assert (away.code, away.out) == (3, "")
        assert influxd.url in away.err

        influxd.start()
        program.eventually(lambda: answered(program) == expected, "all of it", within_s=120.0)
        program.eventually(lambda: forwarded(program), "all forwarded", within_s=120.0)
        assert_holds(query(programs, "data", "lab-01/*"), rows)

        influxd.kill()
        assert program.interrupt().code == 0
        program = run(programs, broker)
        program.logged("history_away")
        assert (newest(program), answered(program)) == (None, None)
        influxd.start()
        program.eventually(lambda: newest(program) == expected[-1], "the value of before the start")
        program.eventually(lambda: answered(program) == expected, "all of it", within_s=60.0)
        assert program.interrupt().code == 0
