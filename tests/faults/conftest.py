"""Faults and what they cost; each test tells its ledger, and all are printed at the end.

`--fault-scale short` (the default) shortens what lasts; the faults are the same.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fault_ledger import Cost, Scale, Tell, table

HERE = Path(__file__).parent
HOURS_S = 3 * 3_600  # longer than any fault lasts in full
COSTS = pytest.StashKey[list[Cost]]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes room for the ledgers."""
    config.stash[COSTS] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All of this folder are faults; in full they last as long as they do."""
    full = config.getoption("--fault-scale") == "full"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.fault)
            if full or item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(HOURS_S if full else 300), append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the ledgers."""
    costs = terminalreporter.config.stash.get(COSTS, [])
    if costs:
        scale = terminalreporter.config.getoption("--fault-scale")
        terminalreporter.section(f"ledgers, scale {scale}")
        for line in table(costs):
            terminalreporter.write_line(line)


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """How long faults last in this run."""
    return Scale(request.config.getoption("--fault-scale") == "full")


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Notes what a fault cost, before the test judges it."""

    def told(cost: Cost) -> None:
        request.config.stash[COSTS].append(cost)

    return told
