"""Start-up times: ``podtwin --help``, and a demo from the command to its first live value.

    python benchmarks/startup.py

The first run of each is left out where it would measure the disk: a file read once is in memory.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PODTWIN = str(Path(sys.executable).parent / "podtwin")
HELP_RUNS = 7
HELP_LIMIT_S = 0.5
FIRST_VALUE_LIMIT_S = 15.0


def main() -> None:
    """Measure both and say whether they keep their limits; ends with 1 when one does not."""
    helped_s = statistics.median([time_help_s() for _ in range(HELP_RUNS + 1)][1:])
    print(
        f"podtwin --help         {helped_s:6.2f} s   limit {HELP_LIMIT_S} s   median of {HELP_RUNS}"
    )
    first_value_s, whole_s = time_demo_s()
    print(
        f"demo, first live value {first_value_s:6.2f} s   limit {FIRST_VALUE_LIMIT_S} s   3 sites"
    )
    print(f"demo of 10 s in all    {whole_s:6.2f} s")
    sys.exit(helped_s > HELP_LIMIT_S or first_value_s > FIRST_VALUE_LIMIT_S)


def time_help_s() -> float:
    """Seconds from the command to its end."""
    started = time.perf_counter()
    subprocess.run([PODTWIN, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def time_demo_s() -> tuple[float, float]:
    """Seconds to the first live value as the demo itself reports them, and to its end."""
    with tempfile.TemporaryDirectory(prefix="podtwin-startup-") as folder:
        command = [PODTWIN, "demo", "--sites", "3", "--duration", "10", "--port", "0", "-o", "json"]
        started = time.perf_counter()
        ended = subprocess.run(
            [*command, "--data-dir", folder], check=True, stdout=subprocess.PIPE, text=True
        )
        whole_s = time.perf_counter() - started
    return json.loads(ended.stdout)["first_value_s"], whole_s


if __name__ == "__main__":
    main()
