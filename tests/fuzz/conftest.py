"""How many cases: a few with all other tests, as many as `make fuzz` says by itself."""

from __future__ import annotations

import pytest

CHUNK = 10_000  # cases a test, so that two processes share them evenly and none takes a minute
FEW = 1_000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-cases", type=int, default=FEW, help="Cases a codec.")
    parser.addoption("--fuzz-seed", type=int, default=1, help="Of all mutations.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chunk" in metafunc.fixturenames:
        cases = int(metafunc.config.getoption("--fuzz-cases", default=FEW))
        sizes = [min(CHUNK, cases - begin) for begin in range(0, cases, CHUNK)]
        metafunc.parametrize("chunk", list(enumerate(sizes)), ids=str)


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--fuzz-seed", default=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The slowest bad message of each codec."""
    worst: dict[str, tuple[float, int, str]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, (took_ms, cases, case) in report.user_properties:
            before = worst.get(name, (0.0, 0, ""))
            took, shown = max((before[0], before[2]), (took_ms, case))
            worst[name] = (took, before[1] + cases, shown)
    for name, (took_ms, cases, case) in sorted(worst.items()):
        terminalreporter.write_line(f"{name}: {cases} cases; at worst {took_ms:.2f} ms: {case}")
