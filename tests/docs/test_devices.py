"""The page about devices, and the file that is shipped: what they show is what is read."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from support.certificates import Authority
from support.documents import blocks, rows, section
from support.sources import ROOT

from podcore.classes import DEVICE_HEALTH, DEVICE_POINTS, EVENT_SEVERITIES
from podcore.clock import SystemClock
from podcore.quantity import QUANTITIES
from podtwin.agent.devices.documents import MAPS
from podtwin.agent.devices.file import ModbusFile, RedfishFile, SnmpFile, load_devices
from podtwin.agent.devices.modbus_map import RegisterFile, load_registers
from podtwin.agent.devices.redfish_readings import SUMMARY
from podtwin.agent.devices.snmp_map import ObjectFile, load_objects

PAGE = "docs/devices.md"
SHOWN = [block.text for block in blocks("yaml", PAGE)]
FILES = [text for text in SHOWN if "podtwin/devices/1" in text]
OBJECT_MAPS = [text for text in SHOWN if "podtwin/snmp-map/1" in text]
REGISTER_MAPS = [text for text in SHOWN if "podtwin/modbus-map/1" in text]


def test_every_example_is_of_a_kind_that_is_tested_here() -> None:
    assert len(FILES) + len(REGISTER_MAPS) + len(OBJECT_MAPS) == len(SHOWN)


@pytest.mark.parametrize("text", FILES)
def test_a_shown_file_is_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "devices.yaml"
    for secret in re.findall(r"(?:password|community|privacy)_file: ([\w./-]+)", text):
        (tmp_path / Path(secret).name).write_text("long enough", encoding="utf-8")
    authority = Authority(tmp_path, "bmc")
    text = text.replace("/etc/podtwin/", "").replace("bmc.pem", str(authority.file))
    file.write_text(text, encoding="utf-8")
    assert load_devices(file, SystemClock()).devices


@pytest.mark.parametrize("text", REGISTER_MAPS)
def test_a_shown_register_map_is_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_registers(file, "a", 10.0)


@pytest.mark.parametrize("text", OBJECT_MAPS)
def test_a_shown_map_of_objects_is_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_objects(file, "a", 10.0)


def test_the_shipped_file_is_read_and_named() -> None:
    assert load_devices(ROOT / "deploy" / "podtwin-devices.yaml", SystemClock()).devices
    assert "deploy/podtwin-devices.yaml" in (ROOT / "docs" / "agent.md").read_text("utf-8")


@pytest.mark.parametrize("kind", sorted(folder.name for folder in MAPS.iterdir()))
def test_every_shipped_map_is_named(kind: str) -> None:
    text = (ROOT / PAGE).read_text("utf-8")
    assert not [m.stem for m in (MAPS / kind).glob("*.yaml") if f"`{m.stem}`" not in text]


def test_every_key_of_a_register_is_explained() -> None:
    explained = {
        key for row in rows(section(PAGE, "## Modbus TCP")) for key in re.findall(r"\w+", row[0])
    }
    assert set(RegisterFile.__struct_fields__) - {"function", "word_order"} <= explained


def test_the_points_that_watch_a_device_stand_there_with_unit_and_codes() -> None:
    shown = {name: (unit, text) for name, unit, text in rows(section(PAGE, "## How a device is"))}
    assert {name: unit for name, (unit, _) in shown.items()} == {
        spec.name: QUANTITIES[spec.quantity].unit
        for spec in DEVICE_POINTS
        if spec.states != EVENT_SEVERITIES
    }
    assert re.findall(r"(\d) (\w+)", shown["health"][1]) == [
        (str(code), word) for code, word in enumerate(DEVICE_HEALTH)
    ]


def test_the_readings_and_severities_of_a_service_stand_there() -> None:
    text = section(PAGE, "## Redfish")
    assert not [name for name in SUMMARY if f"`{name}`" not in text]
    assert re.findall(r"(\d) (\w+)", text.partition("the read before:")[2].partition(".")[0]) == [
        (str(code), word) for code, word in enumerate(EVENT_SEVERITIES)
    ]


@pytest.mark.parametrize(
    ("heading", "struct"),
    (
        ("## Modbus TCP", ModbusFile),
        ("## Redfish", RedfishFile),
        ("## SNMP", SnmpFile),
        ("## SNMP", ObjectFile),
    ),
)
def test_every_key_of_a_device_is_explained(heading: str, struct: type[msgspec.Struct]) -> None:
    tables = section(PAGE, "## The file") + section(PAGE, heading)
    explained = {key for row in rows(tables) for key in re.findall(r"\w+", row[0])}
    assert set(struct.__struct_fields__) <= explained
