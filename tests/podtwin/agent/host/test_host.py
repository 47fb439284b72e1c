from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.host_trees import DeniedFiles, HostTree

from podcore.classes import point_spec
from podtwin.agent.host.collector import Seen, Sight
from podtwin.agent.host.files import HostFiles
from podtwin.agent.host.host import Host, this_host


class Liar:
    """A collector that gives more than it announced, and no numbers."""

    def look(self) -> Sight:
        return Sight((Seen("power", "/dev/null"), Seen("cpu_temp", "/dev/null")))

    def read(self, at_s: float) -> Mapping[str, float]:
        return {"power": float("nan"), "cpu_temp": 50.0, "core_07_utilization": 1.0}

    def forget(self) -> None:
        """Nothing."""


def test_only_numbers_of_announced_points_are_given() -> None:
    host = Host((Liar(),))
    host.look()
    assert host.read(0.0) == {"cpu_temp": 50.0}


@pytest.mark.parametrize("machine", ("server", "container", "board"))
def test_every_point_of_a_recorded_machine_is_one_of_the_class_server(
    tmp_path: Path, machine: str
) -> None:
    seen = [seen.point for seen in this_host(HostTree(tmp_path, machine).files).look().seen]
    assert seen
    assert len(set(seen)) == len(seen)
    assert [point for point in seen if point_spec("server", point) is None] == []


@pytest.mark.parametrize("machine", ("server", "container", "board", None))
def test_what_is_not_seen_is_named_with_its_reason(tmp_path: Path, machine: str | None) -> None:
    sight = this_host(HostTree(tmp_path, machine).files).look()
    named = " ".join([seen.point for seen in sight.seen] + [gone.point for gone in sight.absent])
    for point in ("cpu_utilization", "memory_used", "cpu_temp", "cpu_power", "memory_power"):
        assert point in named
    for point in ("disk_read_rate", "network_transmit_rate", " power", "fan_", "gpu_"):
        assert point in named
    assert all(absent.why for absent in sight.absent)


def test_nothing_that_goes_away_while_running_is_a_crash(tmp_path: Path) -> None:
    tree = HostTree(tmp_path, "server")
    host = this_host(tree.files)
    host.look()
    assert host.read(0.0)
    for folder in ("proc", "sys"):
        tree.remove(folder)
        host.read(1.0)
    assert [point for point in host.read(2.0) if not point.startswith("gpu_")] == []


def test_nothing_that_may_not_be_read_is_a_crash(tmp_path: Path) -> None:
    tree = HostTree(tmp_path, "server")
    every = [str(path.relative_to(tree.root)) for path in tree.root.rglob("*") if path.is_file()]
    host = this_host(DeniedFiles(tree.root, *every))
    sight = host.look()
    assert [seen.point for seen in sight.seen if not seen.point.startswith("gpu_")] == []
    host.read(0.0)


def test_this_machine_shows_something() -> None:
    host = this_host(HostFiles())
    assert host.look().seen
    assert "memory_used" in host.read(0.0)


def test_what_was_forgotten_needs_two_samples_again(tmp_path: Path) -> None:
    tree = HostTree(tmp_path, "board")
    host = this_host(tree.files)
    host.look()
    host.read(0.0)
    assert "disk_read_rate" in host.read(1.0)
    host.forget()
    assert "disk_read_rate" not in host.read(2.0)
    assert "disk_read_rate" in host.read(3.0)
