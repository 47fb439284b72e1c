"""CPU time all the way: MQTT into the log and on into InfluxDB, microseconds a point.

    python -P benchmarks/forward.py [--points-per-s R] [--seconds S] [--repeat K]
    python -P benchmarks/forward.py --harness DIR [--rates R...]

Messages of 50 points of ten assets, 100 sites, go through a real Mosquitto to `podtwin run` with
the roles ingest and forward, and from its log into a real InfluxDB 2. What is measured is the CPU
time, user and system, of the program with all its children, from the first message after a
warm-up until the last row is in the database: start-up is left out, and so is waiting. Mosquitto
is measured in the same window; on a busy machine every figure grows, and the ratio to it less.

With `--harness` the same program runs in a harness that also runs Telegraf and a writer as
tutorials show it, kills what it is told to, and compares every message with the database; DIR
holds its `run_peer.py`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.ingest import BOOT, CLOCK, machine, mosquitto, wait_for
from ingest.native import encode_birth, encode_telemetry
from podcore.frame import BirthPoint
from podcore.quantity import QUANTITIES

ASSETS = 10
KINDS = ("power", "temperature", "humidity", "percentage", "number")  # points of each asset
POINTS = ASSETS * len(KINDS)
ROWS = ASSETS + 1  # lines a message becomes
SITES = 100
LIMIT_US = 4.0
ORG, BUCKET, TOKEN = "podtwin", "podtwin", "of-this-benchmark"
BUILT_TOOLS = Path.home() / ".cache" / "podtwin-tools"
PODTWIN = Path(sys.executable).with_name("podtwin")
WARM_UP = 2 * SITES  # messages before the window: libraries are loaded, templates made
IN_HARNESS = (  # the harness fills in what stands in braces
    "PODTWIN_INFLUX__URL={influx_url}",
    "PODTWIN_INFLUX__ORG={org}",
    "PODTWIN_INFLUX__BUCKET={bucket}",
    "PODTWIN_INFLUX__TOKEN={token}",
)
SITE_IN_HARNESS = """
schema: podtwin/site/1
id: s{0:04d}
type: none
nodes: [n0]
assets:
  - id: "crac-[00-04]"
    class: crac
    points: {{valve_open: {{quantity: percentage}}, power: {{quantity: power}}}}
  - id: "rack-[00-04]"
    class: rack
    points: {{pdu_current: {{quantity: current}}, humidity: {{quantity: humidity}}}}
"""
SYSTEMS = {
    "ours": "",
    "telegraf, json_v2": "--system telegraf --json-parser json_v2",
    "telegraf, json": "--system telegraf --json-parser json_v1",
    "tutorial": "--system tutorial",
}


@dataclass(frozen=True)
class Load:
    """What is sent. messages_per_s : 0 is as fast as it goes."""

    messages: int
    messages_per_s: float


@dataclass(frozen=True)
class Cost:
    """CPU time in the window, by process, and how long the window was. [s]"""

    points: int
    podtwin_s: float
    mosquitto_s: float
    influxd_s: float
    wall_s: float

    def us_a_point(self, seconds: float) -> float:
        """CPU time a point. [µs]"""
        return seconds * 1e6 / self.points


def main() -> None:
    """Runs all, prints a table and one line of JSON; ends with 1 when the limit is not kept."""
    options = arguments()
    print(machine())
    if options.harness is not None:
        compare(options.harness, options.rates, options.seconds)
        return
    rate = options.points_per_s / POINTS
    load = Load(round((rate or 2_000) * options.seconds), rate)
    print(f"{load.messages} messages of {POINTS} points, {SITES} sites, {rate:g} messages a second")
    print("run  podtwin  mosquitto  influxd  µs a point;  points a second")
    costs = []
    for run in range(1, options.repeat + 1):
        costs.append(measured(load))
        print(row(str(run), costs[-1:]), flush=True)
    print(row("med", costs), f"  limit {LIMIT_US}")
    print(json.dumps(summary(load, costs)))
    raise SystemExit(median_us(costs) > LIMIT_US)


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points-per-s", type=float, default=100_000.0, help="0 for no limit")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long is sent")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--harness", type=Path, help="folder with run_peer.py")
    parser.add_argument("--rates", type=float, nargs="+", default=[20_000.0, 100_000.0, 0.0])
    return parser.parse_args()


def row(name: str, costs: list[Cost]) -> str:
    """One line of the table: medians."""
    parts = [
        statistics.median(cost.us_a_point(seconds) for cost, seconds in pairs)
        for pairs in (
            [(cost, cost.podtwin_s) for cost in costs],
            [(cost, cost.mosquitto_s) for cost in costs],
            [(cost, cost.influxd_s) for cost in costs],
        )
    ]
    rate = statistics.median(cost.points / cost.wall_s for cost in costs)
    return f"{name:>3}  {parts[0]:7.2f}  {parts[1]:9.2f}  {parts[2]:7.2f}  {rate:28.0f}"


def median_us(costs: list[Cost]) -> float:
    """CPU time of the program a point, median of the runs. [µs]"""
    return statistics.median(cost.us_a_point(cost.podtwin_s) for cost in costs)


def summary(load: Load, costs: list[Cost]) -> dict[str, object]:
    """The figures for a machine to read."""
    return {
        "benchmark": "forward",
        **asdict(load),
        "points": POINTS,
        "us_a_point": round(median_us(costs), 3),
        "mosquitto_us_a_point": round(
            statistics.median(cost.us_a_point(cost.mosquitto_s) for cost in costs), 3
        ),
        "limit_us": LIMIT_US,
        "repeat": len(costs),
    }


def measured(load: Load) -> Cost:
    """One run, everything fresh."""
    with (
        tempfile.TemporaryDirectory(prefix="podtwin-bench-") as folder,
        mosquitto(folder) as port,
        influxd(Path(folder)) as database,
        podtwin(Path(folder), port, database.url) as program,
    ):
        broker = next(p for p in psutil.Process().children() if p.name() == "mosquitto")
        trees = (psutil.Process(program.pid), broker, psutil.Process(database.pid))
        send(port, 0, Load(WARM_UP, 0.0))
        wait_for(lambda: database.rows() >= WARM_UP * ROWS, "the first rows")
        before, began_s = [cpu_s(tree) for tree in trees], time.monotonic()
        sender = multiprocessing.get_context("spawn").Process(
            target=send, args=(port, WARM_UP, load)
        )
        sender.start()
        everything = (WARM_UP + load.messages) * ROWS
        wait_for(lambda: database.rows() >= everything, "the last row")
        ours, brokers, databases = (
            cpu_s(tree) - was for tree, was in zip(trees, before, strict=True)
        )
        wall_s = time.monotonic() - began_s
        sender.join(30.0)
    return Cost(load.messages * POINTS, ours, brokers, databases, wall_s)


def cpu_s(tree: psutil.Process) -> float:
    """User and system time of a process with all that it started. [s]"""
    times = [each.cpu_times() for each in (tree, *tree.children(recursive=True))]
    return sum(each.user + each.system for each in times)


@dataclass(frozen=True)
class Database:
    """An InfluxDB that runs."""

    url: str
    pid: int

    def rows(self) -> int:
        """Rows stored so far, by its own counters; no query disturbs it."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:  # noqa: S310 - loopback
            text = answer.read().decode()
        counters = ("storage_shard_write_count{", "storage_shard_write_dropped_sum{")
        written, dropped = (
            sum(
                float(line.rpartition(" ")[2])
                for line in text.splitlines()
                if line.startswith(name)
            )
            for name in counters
        )
        return round(written - dropped)


@contextmanager
def influxd(folder: Path) -> Iterator[Database]:
    """A fresh InfluxDB 2 with a bucket."""
    program = built("influxd", "PODTWIN_INFLUXD")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    arguments = [
        f"--bolt-path={folder / 'i.bolt'}",
        f"--engine-path={folder / 'engine'}",
        f"--sqlite-path={folder / 'i.sqlite'}",
        f"--http-bind-address={url.removeprefix('http://')}",
        "--reporting-disabled",
    ]
    with (folder / "influxd.log").open("wb") as log:
        process = subprocess.Popen([str(program), *arguments], stdout=log, stderr=log)
    try:
        wait_for(lambda: healthy(url), "the database")
        setup = {"username": "operator", "org": ORG, "bucket": BUCKET, "token": TOKEN}
        request = urllib.request.Request(f"{url}/api/v2/setup", json.dumps(setup).encode())  # noqa: S310 - loopback
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - loopback
        yield Database(url, process.pid)
    finally:
        process.kill()
        process.wait(10)


def built(name: str, variable: str) -> Path:
    """Where a program is that no package holds."""
    on_path = shutil.which(name)
    places = (os.environ.get(variable), on_path, str(BUILT_TOOLS / name))
    found = next((Path(place) for place in places if place and Path(place).is_file()), None)
    if found is None:
        raise SystemExit(f"{name} is not installed; {variable} names its file")
    return found


def healthy(url: str) -> bool:
    """Whether the database says so."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def podtwin(folder: Path, port: int, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program, subscribed."""
    log = folder / "podtwin.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(f"mqtt://127.0.0.1:{port}", folder / "data"),
            env={
                **os.environ,
                "PODTWIN_INFLUX__URL": url,
                "PODTWIN_INFLUX__ORG": ORG,
                "PODTWIN_INFLUX__BUCKET": BUCKET,
                "PODTWIN_INFLUX__TOKEN": TOKEN,
            },
            stdout=output,
            stderr=output,
            cwd=folder,
        )
    try:
        wait_for(lambda: b"podtwin_running" in log.read_bytes(), "the program")
        time.sleep(2.0)  # for the subscription, which nothing announces
        yield process
    finally:
        process.terminate()
        process.wait(20)


def command(broker: str, data_dir: Path | str) -> list[str]:
    """What is measured, as a command."""
    roles = ["--roles", "ingest,forward", "--history", "influx"]
    return [str(PODTWIN), "run", *roles, "--broker", broker, "--data-dir", str(data_dir)]


def send(port: int, first: int, load: Load) -> None:
    """Publishes births, then messages from a number on, QoS 1, the sites in turn."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1_000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    names = [f"rack-{asset:02d}/{kind}" for asset in range(ASSETS) for kind in KINDS]
    kinds = [name.partition("/")[2] for name in names]
    points = [
        BirthPoint(name, kind, QUANTITIES[kind].unit, 1.0)
        for name, kind in zip(names, kinds, strict=True)
    ]
    for site in range(SITES):
        payload = encode_birth(BOOT, CLOCK.now_ns(), 1, recorded=False, points=points)
        client.publish(f"podtwin/v1/s{site:03d}/gw-1/birth", payload, qos=1, retain=True)
    started_s = time.monotonic()
    for index in range(first, first + load.messages):
        values = {
            name: round(20 + (index * 7 + n * 13) % 997 / 17, 3) for n, name in enumerate(names)
        }
        payload = encode_telemetry(BOOT, index // SITES + 1, CLOCK.now_ns(), values)
        sent = client.publish(f"podtwin/v1/s{index % SITES:03d}/gw-1/telemetry", payload, qos=1)
        if load.messages_per_s:
            ahead_s = (index - first) / load.messages_per_s - (time.monotonic() - started_s)
            time.sleep(max(0.0, ahead_s))
        if index % 1_000 == 999 or index == first + load.messages - 1:
            sent.wait_for_publish(300.0)
    client.disconnect()
    client.loop_stop()


def compare(harness: Path, rates: list[float], seconds: float) -> None:
    """Runs each system in the harness at each rate, in turn; one line a run."""
    print("points/s asked, stored; µs a point: consumer, mosquitto, influxd; lag s; lost")
    for rate in rates:
        for name, flags in SYSTEMS.items():
            found = in_harness(harness, rate, seconds, flags)
            spent = found["cpu_us_per_point"]
            assert isinstance(spent, dict)  # noqa: S101 - a figure for each process
            print(
                f"{rate:8.0f} {found['points_per_s']:>8} {spent['consumer']:7.2f}"
                f" {spent['mosquitto']:6.2f} {spent['influxd']:6.2f}"
                f" {found['lag_s']['median']:6.2f} {found['lost']:>5}  {name}",
                flush=True,
            )


def in_harness(harness: Path, rate: float, seconds: float, flags: str) -> dict[str, Any]:
    """What one run of the harness says."""
    with tempfile.TemporaryDirectory(prefix="podtwin-bench-") as folder:
        if not flags:
            flags = (
                f"--system cmd --rows-per-message {ROWS} --cmd {shlex.quote(ours(Path(folder)))}"
            )
        asked = (
            f"--format json --rate {rate:g} --duration {seconds:g} --settle 4 --workdir {folder}"
        )
        programs = ["--influxd-binary", str(built("influxd", "PODTWIN_INFLUXD"))]
        if "telegraf" in flags:
            programs += ["--telegraf-binary", str(built("telegraf", "PODTWIN_TELEGRAF"))]
        words = [*shlex.split(f"{flags} {asked}"), *programs]
        line = [sys.executable, str(harness / "run_peer.py"), *words]
        finished = subprocess.run(line, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


def ours(folder: Path) -> str:
    """The program as the harness starts it, with the sites that its messages are of."""
    sites = folder / "sites"
    sites.mkdir()
    for number in range(SITES):
        (sites / f"s{number:04d}.yaml").write_text(SITE_IN_HARNESS.format(number))
    where = command("mqtt://127.0.0.1:{mqtt_port}", "{workdir}/data")
    return shlex.join(["env", *IN_HARNESS, *where, "--sites", str(sites)])


if __name__ == "__main__":
    main()
