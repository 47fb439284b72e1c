"""The demo's two faults, and its healthy hours, in simulated time: onset to notice, false alarms.

    python benchmarks/demo_faults.py [--hours 24] [--seeds 10]

Three sites of the demo. For each seed: two hours of recorded past, then live time; at +60 s a
compressor trip of 90 s on the first site, at +180 s a stuck supply air sensor on the second, for
ten minutes. What counts is the first notice of its site after the onset, as a webhook would
carry it; the way from the plant's second to the engine is taken as 5 ms, and W stays 2 s behind,
as when live. Then `--hours` of healthy time of all three: every notice there is a false alarm.
Plants of `simulators`, twin and rules as shipped; nothing is timed by the machine's clock but
the run itself.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from podcore.clock import NS
from podcore.ports import Notice
from podtwin.engine.engine import Engine
from podtwin.pipeline.demo_sites import demo_sites
from simulators.log import START_NS, PlantLog, fault

WARM_S = 7_200
CHUNK_S = 300
AFTER_S = 3_600  # of live time; what has fired by then should be resolved
TRIP, STUCK = "compressor-trip", "sensor-stuck"
ONSETS_S = {TRIP: 60.0, STUCK: 180.0}
LASTS_S = {TRIP: 90.0, STUCK: 600.0}


def notices_of(seed: int, live_s: int, *, faulty: bool) -> list[Notice]:
    """Every notice of a run of the three sites."""
    sites = demo_sites(3, seed)
    befall = {
        sites[place].id: [fault(name, WARM_S + ONSETS_S[name], LASTS_S[name])]
        for place, name in enumerate(ONSETS_S)
    }
    log = PlantLog(*sites, seed=seed, faults=befall if faulty else None)
    engine = Engine()
    engine.feed(log.configs())
    for _ in range(0, WARM_S, CHUNK_S):
        engine.feed(log.seconds(CHUNK_S, recorded=True))
    found: list[Notice] = []
    for _ in range(0, live_s, CHUNK_S):
        found += engine.feed(log.seconds(CHUNK_S)).notices
    return found


def judged(seed: int) -> dict[str, object]:
    """A run with both faults: seconds to the first notice of each, and what else was told."""
    found = notices_of(seed, AFTER_S, faulty=True)
    sites = demo_sites(3, seed)
    row: dict[str, object] = {"seed": seed}
    known: set[str] = set()
    for place, name in enumerate(ONSETS_S):
        onset_ns = START_NS + round((WARM_S + ONSETS_S[name]) * NS)
        mine = [n for n in found if n.site == sites[place].id and n.ts_ns >= onset_ns]
        first = next((n for n in mine if n.kind == "alert.firing"), None)
        row[name] = None if first is None else (first.ts_ns - onset_ns) / NS
        row[f"{name} alerts"] = len({n.alert for n in mine})
        known |= {n.key for n in mine}
    fired = {n.alert for n in found if n.kind == "alert.firing"}
    resolved = {n.alert for n in found if n.kind == "alert.resolved"}
    row["open at the end"] = len(fired - resolved)
    row["false"] = len({n.alert for n in found if n.key not in known})
    return row


def healthy(arguments: tuple[int, int]) -> Counter[str]:
    """False alarms of healthy hours, by site and rule."""
    seed, hours = arguments
    found = notices_of(seed, hours * 3_600, faulty=False)
    return Counter(_named(notice) for notice in found if notice.kind == "alert.firing")


def _named(notice: Notice) -> str:
    data = json.loads(notice.body)["data"]
    return f"{data['site']} {data['rule']} {data.get('point', '')}"


def print_faults(rows: Sequence[dict[str, object]]) -> None:
    """Each seed, and the medians."""
    names = list(rows[0])
    print("  ".join(f"{name:>16s}" for name in names))
    for row in rows:
        print("  ".join(f"{row[name]!s:>16s}" for name in names))
    for name in ONSETS_S:
        seconds = [float(str(row[name])) for row in rows if row[name] is not None]
        if seconds:
            middle, worst = statistics.median(seconds), max(seconds)
            print(
                f"{name}: {len(seconds)} of {len(rows)}, median {middle:.0f} s, worst {worst:.0f} s"
            )


def main() -> None:
    """Run all and print."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--hours", type=int, default=24)
    asked.add_argument("--seeds", type=int, default=10)
    options = asked.parse_args()
    began_s = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        alarms = pool.submit(healthy, (1, options.hours))
        print_faults(list(pool.map(judged, range(1, options.seeds + 1))))
        false = alarms.result()
    days = 3 * options.hours / 24
    print(f"healthy: {false.total()} false alarms in {days:g} site-days")
    for name, number in false.most_common():
        print(f"  {number:4d}  {name}")
    print(f"{time.perf_counter() - began_s:.0f} s")


if __name__ == "__main__":
    main()
