"""Start-up times: ``podtwin --help``, and a demo from the command to its first live value.

    python -P benchmarks/startup.py [--runs 5]

The first run of `--help` is left out: it would measure the disk, a file read once is in memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PODTWIN = str(Path(sys.executable).parent / "podtwin")
HELP_LIMIT_S = 0.5
FIRST_VALUE_LIMIT_S = 15.0


def main() -> None:
    """Measure both and say whether they keep their limits; ends with 1 when one does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each; the medians count")
    runs = parser.parse_args().runs
    helped_s = [time_help_s() for _ in range(runs + 1)][1:]
    first_s = [time_demo_s() for _ in range(runs)]
    print("                        median   from     to  limit")
    print(row("podtwin --help", helped_s, HELP_LIMIT_S))
    print(row("demo, first live value", first_s, FIRST_VALUE_LIMIT_S))
    slow = statistics.median(first_s) > FIRST_VALUE_LIMIT_S
    sys.exit(slow or statistics.median(helped_s) > HELP_LIMIT_S)


def row(name: str, seconds: Sequence[float], limit_s: float) -> str:
    """A line of the table."""
    middle = statistics.median(seconds)
    return f"{name:22}  {middle:6.2f} {min(seconds):6.2f} {max(seconds):6.2f} {limit_s:6.1f} s"


def time_help_s() -> float:
    """Seconds from the command to its end."""
    started = time.perf_counter()
    subprocess.run([PODTWIN, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def time_demo_s() -> float:
    """Seconds to the first live value of three sites, as the demo itself reports them."""
    with tempfile.TemporaryDirectory(prefix="podtwin-startup-") as folder:
        ports = ("--port", "0", "--mqtt-port", "0")
        command = [PODTWIN, "demo", "--sites", "3", "--duration", "1", *ports, "-o", "json"]
        ended = subprocess.run(
            [*command, "--data-dir", folder],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    return float(json.loads(ended.stdout)["first_value_s"])


if __name__ == "__main__":
    main()
