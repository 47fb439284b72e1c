from __future__ import annotations

from pathlib import Path

import pytest
from support.host_trees import DeniedFiles, HostTree

from podtwin.agent.host.power_meter import PowerMeter

METER = "sys/class/hwmon/hwmon3"


@pytest.fixture
def server(tmp_path: Path) -> HostTree:
    return HostTree(tmp_path, "server")


def test_the_one_meter_of_the_board_is_the_power_of_the_server(server: HostTree) -> None:
    meter = PowerMeter(server.files)
    assert [seen.point for seen in meter.look().seen] == ["power"]
    assert meter.read(0.0) == {"power": 312.0}


def test_without_a_meter_nothing_else_is_given_as_the_power_of_the_server(tmp_path: Path) -> None:
    meter = PowerMeter(HostTree(tmp_path, "board").files)
    (absent,) = meter.look().absent
    assert absent.why == "no meter of the whole server is shown to the kernel"
    assert meter.read(0.0) == {}


def test_a_meter_of_a_socket_is_not_the_server(server: HostTree) -> None:
    server.write(f"{METER}/power1_oem_info", "Module Power Socket 0")
    (absent,) = PowerMeter(server.files).look().absent
    assert (
        absent.why == "the board has meters of parts (Module Power Socket 0), and none of the whole"
    )


def test_of_two_meters_nobody_knows_which_is_the_server(server: HostTree) -> None:
    server.write("sys/class/hwmon/hwmon9/name", "power_meter")
    (absent,) = PowerMeter(server.files).look().absent
    assert "2 meters" in absent.why


def test_a_meter_that_may_not_be_read_is_named(server: HostTree) -> None:
    files = DeniedFiles(server.root, f"{METER}/power1_average")
    (absent,) = PowerMeter(files).look().absent
    assert absent.way_out == f"give this user read right on /{METER}/power1_average"


def test_a_meter_that_falls_silent_gives_nothing(server: HostTree) -> None:
    meter = PowerMeter(server.files)
    meter.look()
    server.remove(f"{METER}/power1_average")
    assert meter.read(0.0) == {}
