from __future__ import annotations

import socket
from pathlib import Path

import pytest

from podcore.clock import SystemClock
from podcore.errors import ConfigError
from podtwin.agent.devices.documents import MAPS
from podtwin.agent.devices.file import load_devices
from podtwin.agent.devices.modbus_map import load_registers
from podtwin.agent.devices.snmp_map import load_objects

HEAD = "schema: podtwin/devices/1\n"


def written(folder: Path, text: str, name: str = "devices.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def refused(file: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_devices(file, SystemClock())
    return str(caught.value)


def test_devices_are_named_with_their_points_and_periods(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        HEAD
        + "period_s: 5\nmodbus:\n"
        + "  - {id: meter-1, host: 10.0.0.5, map: meter, asset: meter-main}\n"
        + "  - {id: crac-1, host: 10.0.0.6, port: 1502, map: crac, period_s: 30}\n",
    )
    loaded = load_devices(file, SystemClock())
    meter, crac = loaded.devices
    assert loaded.host
    assert meter.kind == "Modbus TCP, 10.0.0.5:502 unit 1"
    assert {point.id: point.period_s for point in meter.points} == {
        "meter-main/voltage": 5.0,
        "meter-main/power": 5.0,
        "meter-main/frequency": 5.0,
        "meter-main/energy": 10.0,
    }
    assert crac.period_s == 30.0


def test_a_map_may_stand_beside_the_file_and_fill_points_of_other_assets(tmp_path: Path) -> None:
    written(
        tmp_path,
        "schema: podtwin/modbus-map/1\nregisters:\n"
        "  - {point: rack-01/it_power, address: 3, type: uint16}\n",
        "ours.yaml",
    )
    file = written(
        tmp_path, HEAD + "host: false\nmodbus: [{id: pdu-a, host: pdu, map: ours.yaml}]\n"
    )
    loaded = load_devices(file, SystemClock())
    assert not loaded.host
    assert [(p.id, p.unit) for p in loaded.devices[0].points] == [("rack-01/it_power", "W")]


def test_loading_asks_no_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket, "create_connection", refuse)
    load_devices(written(tmp_path, HEAD + "modbus: [{id: a, host: b, map: pdu}]\n"), SystemClock())


@pytest.mark.parametrize("name", sorted(path.stem for path in (MAPS / "modbus").glob("*.yaml")))
def test_every_shipped_register_map_is_read(name: str) -> None:
    assert load_registers(MAPS / "modbus" / f"{name}.yaml", "a", 10.0)


@pytest.mark.parametrize("name", sorted(path.stem for path in (MAPS / "snmp").glob("*.yaml")))
def test_every_shipped_map_of_objects_is_read(name: str) -> None:
    assert load_objects(MAPS / "snmp" / f"{name}.yaml", "a", 10.0)


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("modbus: []", ("document is 0", "1 to 64 devices")),
        (
            "modbus:\n  - {id: a, host: b, map: meterr}",
            ("line 3", "modbus[0].map is 'meterr'", "nearest is 'meter'"),
        ),
        (
            "modbus:\n  - {id: a, host: b, map: pdu}\n  - {id: a, host: c, map: pdu}",
            ("line 4", "modbus[1].id is 'a'", "already the id of modbus[0]"),
        ),
        (
            "modbus:\n  - {id: a, host: b, map: pdu}\n  - {id: c, host: b, map: pdu, asset: a}",
            ("'a/power'", "both a and c", "another asset"),
        ),
        (
            "modbus:\n  - {id: a, host: b, map: pdu, prot: 502}",
            ("line 3", "modbus[0].prot is 502", "nearest is 'port'"),
        ),
        ("modbus:\n  - {id: A B, host: b, map: pdu}", ("line 3", "modbus[0].id is 'A B'", "a-z")),
        ("modbus:\n  - {id: a, host: b}", ("line 3", "'map' is missing")),
        ("modbus:\n  - {id: a, host: b, map: pdu, period_s: 0.1}", ("line 3", "period_s is 0.1")),
        ("modbus:\n  - {id: a, host: b, map: pdu, unit_id: 300}", ("line 3", "unit_id is 300")),
        ("mobdus: []", ("mobdus", "nearest is 'modbus'")),
    ),
)
def test_a_mistake_is_named_with_line_value_rule_and_way_out(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    said = refused(written(tmp_path, HEAD + text + "\n"))
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("register", "words"),
    (
        ("{point: power, address: 1, type: int17}", ("line 3", "int17", "nearest is 'int")),
        ("{point: Power, address: 1, type: int16}", ("line 3", "'Power'", "a letter a-z")),
        ("{point: power, address: 70000, type: int16}", ("address is 70000",)),
        ("{point: power, address: 65535, type: int32}", ("takes 2 registers",)),
        ("{point: power, address: 1, type: bit}", ("no bit", "coil or discrete")),
        ("{point: leak, address: 1, type: int16, function: coil}", ("of type bit",)),
        ("{point: power, address: 1, type: int16, unit: kw}", ("unit is 'kw'", "nearest is 'kW'")),
        ("{point: power, address: 1, type: int16, unit: Cel, quantity: power}", ("no unit of",)),
        ("{point: warp, address: 1, type: int16}", ("what 'warp' measures", "add unit")),
        ("{point: power, address: 1, type: int16, quantity: pwoer}", ("nearest is 'power'",)),
        ("{point: power, address: 1, type: int16, scale: 0}", ("factor of 0",)),
        ("{point: mode, address: 1, type: int16, codes: {on: 1}}", ("'on'", "whole number")),
    ),
)
def test_a_mistake_in_a_map_names_the_map(
    tmp_path: Path, register: str, words: tuple[str, ...]
) -> None:
    written(tmp_path, f"schema: podtwin/modbus-map/1\nregisters:\n  - {register}\n", "ours.yaml")
    said = refused(written(tmp_path, HEAD + "modbus: [{id: a, host: b, map: ours.yaml}]\n"))
    assert all(word in said for word in ("ours.yaml", *words)), said


def test_a_point_twice_in_a_map_is_named(tmp_path: Path) -> None:
    twice = "  - {point: power, address: 1, type: int16}\n" * 2
    written(tmp_path, "schema: podtwin/modbus-map/1\nregisters:\n" + twice, "ours.yaml")
    said = refused(written(tmp_path, HEAD + "modbus: [{id: a, host: b, map: ours.yaml}]\n"))
    assert "line 4" in said
    assert "registers[0] is this point already" in said
