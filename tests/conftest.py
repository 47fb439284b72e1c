"""What holds for every test: one thread a numerical library, no deadline on an example.

Commands that run in the test's own process set up the log for the stderr of that test, which is
closed after it: whoever logs next would fail.
"""

from __future__ import annotations

import os

# Before numpy is imported anywhere: results must not depend on how a library splits its sums.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from support.mosquitto import Mosquitto
from support.program import Programs

# A slow example says that the machine is busy, not that the code is wrong; time is what
# benchmarks measure. In CI the examples are the same at each run, so that a failure is ours.
settings.register_profile(
    "here", deadline=None, suppress_health_check=(HealthCheck.too_slow,), print_blob=True
)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long faults last (`tests/faults`)."""
    parser.addoption(
        "--fault-scale", choices=("short", "full"), default="short", help="length of the faults"
    )


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Starts `podtwin` in the test's folder; all that was started is ended."""
    with Programs(tmp_path) as started:
        yield started


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker that keeps nothing over a restart."""
    with Mosquitto(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def the_log_of_one_test_is_no_other_s() -> Iterator[None]:
    yield
    structlog.reset_defaults()
