from __future__ import annotations

from pathlib import Path

import pytest
from support.host_trees import HostTree

from podtwin.agent.host.traffic import disks, networks

SDA = "0 sda 500000 100 20000000 90000 700000 900 40000000"
NVME = "0 nvme0n1 800000 0 64000000 40000 900000 0 72000000"


@pytest.fixture
def server(tmp_path: Path) -> HostTree:
    return HostTree(tmp_path, "server")


def test_disks_that_are_hardware_count_and_nothing_above_or_within_them(server: HostTree) -> None:
    sources = {seen.source for seen in disks(server.files).look().seen}
    assert sources == {"/proc/diskstats: sda, nvme0n1"}


def test_bytes_of_all_disks_come_by_the_second(server: HostTree) -> None:
    traffic = disks(server.files)
    assert traffic.read(0.0) == {}
    server.replace("proc/diskstats", SDA, "0 sda 500000 100 20000200 90000 700000 900 40000000")
    server.replace("proc/diskstats", NVME, "0 nvme0n1 800000 0 64000000 40000 900000 0 72001000")
    assert traffic.read(10.0) == {
        "disk_read_rate": 200 * 512 / 10.0,
        "disk_write_rate": 1_000 * 512 / 10.0,
    }


def test_ports_that_are_hardware_count_and_not_the_bond_over_them(server: HostTree) -> None:
    traffic = networks(server.files)
    assert {seen.source for seen in traffic.look().seen} == {"/proc/net/dev: eno1, eno2"}
    traffic.read(0.0)
    server.replace("proc/net/dev", "9000000000", "9000005000")
    server.replace("proc/net/dev", "bond0: 10000000000", "bond0: 10000005000")
    server.replace("proc/net/dev", "4000000000", "4000000100")
    assert traffic.read(5.0) == {"network_receive_rate": 1_000.0, "network_transmit_rate": 20.0}


def test_a_port_whose_driver_begins_anew_costs_one_sample_of_that_side(server: HostTree) -> None:
    traffic = networks(server.files)
    traffic.read(0.0)
    server.replace("proc/net/dev", "9000000000", "12")
    assert traffic.read(5.0) == {"network_transmit_rate": 0.0}
    assert traffic.read(10.0) == {"network_receive_rate": 0.0, "network_transmit_rate": 0.0}


def test_in_a_container_its_own_end_of_a_pair_counts(tmp_path: Path) -> None:
    tree = HostTree(tmp_path, "container")
    assert {seen.source for seen in networks(tree.files).look().seen} == {"/proc/net/dev: eth0"}
    absent = disks(tree.files).look().absent
    assert [(a.point, a.why) for a in absent] == [
        ("disk_read_rate", "/proc/diskstats does not exist"),
        ("disk_write_rate", "/proc/diskstats does not exist"),
    ]


def test_a_name_that_touches_its_number_is_read(tmp_path: Path) -> None:
    traffic = networks(HostTree(tmp_path, "board").files)
    assert {seen.source for seen in traffic.look().seen} == {"/proc/net/dev: end0"}


def test_without_any_device_both_points_are_absent(server: HostTree) -> None:
    server.remove("sys/block")
    absent = disks(server.files).look().absent
    assert {a.why for a in absent} == {"/proc/diskstats names no disk that is hardware"}
    server.write("proc/net/dev", "    lo: 1 2 3 4 5 6 7 8 9 10")
    assert {a.why for a in networks(server.files).look().absent} == {
        "/proc/net/dev names no interface but the loopback"
    }


@pytest.mark.parametrize("text", ("", "a b", "8 0 sda one 2 three", "eth0: x y", ": 1 2 3"))
def test_files_of_another_form_are_no_crash(server: HostTree, text: str) -> None:
    for path, traffic in (("diskstats", disks(server.files)), ("net/dev", networks(server.files))):
        server.write(f"proc/{path}", text)
        assert traffic.look().seen == ()
        assert traffic.read(0.0) == {}
        server.remove(f"proc/{path}")
        assert traffic.read(1.0) == {}
