"""Cost of the engine: CPU per reading taken and per site-step judged, for 1, 100 and 1,000 sites.

    python -P benchmarks/engine.py [--minutes 5] [--sites 1 100 1000]

One simulated plant's Frames (38 points, a message a second) are given to every site under its
own name, in memory. `take` is filling slots and freezing steps; `advance` is the twin, the
detectors and the conditions, as one array step for all sites that have a closed one. CPU time of
this process, BLAS on one thread, after two minutes that are not counted.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Sequence

import msgspec

from podcore.frame import ConfigBody, Frame, Kind, encode_body
from podtwin.engine.engine import Engine
from podtwin.pipeline.demo_sites import demo_sites
from simulators.log import PlantLog

WARM_S = 120


def frames_for(sites: int, seconds: int) -> tuple[list[Frame], list[Frame]]:
    """Config Frames, and the Frames of some seconds, of sites that are copies of one plant."""
    original = demo_sites(1, 1)[0]
    names = [f"site-{number:04d}" for number in range(sites)]
    log = PlantLog(original)
    (config,) = log.configs()
    configs = [
        _renamed(config, name, encode_body(ConfigBody(msgspec.structs.replace(original, id=name))))
        for name in names
    ]
    frames: list[Frame] = []
    for frame in log.seconds(seconds):
        copies = [frame] if frame.kind is Kind.TICK else [_renamed(frame, n) for n in names]
        frames += copies
    every = [*configs, *frames]
    numbered = [msgspec.structs.replace(f, offset=n) for n, f in enumerate(every, 1)]
    return numbered[:sites], numbered[sites:]


def _renamed(frame: Frame, site: str, body: bytes | None = None) -> Frame:
    return msgspec.structs.replace(frame, site=site, body=frame.body if body is None else body)


def measured(sites: int, seconds: int) -> tuple[float, float]:
    """CPU of a reading and of a site-step. [µs, µs]"""
    configs, frames = frames_for(sites, WARM_S + seconds)
    engine = Engine()
    engine.feed(configs)
    engine.feed(frames[: WARM_S * (sites + 1)])
    rest = frames[WARM_S * (sites + 1) :]
    readings = sum(frame.kind is Kind.READING for frame in rest)
    taking_s = stepping_s = 0.0
    steps = 0
    for begin in range(0, len(rest), 2_000):
        began_s = time.process_time()
        engine.take(rest[begin : begin + 2_000])
        taken_s = time.process_time()
        while engine.waiting:
            steps += len(engine.advance().steps)
        taking_s += taken_s - began_s
        stepping_s += time.process_time() - taken_s
    return taking_s / readings * 1e6, stepping_s / max(steps, 1) * 1e6


def report(sizes: Sequence[int], minutes: float) -> None:
    """A line for each number of sites."""
    print(f"{'sites':>6s}  {'µs a reading of 38 points':>26s}  {'µs a site-step':>15s}")
    for sites in sizes:
        reading_us, step_us = measured(sites, round(minutes * 60 if sites < 1_000 else 60))
        print(f"{sites:6d}  {reading_us:26.1f}  {step_us:15.1f}")


def main() -> None:
    """Run all and print."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--minutes", type=float, default=5.0)
    asked.add_argument("--sites", type=int, nargs="+", default=[1, 100, 1_000])
    options = asked.parse_args()
    report(options.sites, options.minutes)


if __name__ == "__main__":
    main()
