from __future__ import annotations

from pathlib import Path

import pytest
from support.host_trees import HostTree

from podtwin.agent.host.sensors import Fans, Temperature

HWMON = "sys/class/hwmon"


@pytest.fixture
def server(tmp_path: Path) -> HostTree:
    return HostTree(tmp_path, "server")


@pytest.fixture
def bare(tmp_path: Path) -> HostTree:
    return HostTree(tmp_path)


def chip(tree: HostTree, number: int, name: str, **values: object) -> None:
    tree.write(f"{HWMON}/hwmon{number}/name", name)
    for file, value in values.items():
        tree.write(f"{HWMON}/hwmon{number}/{file}", value)


def celsius(tree: HostTree) -> float | None:
    temperature = Temperature(tree.files)
    temperature.look()
    return temperature.read(0.0).get("cpu_temp")


def test_of_two_processors_the_hotter_package_counts(server: HostTree) -> None:
    assert celsius(server) == 58.0


def test_what_amd_steers_its_fans_by_is_no_temperature_where_there_is_one(bare: HostTree) -> None:
    labels = {"temp1_label": "Tctl", "temp1_input": 82_000}
    chip(bare, 0, "k10temp", **labels)
    assert celsius(bare) == 82.0
    chip(bare, 0, "k10temp", **labels, temp2_label="Tdie", temp2_input=62_000)
    assert celsius(bare) == 62.0


def test_a_chip_without_labels_gives_its_hottest_sensor(bare: HostTree) -> None:
    chip(bare, 0, "coretemp", temp2_input=40_000, temp3_input=43_500)
    assert celsius(bare) == 43.5


def test_a_disk_is_no_processor(bare: HostTree) -> None:
    chip(bare, 0, "nvme", temp1_input=41_850)
    (absent,) = Temperature(bare.files).look().absent
    assert absent.why == "/sys/class/hwmon holds no sensor of a processor"


def test_a_zone_stands_in_for_a_chip(bare: HostTree) -> None:
    for number, (kind, value) in enumerate((("acpitz", 27_800), ("x86_pkg_temp", 51_000))):
        bare.write(f"sys/class/thermal/thermal_zone{number}/type", kind)
        bare.write(f"sys/class/thermal/thermal_zone{number}/temp", value)
    assert celsius(bare) == 51.0


def test_a_board_has_its_own_chip(tmp_path: Path) -> None:
    assert celsius(HostTree(tmp_path, "board")) == 48.686


def test_a_sensor_that_falls_silent_leaves_the_others(server: HostTree) -> None:
    temperature = Temperature(server.files)
    temperature.look()
    server.remove(f"{HWMON}/hwmon1/temp1_input")
    assert temperature.read(0.0) == {"cpu_temp": 51.0}
    server.remove(f"{HWMON}/hwmon4/temp1_input")
    assert temperature.read(0.0) == {}


def test_a_sensor_that_answers_with_nonsense_is_named(bare: HostTree) -> None:
    chip(bare, 0, "coretemp", temp1_input="N/A", temp1_label="Package id 0")
    (absent,) = Temperature(bare.files).look().absent
    assert absent.why.startswith("/sys/class/hwmon/hwmon0/temp1_input holds 'N/A'")


def test_where_the_kernel_shows_no_sensors_both_say_so(bare: HostTree) -> None:
    absent = [*Temperature(bare.files).look().absent, *Fans(bare.files).look().absent]
    assert [a.point for a in absent] == ["cpu_temp", "fan_N_speed"]
    assert {a.why for a in absent} == {
        "/sys/class/hwmon does not exist: the kernel shows no sensors"
    }


def test_fans_are_numbered_in_the_order_of_their_chip(server: HostTree) -> None:
    fans = Fans(server.files)
    fans.look()
    assert fans.read(0.0) == {"fan_1_speed": 1_180.0, "fan_2_speed": 0.0, "fan_3_speed": 4_320.0}


def test_a_fan_keeps_its_number_when_the_kernel_finds_the_chips_in_another_order(
    bare: HostTree,
) -> None:
    for bus in ("pci-a", "pci-b"):
        (bare.root / "sys" / "devices" / bus).mkdir(parents=True)
    for number, bus, speed in ((0, "pci-b", 200), (1, "pci-a", 100)):
        chip(bare, number, "fanchip", fan1_input=speed)
        (bare.root / HWMON / f"hwmon{number}" / "device").symlink_to(
            bare.root / "sys" / "devices" / bus
        )
    fans = Fans(bare.files)
    fans.look()
    assert fans.read(0.0) == {"fan_1_speed": 100.0, "fan_2_speed": 200.0}


def test_a_fan_that_gives_no_number_leaves_the_others(server: HostTree) -> None:
    fans = Fans(server.files)
    fans.look()
    server.remove(f"{HWMON}/hwmon2/fan2_input")
    assert set(fans.read(0.0)) == {"fan_1_speed", "fan_3_speed"}


def test_a_fan_that_cannot_be_read_is_named_and_the_others_keep_their_numbers(
    server: HostTree,
) -> None:
    server.write(f"{HWMON}/hwmon2/fan2_input", "N/A")
    sight = Fans(server.files).look()
    assert [seen.point for seen in sight.seen] == ["fan_1_speed", "fan_3_speed"]
    assert [absent.point for absent in sight.absent] == ["fan_2_speed"]
