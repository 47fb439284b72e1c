"""Readings on their way into a real InfluxDB: away at the start, killed, killed itself, refusing.

The log here is trimmed as soon as all its readers are done, so that whatever a forwarder had not
read would be missing at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.frames import NS, reading
from support.influxd import Influxd
from support.live_ingest import LAB
from support.memory_log import MemoryLog
from support.mosquitto import Mosquitto
from support.program import Program, Programs, eventually
from support.tables import Rows, write_rows
from support.waiting import eventually as soon

from podcore.clock import SystemClock
from podtwin.pipeline.forward import LOG_CURSOR, make_forward_role
from podtwin.store.downsampling import marked_hours
from podtwin.store.influx_client import Downsampling, InfluxAddress, InfluxTarget, KeptBucket
from podtwin.store.rollup import HOUR, MINUTE
from podtwin.store.state import StateStore
from podtwin.store.undelivered import UndeliveredRows

ROWS = 8_000
CATCH_UP_S = 120.0  # the longest wait between two tries, and as much again for a busy machine
SETTINGS = """
history: both
log: {{keep: 1s}}
influx: {{url: "{0.url}", org: "{0.org}", bucket: "{0.bucket}", token: "{0.token}"}}
"""


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateStore]:
    store = StateStore(tmp_path / "state.db")
    yield store
    store.close()


def run(programs: Programs, broker: Mosquitto, address: InfluxAddress) -> Program:
    (programs.folder / "podtwin.yaml").write_text(SETTINGS.format(address))
    where = ("--broker", broker.url, "--data-dir", "data", "--port", 0)
    return programs.start("run", *where, "-o", "json")


def publish(programs: Programs, broker: Mosquitto, rows: Rows) -> Program:
    where = ("--site", "lab-01", "--node", "gw-1", "--broker", broker.url, "-o", "json")
    return programs.start("publish", *rows.arguments, *where)


def stored(program: Program) -> int:
    return int(program.json("/api/v1/status")["ledger"]["stored"])


def await_stored(program: Program, messages: int) -> None:
    program.eventually(lambda: stored(program) >= messages, f"{messages} messages stored")


def lag(program: Program) -> int:
    return int(program.json("/api/v1/status")["lag"]["forward_frames"])


def await_forwarded(program: Program, influxd: Influxd, address: InfluxAddress) -> None:
    """Until every number is there, once."""
    everything = list(range(1, ROWS + 1))
    program.eventually(
        lambda: lag(program) == 0 and seqs(influxd, address) == everything,
        "all forwarded",
        within_s=CATCH_UP_S,
    )


def seqs(influxd: Influxd, address: InfluxAddress) -> list[int]:
    """The seqs of all `frame` rows."""
    text = influxd.flux(
        f'from(bucket: "{address.bucket}") |> range(start: 0)'
        ' |> filter(fn: (r) => r._measurement == "frame" and r._field == "seq")'
        ' |> group() |> keep(columns: ["_value"]) |> sort(columns: ["_value"])'
    )
    return [int(line.rpartition(",")[2]) for line in text.split()[1:]]


def values(influxd: Influxd, address: InfluxAddress) -> int:
    """How many values of measured points there are."""
    text = influxd.flux(
        f'from(bucket: "{address.bucket}") |> range(start: 0)'
        ' |> filter(fn: (r) => r.source == "measured" and r._field == "air_temp")'
        " |> group() |> count()"
    )
    return int(text.split()[1].rpartition(",")[2])


class Listener(threading.Thread):
    """Somebody who looks at the page: counts what the stream brings."""

    def __init__(self, program: Program) -> None:
        super().__init__(daemon=True)
        self._url = f"{program.url}/api/v1/stream"
        self.events = 0

    def run(self) -> None:
        try:
            with httpx.stream("GET", self._url, timeout=30.0) as answer:
                for line in answer.iter_lines():
                    self.events += line.startswith(("event:", "data:"))
        except httpx.TransportError:
            pass  # the program was stopped at the end of the test


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_database_that_is_away_and_killed_costs_nothing_and_disturbs_nobody(
    programs: Programs, broker: Mosquitto, influxd: Influxd, tmp_path: Path
) -> None:
    address = influxd.new_bucket()
    rows = write_rows(tmp_path / "rows.parquet", ROWS, 2)
    influxd.kill()
    program = run(programs, broker, address)
    publishing = publish(programs, broker, rows)
    assert "does not answer" in program.logged("forwarding_stopped")["why"]
    await_stored(program, ROWS // 4)
    assert_the_page_lives(program)
    assert influxd_is_named_by(program)
    influxd.start()
    for part in (2, 3):
        await_stored(program, part * ROWS // 4)
        influxd.kill()
        assert_the_page_lives(program)
        influxd.start()
    assert publishing.wait(within_s=120.0).code == 0
    await_stored(program, ROWS)
    await_forwarded(program, influxd, address)
    assert values(influxd, address) == rows.values
    assert program.interrupt().code == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_forwarder_that_is_killed_repeats_and_loses_nothing(
    programs: Programs, broker: Mosquitto, influxd: Influxd, tmp_path: Path
) -> None:
    address = influxd.new_bucket()
    rows = write_rows(tmp_path / "rows.parquet", ROWS, 2)
    program = run(programs, broker, address)
    publishing = publish(programs, broker, rows)
    for part in (1, 2, 3):
        await_stored(program, part * ROWS // 4)
        program.kill()
        program = run(programs, broker, address)
    assert publishing.wait(within_s=120.0).code == 0
    await_stored(program, ROWS)
    await_forwarded(program, influxd, address)
    assert values(influxd, address) == rows.values
    assert program.interrupt().code == 0


def assert_the_page_lives(program: Program) -> None:
    listener = Listener(program)
    listener.start()
    soon(lambda: listener.events >= 3, "the stream goes on", within_s=60.0)
    assert program.get("/").status_code == httpx.codes.OK
    assert program.json("/api/v1/sites")["sites"]


def influxd_is_named_by(program: Program) -> bool:
    parts = program.json("/api/v1/status")["components"]
    (forward,) = (part for part in parts if part["name"] == "forward")
    return (
        not forward["ready"] and forward["state"] == "running" and "InfluxDB" in forward["detail"]
    )


def forward_all(address: InfluxAddress, log: MemoryLog, state: StateStore) -> None:
    """Forwards a log to its end in this process."""
    role = make_forward_role(
        InfluxTarget("influx", address), log, MemoryLog(), state, lambda: [LAB], SystemClock()
    )
    role.start()
    eventually(lambda: state.get(LOG_CURSOR) == log.last_offset(), "forwarded")
    role.drain(10.0)
    role.stop()


def count(influxd: Influxd, address: InfluxAddress, where: str) -> int:
    text = influxd.flux(
        f'from(bucket: "{address.bucket}") |> range(start: 0) |> filter(fn: (r) => {where})'
        " |> toFloat() |> group() |> count()"
    )
    rows = text.split()
    return int(rows[1].rpartition(",")[2]) if len(rows) > 1 else 0


def test_one_series_of_another_type_leaves_all_others_alone(
    influxd: Influxd, state: StateStore
) -> None:
    address = influxd.new_bucket()
    now_ns = SystemClock().now_ns() // NS * NS - 3600 * NS
    influxd.write(address, f"meter,site=by-hand power=5i {now_ns}")
    log = MemoryLog()
    held = {"meter-1/power": 1.0, "meter-1/voltage": 230.0, "probe-1/air_temp": 20.0}
    log.append([reading(held, now_ns + n * NS, site="lab", seq=n) for n in range(500)])
    forward_all(address, log, state)
    assert count(influxd, address, 'r.site == "lab" and r._field == "voltage"') == 500
    assert count(influxd, address, 'r.site == "lab" and r._field == "air_temp"') == 500
    assert count(influxd, address, 'r._measurement == "frame" and r._field == "seq"') == 500
    assert count(influxd, address, 'r.site == "lab" and r._field == "power"') == 0
    rows = UndeliveredRows(state)
    assert rows.counts() == {("influx", "field type conflict"): 500}
    assert "power=1.0" in rows.page(1)[0].what.line


def test_rows_older_than_the_bucket_keeps_say_so(influxd: Influxd, state: StateStore) -> None:
    address = influxd.new_bucket(retention_s=30 * 86_400)
    now_ns = SystemClock().now_ns() // NS * NS - 3600 * NS
    of_2022_ns = 1_650_000_000 * NS
    log = MemoryLog()
    for n in range(200):
        old = reading({"meter-1/power": 1.0}, of_2022_ns + n * NS, site="past", seq=n)
        log.append([old, reading({"meter-1/power": 1.0}, now_ns + n * NS, site="lab", seq=n)])
    forward_all(address, log, state)
    assert count(influxd, address, 'r.site == "lab" and r._field == "power"') == 200
    rows = UndeliveredRows(state)
    assert rows.counts() == {("influx", "bucket retention"): 400}
    newest = rows.page(1)[0]
    assert (newest.what.site, newest.what.reason) == ("past", "bucket retention")
    assert "720h" in newest.what.detail


@pytest.mark.parametrize(
    ("wrong", "words"),
    (("token", "influx.token"), ("org", "organization name"), ("bucket", 'bucket "nope"')),
)
def test_what_is_named_wrongly_is_said(
    influxd: Influxd, state: StateStore, wrong: str, words: str
) -> None:
    good = influxd.new_bucket()
    given = {"url": good.url, "org": good.org, "bucket": good.bucket, "token": good.token}
    address = InfluxAddress(**{**given, wrong: "nope"})
    log = MemoryLog()
    log.append([reading({"meter-1/power": 1.0}, SystemClock().now_ns(), site="lab")])
    role = make_forward_role(
        InfluxTarget("influx", address), log, MemoryLog(), state, lambda: [LAB], SystemClock()
    )
    role.start()
    eventually(lambda: words in role.health().detail, words)
    assert not role.health().ready
    assert state.get(LOG_CURSOR) == 0
    role.stop()


def test_a_token_that_may_only_read_is_told_which_right_is_missing(
    influxd: Influxd, state: StateStore
) -> None:
    good = influxd.new_bucket()
    token = influxd.new_token(good.bucket, rights=("read",))
    log = MemoryLog()
    log.append([reading({"meter-1/power": 1.0}, SystemClock().now_ns(), site="lab")])
    address = InfluxAddress(good.url, good.org, good.bucket, token)
    role = make_forward_role(
        InfluxTarget("influx", address), log, MemoryLog(), state, lambda: [LAB], SystemClock()
    )
    role.start()
    eventually(lambda: "write:buckets" in role.health().detail, "the missing right")
    role.stop()


def test_minutes_and_hours_are_made_of_what_was_forwarded(
    influxd: Influxd, state: StateStore
) -> None:
    raw = influxd.new_bucket()
    plan = Downsampling(KeptBucket(f"{raw.bucket}_1m"), KeptBucket(f"{raw.bucket}_1h", 86_400_000))
    target = InfluxTarget("center", raw, plan)
    log, ago_ns = MemoryLog(), SystemClock().now_ns() - 7_200 * NS
    hour_ns = ago_ns - ago_ns % (3_600 * NS)
    log.append(
        [reading({"meter-1/power": float(n)}, hour_ns + n * NS, site="lab") for n in range(180)]
    )
    role = make_forward_role(target, log, MemoryLog(), state, lambda: [LAB], SystemClock())
    role.start()
    soon(
        lambda: marked_hours(state.path, "center", target.place, "lab") == frozenset(),
        "all made",
        within_s=60.0,
    )
    assert role.health().ready
    role.stop()
    means = 'r._measurement == "meter" and r._field == "power"'
    assert count(influxd, plan.at(raw, MINUTE), means) == 3
    assert count(influxd, plan.at(raw, HOUR), means) == 1
    (hours,) = influxd.get("/api/v2/buckets", name=plan.hour.bucket, org=raw.org)["buckets"]
    assert hours["retentionRules"][0]["everySeconds"] == plan.hour.keep_s
