"""The `air-dx` twin against plants that it does not know, and its time a site-step.

    python benchmarks/twin_vs_plant.py [SEED ...]

Two simulated hours of warm-up, then one hour counted, through the engine. `last` is what the
reading before (5 or 10 s old, 1 s for powers) would have said; `minute` the mean of the step one
minute before. Band: share of readings within 1.645 sd.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np

from podcore.clock import NS
from podcore.site import SiteType
from podtwin.engine.engine import Engine
from podtwin.engine.outputs import StepResult
from podtwin.pipeline.demo_sites import air_dx_template
from simulators.log import PlantLog
from twin.air_dx import AirDx
from twin.estimator import Reading, begun, estimate
from twin.parameters import PARAMETERS

WARM_S, COUNTED_S = 7_200, 3_600
MINUTE = 12  # steps


def watched(seed: int) -> list[StepResult]:
    """The steps of a healthy plant's first three hours."""
    log, engine = PlantLog(air_dx_template(), seed=seed), Engine()
    steps = engine.feed(log.configs()).steps
    for _ in range((WARM_S + COUNTED_S) // 60):
        steps += engine.feed(log.seconds(60)).steps
    return steps


def judged(steps: list[StepResult]) -> None:
    """Prints a row a measured point."""
    points = steps[0].points
    measured, prior, sd = (
        np.array([getattr(s, w) for s in steps]) for w in ("measured", "values", "sd")
    )
    counted = np.array([s.ts_ns for s in steps]) > steps[0].ts_ns + WARM_S * NS
    print(f"{'point':30s}{'MAE':>9s}{'last':>9s}{'minute':>9s}{'bias':>9s}{'sd':>9s}{'band %':>8s}")
    for place, point in enumerate(points):
        rows = np.flatnonzero(counted & ~np.isnan(measured[:, place]))
        if not rows.size:
            continue
        seen = measured[:, place]
        known = np.flatnonzero(~np.isnan(seen))
        before = seen[known[np.searchsorted(known, rows) - 1]]
        minute = seen[known[np.searchsorted(known, rows - MINUTE, side="right") - 1]]
        error = seen[rows] - prior[rows, place]
        inside = np.abs(error) < 1.645 * sd[rows, place]
        numbers = (np.abs(error), np.abs(seen[rows] - before), np.abs(seen[rows] - minute), error)
        line = "".join(f"{each.mean():9.3f}" for each in (*numbers, sd[rows, place]))
        print(f"{point:30s}{line}{100 * inside.mean():8.1f}")
    last = zip(points, steps[-1].values, steps[-1].sd, strict=True)
    slow = [f"{p[5:]} {v:.3g}±{s:.2g}" for p, v, s in last if p.startswith("twin/")]
    print("; ".join(slow))


def timed() -> None:
    """Prints the filter's CPU time a site-step, alone and in batches."""
    table, model = PARAMETERS[SiteType.AIR_DX], AirDx()
    one = np.array([[*(p.mean for p in table), *(p.sd for p in table)]])
    for sites in (1, 100, 1_000):
        params, dt = np.repeat(one, sites, axis=0), np.full(sites, 5.0)
        u = np.tile([1.2e4, 21.0, 70.0, 1.0, 18.0, 60.0, 200.0, 101_325.0, 0.0], (sites, 1))
        belief, best, times = begun(model, params), math.inf, max(3, 200 // sites)
        y = model.observe(belief.x, u, params)
        for _ in range(5):
            began = time.process_time()
            for _ in range(times):
                reading = Reading(y, np.ones_like(y))
                belief = estimate(model, belief, u, reading, params, dt).belief
            best = min(best, (time.process_time() - began) / times / sites)
        print(f"{sites:5d} sites: {1e6 * best:7.1f} µs a site-step")


def main() -> None:
    """Prints everything."""
    for seed in [int(word) for word in sys.argv[1:]] or [1, 2, 3]:
        print(f"plant {seed}")
        judged(watched(seed))
    timed()


if __name__ == "__main__":
    main()
