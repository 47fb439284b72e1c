from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis.strategies import integers, tuples
from support.host_trees import HostTree
from support.waiting import eventually

from podtwin.agent.host.files import HostFiles
from podtwin.agent.host.processor import Processor, busy_percent

TIMES = tuples(*[integers(0, 2**63)] * 8)
ALL_BEFORE = "cpu  40000 200 12000 900000 3000 0 800 0 0 0"
CORE_BEFORE = "cpu1 10000 50 3000 225000 750 0 200 0 0 0"


@pytest.fixture
def server(tmp_path: Path) -> HostTree:
    return HostTree(tmp_path, "server")


def test_the_whole_and_each_core_are_seen(server: HostTree) -> None:
    sight = Processor(server.files).look()
    assert [seen.point for seen in sight.seen] == [
        "cpu_utilization",
        "core_00_utilization",
        "core_01_utilization",
        "core_02_utilization",
        "core_03_utilization",
    ]
    assert sight.absent == ()


def test_a_core_is_busy_when_neither_idle_nor_waiting(server: HostTree) -> None:
    processor = Processor(server.files)
    assert processor.read(0.0) == {}
    # 100 busy (of which 10 stolen), 60 idle, 40 waiting for a disk
    server.replace("proc/stat", CORE_BEFORE, "cpu1 10080 50 3010 225060 790 0 200 10 0 0")
    server.replace("proc/stat", ALL_BEFORE, "cpu  40080 200 12010 900360 3040 0 800 10 0 0")
    assert processor.read(1.0) == {"cpu_utilization": 20.0, "core_01_utilization": 50.0}


def test_a_core_that_is_switched_off_gives_nothing(server: HostTree) -> None:
    processor = Processor(server.files)
    processor.read(0.0)
    server.replace("proc/stat", CORE_BEFORE + "\n", "")
    server.replace("proc/stat", ALL_BEFORE, "cpu  40100 200 12000 900000 3000 0 800 0 0 0")
    assert processor.read(1.0) == {"cpu_utilization": 100.0}


def test_without_the_file_the_point_is_absent_by_name(tmp_path: Path) -> None:
    sight = Processor(HostTree(tmp_path).files).look()
    assert [(a.point, a.why) for a in sight.absent] == [
        ("cpu_utilization", "/proc/stat does not exist")
    ]


@pytest.mark.parametrize(
    "text", ("", "cpu", "cpu one two", "cpu0 1 2 3", "cpu99999 1 2 3 4 5 6 7 8")
)
def test_a_file_of_another_form_is_no_crash(tmp_path: Path, text: str) -> None:
    tree = HostTree(tmp_path)
    tree.write("proc/stat", text)
    processor = Processor(tree.files)
    assert [absent.point for absent in processor.look().absent] == ["cpu_utilization"]
    assert processor.read(0.0) == {}


def test_times_that_stand_still_are_no_utilisation() -> None:
    assert busy_percent((1,) * 8, (1,) * 8) is None


@given(before=TIMES, after=TIMES)
def test_utilisation_is_a_percentage_whatever_the_counters_do(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    value = busy_percent(before, after)
    assert value is None or 0.0 <= value <= 100.0


def test_idle_that_goes_back_a_little_is_not_counted() -> None:
    before, after = (100, 0, 0, 1_000, 50, 0, 0, 0), (150, 0, 0, 1_050, 49, 0, 0, 0)
    assert busy_percent(before, after) == 50.0


def test_this_machine_is_as_busy_as_psutil_says() -> None:
    processor = Processor(HostFiles())
    processor.read(0.0)
    psutil.cpu_percent()
    found: dict[str, float] = {}

    def read() -> bool:
        found.update(processor.read(0.0))
        return "cpu_utilization" in found

    eventually(read, "a tick of the kernel's clock")
    assert 0.0 <= found["cpu_utilization"] <= 100.0
    assert len(processor.look().seen) - 1 == psutil.cpu_count()
