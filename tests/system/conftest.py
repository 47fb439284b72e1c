"""What the tests of this folder share: a demo that runs, and data that is measured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.program import Program, Programs
from support.sources import ROOT

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder start real programs."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A demo of three sites that runs for all tests that only look."""
    with Programs(tmp_path_factory.mktemp("demo")) as programs:
        running = programs.start("demo", "--port", 0, "--mqtt-port", 0, "-o", "json").ready()
        running.eventually(lambda: all_live(running), "three live sites")
        yield running


def all_live(program: Program) -> bool:
    """Whether every site has turned from its past to the present."""
    return all(site["clock"] == "live" for site in program.json("/api/v1/sites")["sites"])


@pytest.fixture(scope="session")
def surf() -> Path:
    """A folder of measured data that is no part of the project: power and workload of a cluster."""
    given = os.environ.get("PODTWIN_TEST_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not (folder / "surf" / "power.parquet").is_file():
        pytest.skip(f"no surf/power.parquet in {folder}; PODTWIN_TEST_DATA names another folder")
    return folder / "surf"
