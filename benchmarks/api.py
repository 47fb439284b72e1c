"""How often `state` can be asked: the highest rate at which p99 stays below 100 ms.

    python -P benchmarks/api.py [--streams 0,200] [--seconds 5] [--sites 3]

The whole demo answers, in one process as a laptop runs it. Requests leave at a fixed rate over
keep-alive connections, whether or not the last one was answered, and a latency counts from the
instant at which its request was due: a server that stalls is not spared the ones that it kept
waiting. Stream clients only read. Both run in processes of their own, whose CPU is stated.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.ingest import wait_for

PODTWIN = str(Path(sys.executable).parent / "podtwin")
LIMIT_MS = 100.0
CONNECTIONS = 64  # more than the server has reading threads, and than a fleet page opens
FIRST_RATE, LOWEST_RATE = 50.0, 5.0
CLOSE_ENOUGH = 1.1  # a ratio between the rate that holds and the one that does not
WARM_S = 20.0  # of live time before the first figure


@dataclass(frozen=True)
class Figures:
    """One rate, held for some seconds. Latencies in ms, CPU in shares of a core."""

    asked: float
    answered: float
    p50_ms: float
    p99_ms: float
    failed: int
    server: float
    generator: float

    @property
    def holds(self) -> bool:
        """Whether the server keeps up."""
        return self.p99_ms < LIMIT_MS and not self.failed and self.answered > 0.97 * self.asked


def main() -> None:
    """The highest rate, for each number of stream clients."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", default="0,200", help="numbers of stream clients")
    parser.add_argument("--seconds", type=float, default=5.0, help="that each rate is held")
    parser.add_argument("--sites", type=int, default=3)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="podtwin-bench-") as folder,
        demo(Path(folder), asked.sites) as (url, server),
    ):
        time.sleep(WARM_S)
        print(f"idle server: {share(server, asked.seconds):.2f} of a core")
        for number in map(int, asked.streams.split(",")):
            with streams(url, number) as readers:
                alone, drunk = share(server, 2.0), share(readers, 2.0)
                print(f"{number} streams: server {alone:.2f}, their readers {drunk:.2f} of a core")
                tell(highest(url, server, asked.seconds))


def tell(best: Figures) -> None:
    """One line of the best rate."""
    if not best.holds:
        print(f"  not even {best.asked:.0f} requests/s stay below {LIMIT_MS:.0f} ms")
        return
    print(
        f"  {best.answered:.0f} requests/s at p50 {best.p50_ms:.1f} ms, p99 {best.p99_ms:.1f} ms;"
        f" server {best.server:.2f}, generator {best.generator:.2f} of a core"
    )


def highest(url: str, server: psutil.Process, seconds: float) -> Figures:
    """The best rate that holds: doubled until one does not, then halved in between."""
    good, bad, rate = None, None, FIRST_RATE
    while True:
        found = held(url, server, rate, seconds)
        print(f"  {rate:7.0f}/s asked, {found.answered:7.0f} answered, p99 {found.p99_ms:7.1f} ms")
        good, bad = (found, bad) if found.holds else (good, found)
        if bad is None:
            rate *= 2.0
        elif good is None and rate > LOWEST_RATE:
            rate /= 2.0
        elif good is not None and bad.asked / good.asked > CLOSE_ENOUGH:
            rate = (good.asked * bad.asked) ** 0.5
        else:
            return good or found


def held(url: str, server: psutil.Process, rate: float, seconds: float) -> Figures:
    """One rate for some seconds, from a process of its own."""
    here, there = multiprocessing.Pipe()
    began_s, used_s = time.monotonic(), cpu_s(server)
    child = multiprocessing.get_context("spawn").Process(
        target=generate, args=(url, rate, seconds, there)
    )
    child.start()
    latencies, failed, spent_s, lasted_s = here.recv()
    server_share = (cpu_s(server) - used_s) / (time.monotonic() - began_s)
    child.join()
    ordered = sorted(latencies)
    p99 = ordered[int(0.99 * (len(ordered) - 1))] if ordered else float("inf")
    middle = statistics.median(ordered) if ordered else float("inf")
    answered = len(ordered) / lasted_s
    return Figures(rate, answered, middle, p99, failed, server_share, spent_s / lasted_s)


def generate(url: str, rate: float, seconds: float, there: Connection) -> None:
    """Asks at a rate; sends latencies, failures, CPU seconds and how long it took."""
    began_s, used_s = time.monotonic(), time.process_time()
    latencies, failed = asyncio.run(asked_at(url, rate, seconds))
    there.send((latencies, failed, time.process_time() - used_s, time.monotonic() - began_s))


async def asked_at(url: str, rate: float, seconds: float) -> tuple[list[float], int]:
    """Latencies from the instant due [ms], and how many answers were none."""
    place = urlsplit(url)
    request = (
        f"GET /api/v1/sites/ams-03/state HTTP/1.1\r\nHost: {place.netloc}\r\n"
        "Accept: application/json\r\n\r\n"
    ).encode()
    due: asyncio.Queue[float | None] = asyncio.Queue()
    latencies: list[float] = []
    failed = 0

    async def worker() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        while (instant := await due.get()) is not None:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            latencies.append((time.perf_counter() - instant) * 1e3)
            failed += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    workers = [asyncio.create_task(worker()) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    for number in range(round(rate * seconds)):
        instant = start + number / rate
        await asyncio.sleep(max(0.0, instant - time.perf_counter()))
        due.put_nowait(instant)
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    return latencies, failed


@contextmanager
def streams(url: str, number: int) -> Iterator[psutil.Process]:
    """A process with that many clients of the stream, all of them reading."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(
        target=listen, args=(url, number, there), daemon=True
    )
    child.start()
    try:
        if here.recv() != number:
            sys.exit("not every stream was answered")
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.join()


def listen(url: str, number: int, there: Connection) -> None:
    """Opens streams, says so, and reads them for ever."""
    asyncio.run(read_streams(url, number, there))


async def read_streams(url: str, number: int, there: Connection) -> None:
    """Reads them all and keeps nothing."""
    place = urlsplit(url)
    request = f"GET /api/v1/stream HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode()
    opened: deque[asyncio.StreamReader] = deque()
    writers = []
    for _ in range(number):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(request)
        opened.append(reader)
        writers.append(writer)
    heads = [await reader.readuntil(b"\r\n\r\n") for reader in opened]
    there.send(sum(head.startswith(b"HTTP/1.1 200") for head in heads))

    async def drink(reader: asyncio.StreamReader) -> None:
        while await reader.read(65_536):
            pass

    await asyncio.gather(*(drink(reader) for reader in opened), asyncio.Event().wait())


@contextmanager
def demo(folder: Path, sites: int) -> Iterator[tuple[str, psutil.Process]]:
    """The healthy demo, once every site is live."""
    said = folder / "demo.err"
    command = [PODTWIN, "--log-json", "demo", "--sites", str(sites), "--fault", "none"]
    with said.open("wb") as err:
        process = subprocess.Popen(
            [*command, "--port", "0", "--mqtt-port", "0", "-o", "json"],
            stderr=err,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(folder)},
        )
    try:
        wait_for(lambda: b"podtwin_running" in said.read_bytes(), "the demo")
        line = next(each for each in said.read_bytes().splitlines() if b"podtwin_running" in each)
        yield str(json.loads(line)["url"]), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def cpu_s(process: psutil.Process) -> float:
    """CPU time of a process so far, user and system."""
    times = process.cpu_times()
    return float(times.user + times.system)


def share(process: psutil.Process, seconds: float) -> float:
    """The share of a core that a process takes."""
    before = cpu_s(process)
    time.sleep(seconds)
    return (cpu_s(process) - before) / seconds


if __name__ == "__main__":
    main()
