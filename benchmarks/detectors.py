"""Detectors against simulated plants: false alarms in health, and how fast faults are found.

    python benchmarks/detectors.py [--hours 24] [--seeds 10] [--keep FOLDER]

Three healthy sites of the demo for `--hours` after two hours of warm-up; then for each seed a
compressor trip of 90 s on the first and a stuck supply air sensor for 20 min on the second, both
after two hours. Plants of `simulators` (other physics than the twin's), readings each second
through the engine, all in memory and simulated time. What is printed is of the twin in this tree.

For each detector: the highest score of a healthy day; seconds from onset to a score of 1 (its
rule's `for_s` not counted); seconds from the fault's end to scores below 0.7. `--keep` stores
what the engine gave as .npz, and takes it from there next time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from analytics import runaway
from analytics.detector import Array, Seen
from analytics.limits import inlet_limit_c
from analytics.standard import standard_detectors
from analytics.watch import Watched, watched
from podcore.clock import NS
from podcore.frame import ConfigBody, Frame, Kind, ReadingBody, Source, encode_body
from podcore.site import Site
from podtwin.engine.engine import Engine
from podtwin.engine.outputs import StepResult
from podtwin.pipeline.demo_sites import demo_sites
from simulators.faults import Fault
from simulators.site import SimulatedSite

START_NS = 1_795_478_400 * NS  # 2026-11-24T00:00:00Z
WARM_UP_H = 2.0
AFTER_H = 1.0
FAULTS = {"compressor-trip": (0, 90.0), "sensor-stuck": (1, 1_200.0)}
CHUNK_S = 600
RECV_DELAY_NS = 5_000_000
STEP_S = 5.0
NAMES = ("level", "stuck", "variance", "drift", "runaway")


@dataclass(frozen=True, slots=True)
class Case:
    """A run: a site of the demo, a seed, a length, and perhaps a fault after the warm-up."""

    site: int
    seed: int
    hours: float
    fault: str | None = None

    @property
    def file_name(self) -> str:
        """Of its stored trace."""
        return f"{self.site}-{self.seed}-{self.hours:g}-{self.fault or 'healthy'}.npz"


@dataclass(frozen=True, slots=True)
class Trace:
    """What the engine gave for a run, arrays (steps, points)."""

    points: list[str]
    elapsed_s: Array
    values: Array
    sd: Array
    measured: Array
    trusted: Array


def main() -> None:
    """Run all and print."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--hours", type=float, default=24.0)
    asked.add_argument("--seeds", type=int, default=10)
    asked.add_argument("--keep", type=Path)
    options = asked.parse_args()
    healthy = [Case(site, 1, WARM_UP_H + options.hours) for site in range(3)]
    faulty = [
        Case(site, seed, WARM_UP_H + AFTER_H, fault)
        for fault, (site, _) in FAULTS.items()
        for seed in range(1, options.seeds + 1)
    ]
    began_s = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        cases = healthy + faulty
        found = list(pool.map(judged, cases, [options.keep] * len(cases)))
    print_healthy(found[: len(healthy)])
    for fault in FAULTS:
        print_fault(fault, [f for c, f in zip(cases, found, strict=True) if c.fault == fault])
    print(f"\n{time.perf_counter() - began_s:.0f} s")


def site_of(case: Case) -> Site:
    """The site of a run."""
    return demo_sites(3, 1)[case.site]


Scores = dict[tuple[str, str], Array]  # by detector and point: the score of each step


def judged(case: Case, keep: Path | None) -> tuple[Array, Scores]:
    """Times since the start and the scores of a run."""
    trace = traced(case, keep)
    site = site_of(case)
    scores: Scores = {}
    rows = watched(site, trace.points)
    for name, detector in standard_detectors().items():
        mine = [row for row in rows if row.detector == name]
        if not mine:
            continue
        state = detector.initial(len(mine))
        each = []
        for seen in shown(trace, mine):
            state, score = detector.update(state, seen)
            each.append(score.value)
        for column, row in enumerate(mine):
            scores[name, row.point] = np.array(each)[:, column]
    scores |= times_to_limit(site, trace, [row for row in rows if row.detector == "runaway"])
    return trace.elapsed_s, scores


def shown(trace: Trace, rows: Sequence[Watched]) -> Iterator[Seen]:
    """What each step shows to a detector's rows."""
    columns = [trace.points.index(row.point) for row in rows]
    resolution = np.array([row.resolution for row in rows])
    values, sd = trace.values[:, columns], trace.sd[:, columns]
    measured = trace.measured[:, columns]
    if rows[0].detector == "drift":
        measured = values
    dt_s = np.diff(trace.elapsed_s, prepend=trace.elapsed_s[0])
    for step in range(len(values)):
        yield Seen(
            measured[step] - values[step],
            sd[step],
            measured[step],
            resolution,
            np.full(len(rows), dt_s[step]),
            np.full(len(rows), bool(trace.trusted[step])),
        )


def times_to_limit(site: Site, trace: Trace, rows: Sequence[Watched]) -> Scores:
    """The always-on rule as a score: its reach over the time to the limit."""
    if not rows:
        return {}
    columns = [trace.points.index(row.point) for row in rows]
    limit_c = np.full(len(rows), inlet_limit_c(site))
    dt_s = np.diff(trace.elapsed_s, prepend=trace.elapsed_s[0])
    state = runaway.initial(len(rows))
    each = []
    by_twin = np.array([runaway.follows_twin(row.point) for row in rows])
    watched_c = np.where(by_twin, trace.values[:, columns], trace.measured[:, columns])
    for step, value_c in enumerate(watched_c):
        state, ahead = runaway.update(state, value_c, limit_c, np.full(len(rows), dt_s[step]))
        each.append(runaway.NEAR_S / np.maximum(ahead.seconds, 1.0))
    return {("runaway", row.point): np.array(each)[:, column] for column, row in enumerate(rows)}


def traced(case: Case, keep: Path | None) -> Trace:
    """The trace of a run, from the folder when it is there."""
    path = None if keep is None else keep / case.file_name
    if path is not None and path.exists():
        stored = np.load(path)
        arrays = [stored[name] for name in ("elapsed_s", "values", "sd", "measured", "trusted")]
        return Trace([str(point) for point in stored["points"]], *arrays)
    steps = list(played(case))
    trace = Trace(
        steps[0].points,
        np.array([(step.ts_ns - START_NS) / NS for step in steps]),
        np.array([step.values for step in steps]),
        np.array([step.sd for step in steps]),
        np.array([step.measured for step in steps]),
        np.array([not step.degraded and not step.gap for step in steps]),
    )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            path,
            points=np.array(trace.points),
            elapsed_s=trace.elapsed_s,
            values=trace.values,
            sd=trace.sd,
            measured=trace.measured,
            trusted=trace.trusted,
        )
    return trace


def played(case: Case) -> Iterator[StepResult]:
    """The engine's steps of a run."""
    site = site_of(case)
    engine = Engine()
    log = InMemoryLog(site.id)
    engine.feed([log.frame(Kind.CONFIG, START_NS - NS, encode_body(ConfigBody(site)))])
    faults = [] if case.fault is None else [fault_of(case.fault)]
    plant = SimulatedSite(site, seed=case.seed, start_ns=START_NS, faults=faults)
    total_s = round(case.hours * 3600)
    for begin in range(1, total_s + 1, CHUNK_S):
        frames: list[Frame] = []
        for second in range(begin, min(begin + CHUNK_S, total_s + 1)):
            ts_ns = START_NS + second * NS
            sample = plant.sample(ts_ns)
            body = encode_body(ReadingBody(list(sample), list(sample.values())))
            frames.append(log.frame(Kind.TICK, ts_ns, b""))
            frames.append(log.frame(Kind.READING, ts_ns, body))
        yield from engine.feed(frames).steps


class InMemoryLog:
    """Numbers Frames as a log would."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._offsets = count(1)

    def frame(self, kind: Kind, ts_ns: int, body: bytes) -> Frame:
        """The next Frame."""
        site, node = ("", "") if kind is Kind.TICK else (self._site, "gw-1")
        recv_ns = ts_ns + (RECV_DELAY_NS if kind is Kind.READING else 0)
        offset = next(self._offsets)
        return Frame(
            offset, kind, site, node, "", None, ts_ns, recv_ns, 0, Source.MEASURED, 0, body
        )


def onset_s() -> float:
    """When the faults begin. An odd number, so that it falls into no step's end."""
    return WARM_UP_H * 3600.0 + 603.0


def fault_of(name: str) -> Fault:
    """The fault, with its times."""
    begin_ns = START_NS + round(onset_s() * NS)
    point = "crac-1/supply_air_temp" if name == "sensor-stuck" else None
    return Fault(name, begin_ns, begin_ns + round(FAULTS[name][1] * NS), None, point)


def print_healthy(found: Sequence[tuple[Array, Scores]]) -> None:
    """The highest scores of healthy time, by detector."""
    print(f"{'healthy':10s} {'highest':>8s}  over 1 for  where, and the next")
    for name in NAMES:
        highest: dict[str, float] = {}
        over_s = 0.0
        for number, (elapsed_s, scores) in enumerate(found):
            late = elapsed_s > WARM_UP_H * 3600.0
            for (detector, point), score in scores.items():
                if detector == name:
                    highest[f"{number}:{point}"] = float(score[late].max(initial=0.0))
                    over_s += float((score[late] >= 1.0).sum()) * STEP_S
        worst = sorted(highest.items(), key=lambda item: -item[1])[:4]
        where = ", ".join(f"{point} {value:.2f}" for point, value in worst)
        print(f"{name:10s} {worst[0][1] if worst else 0.0:8.2f} {over_s:9.0f} s  {where}")


def print_fault(fault: str, found: Sequence[tuple[Array, Scores]]) -> None:
    """Latencies and recoveries over the seeds, by detector."""
    begin_s = onset_s()
    end_s = begin_s + FAULTS[fault][1]
    print(f"\n{fault}, {len(found)} seeds, {FAULTS[fault][1]:.0f} s")
    for name in NAMES:
        runs = [(e, {k: s for k, s in scores.items() if k[0] == name}) for e, scores in found]
        late = [latency_s(e, scores, begin_s, end_s) for e, scores in runs]
        back = [gone_s(e, scores, end_s) for e, scores in runs]
        peak = [
            max((float(s[e > begin_s].max()) for s in sc.values()), default=0.0) for e, sc in runs
        ]
        hits = [each for each in late if each is not None]
        if not hits:
            print(f"  {name:10s} found in 0, highest {max(peak):.2f}")
            continue
        first = sorted({each[1] for each in hits})
        times = [each[0] for each in hits]
        print(
            f"  {name:10s} found in {len(hits)}, after {min(times):.0f} / "
            f"{statistics.median(times):.0f} / {max(times):.0f} s (least, median, most), "
            f"gone {statistics.median(back):.0f} s (most {max(back):.0f}) after the end, "
            f"highest {min(peak):.1f} to {max(peak):.1f}; first at {', '.join(first[:4])}"
        )


def latency_s(
    elapsed_s: Array, scores: Scores, begin_s: float, end_s: float
) -> tuple[float, str] | None:
    """Seconds from onset to the first alarm before the fault's end, and the point of it."""
    during = (elapsed_s >= begin_s) & (elapsed_s <= end_s)
    first = [
        (float(elapsed_s[during & (score >= 1.0)][0]) - begin_s, point)
        for (_, point), score in scores.items()
        if (during & (score >= 1.0)).any()
    ]
    return min(first, default=None)


def gone_s(elapsed_s: Array, scores: Scores, end_s: float) -> float:
    """Seconds from the fault's end to the last score of 0.7 or more."""
    after = elapsed_s > end_s
    last = [elapsed_s[after & (score >= 0.7)].max(initial=end_s) for score in scores.values()]
    return float(max(last, default=end_s)) - end_s


if __name__ == "__main__":
    main()
