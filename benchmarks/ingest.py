"""CPU time of ingest: messages of 50 points through a real Mosquitto into the committed log.

    python -P benchmarks/ingest.py [--messages N] [--sites S] [--rate R] [--repeat K] [--profile]

(-P, since a script's own folder comes first on the path otherwise, and there this file has the
name of the package.)

Each run sends the same messages twice: to ingest (decode, validate, dedupe, commit, acks) and to
a bare paho receiver that counts and acknowledges, each in a process of its own. What is compared
is CPU time, user and system, between the first message stored and the last: start-up is left out,
and so is waiting, so that a busy machine changes little. The bare receiver is the floor under
anything that uses paho; the ratio to it carries over to other machines better than the time does.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import multiprocessing
import os
import platform
import pstats
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from ingest.address import BrokerAddress
from ingest.inbox import Inbox
from ingest.log import SqliteLog
from ingest.native import encode_birth, encode_telemetry
from ingest.subscriber import Subscriber
from ingest.writer import Writer
from podcore.clock import SystemClock
from podcore.frame import BirthPoint
from podcore.site import Asset, Point, Site, SiteType

POINTS = 50
LIMIT_US = 2.5
POLL_S = 0.02
DEADLINE_S = 300.0
BOOT = "01JD0000000000000000000000"
CLOCK = SystemClock()
QUANTITIES = ("power", "temperature", "humidity", "percentage", "number")


@dataclass(frozen=True)
class Load:
    """What is sent: messages in all, over so many sites, at a rate (0 is as fast as it goes)."""

    messages: int
    sites: int
    rate: float


@dataclass(frozen=True)
class Cost:
    """CPU time of a receiver for a number of messages, and how long the whole took. [s]"""

    messages: int
    cpu_s: float
    wall_s: float

    @property
    def us_a_point(self) -> float:
        """CPU time a point. [µs]"""
        return self.cpu_s * 1e6 / (self.messages * POINTS)


def main() -> None:
    """Runs all, prints a table and one line of JSON; ends with 1 when the limit is not kept."""
    options = arguments()
    load = Load(options.messages, options.sites, options.rate)
    print(machine())
    print(f"{load.messages} messages of {POINTS} points, {load.sites} sites, rate {load.rate:g}/s")
    print(f"{'run':>4} {'ingest µs/point':>16} {'bare µs/point':>14} {'ratio':>6} {'msg/s':>7}")
    pairs = []
    for run in range(1, options.repeat + 1):
        bare = measured(receive_bare, load, profile=False)
        ingest = measured(receive_ingest, load, profile=options.profile)
        pairs.append((ingest, bare))
        print(row(str(run), [(ingest, bare)]), flush=True)
    print(row("med", pairs), f"  limit {LIMIT_US}")
    print(json.dumps(summary(load, pairs)))
    raise SystemExit(median_us(pairs) > LIMIT_US)


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second, 0 for no limit")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="show where the writer's time goes")
    return parser.parse_args()


def machine() -> str:
    """What this was measured on."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    load = os.getloadavg()[0]
    return (
        f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, "
        f"Python {platform.python_version()}, paho {version('paho-mqtt')}"
    )


def row(name: str, pairs: list[tuple[Cost, Cost]]) -> str:
    """One line of the table: medians over the pairs."""
    ingest = median_us(pairs)
    bare = statistics.median(bare.us_a_point for _, bare in pairs)
    ratio = statistics.median(ingest.us_a_point / bare.us_a_point for ingest, bare in pairs)
    rate = statistics.median(ingest.messages / ingest.wall_s for ingest, _ in pairs)
    return f"{name:>4} {ingest:16.2f} {bare:14.2f} {ratio:6.2f} {rate:7.0f}"


def median_us(pairs: list[tuple[Cost, Cost]]) -> float:
    """CPU time of ingest a point, median of the runs. [µs]"""
    return statistics.median(ingest.us_a_point for ingest, _ in pairs)


def summary(load: Load, pairs: list[tuple[Cost, Cost]]) -> dict[str, object]:
    """The figures for a machine to read."""
    return {
        "benchmark": "ingest",
        **asdict(load),
        "points": POINTS,
        "us_a_point": round(median_us(pairs), 3),
        "bare_us_a_point": round(statistics.median(bare.us_a_point for _, bare in pairs), 3),
        "ratio": round(
            statistics.median(ingest.us_a_point / bare.us_a_point for ingest, bare in pairs), 2
        ),
        "limit_us": LIMIT_US,
        "repeat": len(pairs),
    }


Receive = Callable[[int, Load, str, bool, Connection], None]


def measured(receive: Receive, load: Load, *, profile: bool) -> Cost:
    """One receiver in a process of its own, from its subscription to its last message."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="podtwin-bench-") as folder, mosquitto(folder) as port:
        ours, theirs = context.Pipe()
        arguments = (port, load, folder, profile, theirs)
        receiver = context.Process(target=receive, args=arguments)
        sender = context.Process(target=send, args=(port, load))
        receiver.start()
        expect(ours)  # subscribed
        sender.start()
        cost: Cost = expect(ours)
        for process in (sender, receiver):
            process.join(DEADLINE_S)
    return cost


def expect(connection: Connection) -> Cost:
    """The next word of the receiver."""
    if not connection.poll(DEADLINE_S):
        raise TimeoutError(f"the receiver said nothing for {DEADLINE_S:g} s")
    word: Cost = connection.recv()
    return word


@contextmanager
def mosquitto(folder: str) -> Iterator[int]:
    """A broker as we recommend it, on a free port; it keeps nothing on disk."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise SystemExit("mosquitto is not installed; Debian: apt-get install mosquitto")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    config = Path(folder) / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\n"
        "max_queued_messages 1000000\nlog_dest none\n"
    )
    process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: answers(port), "the broker")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    """Whether someone listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(true: Callable[[], bool], what: str) -> None:
    """Returns once it is true."""
    until = time.monotonic() + DEADLINE_S
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not come within {DEADLINE_S:g} s")
        time.sleep(POLL_S)


def cost_of(stored: Callable[[], int], load: Load) -> Cost:
    """CPU and time between the first message that is done and the last."""
    wait_for(lambda: stored() > 0, "the first message")
    first, cpu_s, wall_s = stored(), time.process_time(), time.monotonic()
    wait_for(lambda: stored() >= load.messages, "the last message")
    return Cost(stored() - first, time.process_time() - cpu_s, time.monotonic() - wall_s)


def receive_bare(port: int, load: Load, folder: str, profile: bool, back: Connection) -> None:  # noqa: ARG001, FBT001 -- as receive_ingest
    """A receiver that does nothing but count; paho acknowledges by itself."""
    count = 0
    subscribed = threading.Event()

    def on_message(*_: object) -> None:
        nonlocal count
        count += 1

    client = Client(CallbackAPIVersion.VERSION2, client_id="bare", clean_session=False)
    client.on_message = on_message
    client.on_connect = lambda client, *_: client.subscribe("podtwin/v1/+/+/telemetry", 1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    subscribed.wait(DEADLINE_S)
    back.send(None)
    back.send(cost_of(lambda: count, load))
    client.loop_stop()


def receive_ingest(port: int, load: Load, folder: str, profile: bool, back: Connection) -> None:  # noqa: FBT001 -- an argument of a process
    """Subscriber, inbox and writer as `podtwin run --roles ingest` connects them."""
    clock, inbox = SystemClock(), Inbox()
    log = SqliteLog(Path(folder) / "log.db")
    writer = Writer(log, inbox, clock, discover=False, wake=lambda _: None)
    writer.adopt([site(number) for number in range(load.sites)])
    address = BrokerAddress("127.0.0.1", port)
    subscriber = Subscriber(address, "ingest", inbox, writer.ledger_book, clock)
    writer.connect(subscriber)
    profiler = profiled(writer) if profile else None
    writer.start()
    subscriber.start()
    wait_for(lambda: subscriber.connected, "the connection")
    time.sleep(0.5)  # for the subscription, which nothing announces
    back.send(None)
    back.send(cost_of(lambda: writer.ledger().stored, load))
    writer.drain(DEADLINE_S)
    subscriber.stop()
    if profiler is not None:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def profiled(writer: Writer) -> cProfile.Profile:
    """Puts a profile around the writer's thread."""
    profiler = cProfile.Profile()
    run = writer._thread.run  # noqa: SLF001 -- a look inside is what this is for

    def watched() -> None:
        profiler.runcall(run)

    writer._thread.run = watched  # type: ignore[method-assign]  # noqa: SLF001 -- as above
    return profiler


def site(number: int) -> Site:
    """A site of 50 points of several quantities."""
    points = tuple(
        Point(f"rack-{n:02d}", "value", "other", QUANTITIES[n % len(QUANTITIES)], 1.0)
        for n in range(POINTS)
    )
    assets = tuple(Asset(point.asset, "other", point.asset) for point in points)
    name = f"site-{number:03d}"
    return Site(name, SiteType.NONE, name, assets=assets, points=points)


def send(port: int, load: Load) -> None:
    """Publishes births, then the messages, QoS 1, the sites in turn."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1_000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in range(load.sites):
        birth(client, site(number))
    started = time.monotonic()
    for index in range(load.messages):
        name = f"site-{index % load.sites:03d}"
        payload = message(index, index // load.sites + 1)
        sent = client.publish(f"podtwin/v1/{name}/gw-1/telemetry", payload, qos=1)
        if load.rate:
            ahead_s = index / load.rate - (time.monotonic() - started)
            time.sleep(max(0.0, ahead_s))
        if index % 1_000 == 999 or index == load.messages - 1:
            sent.wait_for_publish(DEADLINE_S)
    client.disconnect()
    client.loop_stop()


def birth(client: Client, of: Site) -> None:
    """Announces the points of a site, so that acks are owed."""
    points = [BirthPoint(point.id, point.quantity, point.unit, 1.0) for point in of.points]
    payload = encode_birth(BOOT, CLOCK.now_ns(), 1, recorded=False, points=points)
    client.publish(f"podtwin/v1/{of.id}/gw-1/birth", payload, qos=1, retain=True)


def message(index: int, seq: int) -> bytes:
    """One message of 50 points with as many digits as a meter sends."""
    values = {
        f"rack-{n:02d}/value": round(20 + (index * 7 + n * 13) % 997 / 17, 3) for n in range(POINTS)
    }
    return encode_telemetry(BOOT, seq, CLOCK.now_ns(), values)


if __name__ == "__main__":
    main()
