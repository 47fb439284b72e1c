"""A consumer slower than its producer, and everything at once for a long time.

Short runs shrink the hour and the half hour to a minute; what is proven then is that lag grows
and falls, and that memory and file handles stop growing after the first third.
"""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from support.fault_ledger import Cost, Scale, Tell
from support.fault_proxy import FaultProxy
from support.influxd import Influxd
from support.live_ingest import Publisher
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.published import frames, ledger

from ingest.native import encode_birth, encode_telemetry
from podcore.clock import SystemClock
from podcore.frame import BirthPoint
from podtwin.store.influx_client import InfluxAddress

BOOT = "01JD0000000000000000000000"
POINTS = [f"probe/t_{n:02d}" for n in range(50)]
NS = 1_000_000_000
SETTINGS = """
history: both
log: {{keep: 10s}}
history_keep: 30d
influx: {{url: "{0.url}", org: "{0.org}", bucket: "{0.bucket}", token: "{0.token}"}}
"""
RSS_GROWTH = 1.25  # of the last third over the middle one: what an allocator keeps, and no leak
BATCH = 50  # messages at once


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as running:
        yield running


def run(programs: Programs, broker: Mosquitto, address: InfluxAddress) -> Program:
    (programs.folder / "podtwin.yaml").write_text(SETTINGS.format(address))
    where = ("--broker", broker.url, "--data-dir", "data", "--port", 0, "-o", "json")
    return programs.start("run", *where).ready()


class Load:
    """Messages of fifty points, numbered, as of now."""

    def __init__(self, broker: Mosquitto) -> None:
        self._publisher = Publisher(broker.port)
        self._topic = "podtwin/v1/lab-01/gw-1"
        self.sent = 0
        points = tuple(BirthPoint(point, "temperature", "Cel", 1.0) for point in POINTS)
        now_ns = SystemClock().now_ns()
        birth = encode_birth(BOOT, now_ns, 1, recorded=False, points=points)
        self._publisher.publish(f"{self._topic}/birth", birth)

    def send(self, count: int = BATCH) -> None:
        """Some messages, taken by the broker on return."""
        for _ in range(count):
            self.sent += 1
            values = dict.fromkeys(POINTS, 20.0 + self.sent % 7)
            now_ns = SystemClock().now_ns()
            payload = encode_telemetry(BOOT, self.sent, now_ns, values)
            self._publisher.publish(f"{self._topic}/telemetry", payload)

    def close(self) -> None:
        self._publisher.close()


def lag(program: Program) -> int:
    return int(program.json("/api/v1/status")["lag"]["forward_frames"])


def stored_in(influxd: Influxd, address: InfluxAddress) -> int:
    text = influxd.flux(
        f'from(bucket: "{address.bucket}") |> range(start: 0)'
        ' |> filter(fn: (r) => r._measurement == "frame" and r._field == "seq")'
        " |> group() |> unique() |> count()"
    )
    rows = text.split()
    return int(rows[1].rpartition(",")[2]) if len(rows) > 1 else 0


@pytest.mark.timeout(400)
def test_a_consumer_slower_than_its_producer_falls_behind_and_catches_up(
    programs: Programs, broker: Mosquitto, influxd: Influxd, scale: Scale, tell: Tell
) -> None:
    address = influxd.new_bucket()
    length_s, clock = scale.seconds(20.0, 3_600.0), SystemClock()
    with FaultProxy(address) as proxy:
        program = run(programs, broker, proxy.address)
        load = Load(broker)
        proxy.delay_s = 5.0
        lags, ends_s = [0], clock.monotonic_s() + length_s
        while clock.monotonic_s() < ends_s:
            load.send()
            lags.append(lag(program))
        proxy.delay_s = 0.0
        program.eventually(
            lambda: lag(program) == 0 and stored_in(influxd, address) == load.sent,
            "all forwarded",
            within_s=200.0,
        )
    load.close()
    settled = ledger(programs.folder / "data")
    assert settled is not None
    name = f"consumer slower than its producer for {length_s:.0f} s"
    tell(Cost(name, load.sent, stored_in(influxd, address), settled.duplicate, settled.dead))
    assert max(lags) > 2 * BATCH  # it was slower, or this shows nothing
    assert program.interrupt().code == 0


@pytest.mark.timeout(400)
def test_everything_at_once_for_long_keeps_memory_handles_and_lag_flat(
    programs: Programs, broker: Mosquitto, influxd: Influxd, scale: Scale, tell: Tell
) -> None:
    address = influxd.new_bucket()
    program = run(programs, broker, address)
    process, load, clock = psutil.Process(program.pid), Load(broker), SystemClock()
    length_s = scale.seconds(40.0, 1_800.0)
    begin_s = clock.monotonic_s()
    rss: list[tuple[float, int, int]] = []
    while (passed_s := clock.monotonic_s() - begin_s) < length_s:
        load.send()
        rss.append((passed_s, process.memory_info().rss, process.num_fds()))
    program.eventually(lambda: lag(program) == 0, "no lag", within_s=100.0)
    program.eventually(
        lambda: stored_in(influxd, address) == load.sent, "all forwarded", within_s=100.0
    )
    load.close()
    settled = ledger(programs.folder / "data")
    assert settled is not None
    name = f"soak of {length_s:.0f} s with sealing, retention and forwarding"
    tell(Cost(name, load.sent, stored_in(influxd, address), settled.duplicate, settled.dead))
    middle, last = third(rss, length_s, 1), third(rss, length_s, 2)
    assert max(r for _, r, _ in last) < RSS_GROWTH * max(r for _, r, _ in middle)
    assert max(f for _, _, f in last) <= max(f for _, _, f in middle) + 5
    assert settled.stored == load.sent
    held = len(frames(programs.folder / "data"))
    assert scale.full is False or held < load.sent  # retention has trimmed what was sealed
    assert program.interrupt().code == 0


def third(
    samples: list[tuple[float, int, int]], length_s: float, number: int
) -> list[tuple[float, int, int]]:
    """The samples of one third of the run."""
    low, high = number * length_s / 3, (number + 1) * length_s / 3
    found = [sample for sample in samples if low <= sample[0] < high]
    assert found, "the machine was too busy to take a sample"
    return found
