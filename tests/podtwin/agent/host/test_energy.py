from __future__ import annotations

from pathlib import Path

import pytest
from support.host_trees import DeniedFiles, HostTree

from podtwin.agent.host.energy import EnergyCounters

POWERCAP = "sys/class/powercap"
RANGE_UJ = 262_143_328_850


@pytest.fixture
def server(tmp_path: Path) -> HostTree:
    return HostTree(tmp_path, "server")


def test_packages_and_memory_are_seen_and_never_the_same_counter_twice(server: HostTree) -> None:
    (cpu,) = EnergyCounters(server.files, "cpu_power").look().seen
    (memory,) = EnergyCounters(server.files, "memory_power").look().seen
    assert cpu.source == "/sys/class/powercap: intel-rapl:0, intel-rapl:1"
    assert memory.source == "/sys/class/powercap: intel-rapl:0:1, intel-rapl:1:0"


def test_power_is_the_gain_of_all_packages_also_over_the_wrap_of_one(server: HostTree) -> None:
    counters = EnergyCounters(server.files, "cpu_power")
    counters.look()
    assert counters.read(0.0) == {}
    server.write(f"{POWERCAP}/intel-rapl:0/energy_uj", 100_000_000_000 + 1_200_000_000)
    wrapped = 262_143_000_000 + 800_000_000 - RANGE_UJ
    server.write(f"{POWERCAP}/intel-rapl:1/energy_uj", wrapped)
    assert counters.read(10.0)["cpu_power"] == pytest.approx(200.0)


def test_a_counter_that_begins_anew_does_not_become_a_flash_of_power(server: HostTree) -> None:
    counters = EnergyCounters(server.files, "cpu_power")
    counters.look()
    counters.read(0.0)
    server.write(f"{POWERCAP}/intel-rapl:0/energy_uj", 5)
    server.write(f"{POWERCAP}/intel-rapl:1/energy_uj", 7)
    assert counters.read(10.0) == {}


def test_a_counter_that_never_moves_has_no_power(server: HostTree) -> None:
    counters = EnergyCounters(server.files, "cpu_power")
    counters.look()
    counters.read(0.0)
    assert counters.read(10.0) == {}


def test_without_the_right_to_read_the_file_and_the_way_out_are_named(server: HostTree) -> None:
    denied = f"{POWERCAP}/intel-rapl:0/energy_uj"
    counters = EnergyCounters(DeniedFiles(server.root, denied), "cpu_power")
    (absent,) = counters.look().absent
    assert absent.point == "cpu_power"
    assert absent.why == f"/{denied} may not be read by this user"
    assert "60-podtwin-rapl.rules" in absent.way_out
    assert counters.read(0.0) == {}


def test_a_right_that_is_withdrawn_while_running_is_a_value_less(server: HostTree) -> None:
    files = DeniedFiles(server.root)
    counters = EnergyCounters(files, "cpu_power")
    counters.look()
    counters.read(0.0)
    files.denied.add(f"{POWERCAP}/intel-rapl:1/energy_uj")
    assert counters.read(10.0) == {}


def test_half_of_the_packages_is_no_power_of_the_processors(server: HostTree) -> None:
    server.remove(f"{POWERCAP}/intel-rapl:1/max_energy_range_uj")
    sight = EnergyCounters(server.files, "cpu_power").look()
    assert sight.seen == ()
    assert "max_energy_range_uj does not exist" in sight.absent[0].why


def test_a_board_without_counters_says_so_and_one_without_memory_counters_too(
    tmp_path: Path, server: HostTree
) -> None:
    (absent,) = EnergyCounters(HostTree(tmp_path, "board").files, "cpu_power").look().absent
    assert absent.why == "/sys/class/powercap shows no energy counter"
    for zone in ("intel-rapl:0:1", "intel-rapl:1:0"):
        server.remove(f"{POWERCAP}/{zone}")
    (absent,) = EnergyCounters(server.files, "memory_power").look().absent
    assert absent.why == "/sys/class/powercap has no energy counter of the memory"
