from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.snmp_agent import COMMUNITY, PASSWORD, USER, SnmpAgent

from podcore.errors import ConfigError
from podtwin.agent.devices.device import DeviceFault, Health
from podtwin.agent.devices.documents import MAPS
from podtwin.agent.devices.file import SnmpFile
from podtwin.agent.devices.snmp import Community, SnmpDevice, User
from podtwin.agent.devices.snmp_file import snmp_device
from podtwin.agent.devices.snmp_map import ENTITY_SENSOR, load_objects

PATIENT_S, SHORT_S = 20.0, 0.5
RPDU2 = "1.3.6.1.4.1.318.1.1.26"
PDU: dict[str, int | str] = {
    f"{RPDU2}.4.3.1.5.1": 412,
    f"{RPDU2}.4.3.1.9.1": 98_765,
    f"{RPDU2}.6.3.1.6.1": 231,
    f"{RPDU2}.6.3.1.5.1": 179,
    **{f"{RPDU2}.9.4.3.1.7.{outlet}": 100 * outlet for outlet in range(1, 8)},
    f"{RPDU2}.9.4.3.1.7.8": -1,
}


def sensor(
    index: int, kind: int, scale: int, precision: int, value: int, status: int = 1
) -> dict[str, int | str]:
    """A row of entPhySensorTable."""
    columns = enumerate((kind, scale, precision, value, status), 1)
    return {f"{ENTITY_SENSOR}.{column}.{index}": cell for column, cell in columns}


def device(
    port: int,
    file: Path = MAPS / "snmp" / "rpdu2.yaml",
    account: Community | User = Community(COMMUNITY),  # noqa: B008 - frozen
    timeout_s: float = PATIENT_S,
) -> SnmpDevice:
    objects = load_objects(file, "pdu", 10.0)
    return SnmpDevice(
        "pdu", "127.0.0.1", port, account, objects, period_s=10.0, timeout_s=timeout_s
    )


def own_map(folder: Path, *objects: str) -> Path:
    file = folder / "map.yaml"
    lines = "".join(f"  - {{{each}}}\n" for each in objects)
    file.write_text(f"schema: podtwin/snmp-map/1\nobjects:\n{lines}", encoding="utf-8")
    return file


def fault_of(asked: SnmpDevice) -> DeviceFault:
    with pytest.raises(DeviceFault) as caught:
        asked.read(0.0)
    asked.close()
    return caught.value


@pytest.mark.parametrize("account", (Community(COMMUNITY), User(USER, PASSWORD)), ids=("v2c", "v3"))
def test_a_pdu_gives_its_power_and_that_of_its_outlets(account: Community | User) -> None:
    with SnmpAgent(PDU) as agent:
        asked = device(agent.port, account=account)
        reading = asked.read(0.0)
        asked.close()
    assert reading.values["pdu/power"] == pytest.approx(4.12)
    assert reading.values["pdu/energy"] == pytest.approx(9876.5)
    assert reading.values["pdu/current"] == pytest.approx(17.9)
    assert reading.values["pdu/outlet_7_power"] == 700.0
    assert [absent.point for absent in reading.absent] == ["pdu/outlet_8_power"]


def test_a_device_is_read_again_over_the_same_socket_and_after_closing() -> None:
    with SnmpAgent(PDU) as agent:
        asked = device(agent.port)
        read = [set(asked.read(10.0 * n).values) for n in range(7)]
        asked.close()
        assert asked.read(70.0).values
        asked.close()
    assert [n for n, points in enumerate(read) if "pdu/energy" in points] == [0, 6]


def test_a_supply_gives_its_mode_in_our_words() -> None:
    mib = "1.3.6.1.2.1.33.1"
    objects: dict[str, int | str] = {
        f"{mib}.3.3.1.5.1": 8_200,
        f"{mib}.4.4.1.4.1": 7_700,
        f"{mib}.2.4.0": 98,
        f"{mib}.2.7.0": 27,
        f"{mib}.4.1.0": 5,
    }
    with SnmpAgent(objects) as agent:
        asked = device(agent.port, MAPS / "snmp" / "ups.yaml")
        values = asked.read(0.0).values
        asked.close()
    assert values["pdu/mode"] == 3.0
    assert values["pdu/battery_charge"] == 98.0


def test_a_sensor_says_itself_its_unit_and_its_factor(tmp_path: Path) -> None:
    file = own_map(
        tmp_path,
        "point: inlet_temp, entity_sensor: 1",
        "point: power, entity_sensor: 2",
        "point: outlet_temp, entity_sensor: 3",
        "point: current, entity_sensor: 4, unit: A",
        "point: voltage, entity_sensor: 5, unit: V",
    )
    rows = sensor(1, 8, 9, 1, 243) | sensor(2, 6, 10, 2, 412)
    rows |= sensor(3, 8, 9, 1, 300, status=2) | sensor(4, 6, 9, 0, 7)
    rows |= sensor(5, 4, 2_000_000_000, 0, 7)
    with SnmpAgent(rows) as agent:
        asked = device(agent.port, file)
        reading = asked.read(0.0)
        asked.close()
    assert reading.values == {"pdu/inlet_temp": 24.3, "pdu/power": pytest.approx(4120.0)}
    absent = {one.point: one.why for one in reading.absent}
    assert "does not work" in absent["pdu/outlet_temp"]
    assert "scale 2e+09" in absent["pdu/voltage"]
    assert absent["pdu/current"] == "the sensor is in 'W', which is no current"


def test_text_that_is_a_number_is_one_and_other_text_is_none(tmp_path: Path) -> None:
    file = own_map(
        tmp_path,
        "point: power, oid: 1.3.6.1.4.1.9.1.0",
        "point: voltage, oid: 1.3.6.1.4.1.9.2.0, unit: V",
        "point: energy, oid: 1.3.6.1.4.1.9.3.0",
    )
    objects: Mapping[str, int | str] = {"1.3.6.1.4.1.9.1.0": "812.5", "1.3.6.1.4.1.9.2.0": "n/a"}
    with SnmpAgent(objects) as agent:
        asked = device(agent.port, file)
        reading = asked.read(0.0)
        asked.close()
    assert reading.values == {"pdu/power": 812.5}
    assert [one.why for one in reading.absent] == [
        "1.3.6.1.4.1.9.2.0: 'n/a' is no number",
        "1.3.6.1.4.1.9.3.0: the device has no such object",
    ]


def test_a_value_beyond_all_measure_is_doubted(tmp_path: Path) -> None:
    file = own_map(tmp_path, "point: inlet_temp, oid: 1.3.6.1.4.1.9.1.0")
    with SnmpAgent({"1.3.6.1.4.1.9.1.0": 243}) as agent:
        asked = device(agent.port, file)
        (doubt,) = asked.read(0.0).doubts
        asked.close()
    assert "beyond any temperature" in doubt.why
    assert "scale" in doubt.way_out


def test_a_device_without_any_of_the_objects_is_refused() -> None:
    with SnmpAgent({"1.3.6.1.2.1.1.1.0": "a switch"}) as agent:
        fault = fault_of(device(agent.port))
    assert fault.health is Health.REFUSED
    assert "no such object" in fault.why


def test_a_wrong_community_is_silence_and_the_way_out_says_so() -> None:
    with SnmpAgent(PDU) as agent:
        fault = fault_of(device(agent.port, account=Community("wrong"), timeout_s=SHORT_S))
    assert fault.health is Health.UNREACHABLE
    assert "wrong community" in fault.way_out
    assert "2 times 0.5 s" in fault.why


@pytest.mark.parametrize("account", (User("stranger", PASSWORD), User(USER, "wrong password")))
def test_a_wrong_user_or_password_is_refused(account: User) -> None:
    with SnmpAgent(PDU) as agent:
        fault = fault_of(device(agent.port, account=account, timeout_s=5.0))
    assert fault.health is Health.REFUSED
    assert "password_file" in fault.way_out
    assert account.password not in repr(account)


@pytest.mark.parametrize("answer", (b"garbage", bytes(400), b"\x30\x82\xff\xff" + bytes(60)))
def test_what_is_no_answer_is_as_none(answer: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def babble() -> None:
            for _ in range(2):
                _, address = server.recvfrom(4096)
                server.sendto(answer, address)

        thread = threading.Thread(target=babble, daemon=True)
        thread.start()
        fault = fault_of(device(server.getsockname()[1], timeout_s=SHORT_S))
        thread.join(10)
    assert fault.health in {Health.UNREACHABLE, Health.GARBLED}


@pytest.mark.parametrize(
    ("told", "words"),
    (
        ({}, ("community_file", "v3")),
        ({"user": "a"}, ("v3 has user and password_file",)),
        ({"community_file": "secret", "user": "a"}, ("the one or the other",)),
        ({"community_file": "no"}, ("snmp[0].community_file is 'no'", "cannot be read")),
        ({"user": "a", "password_file": "short"}, ("at least 8 characters",)),
        ({"community_file": "secret", "map": "rpdu"}, ("snmp[0].map", "nearest is 'rpdu2'")),
    ),
)
def test_a_mistake_is_named(tmp_path: Path, told: dict[str, str], words: tuple[str, ...]) -> None:
    (tmp_path / "secret").write_text("community\n", encoding="utf-8")
    (tmp_path / "short").write_text("seven77", encoding="utf-8")
    file = SnmpFile(**{"id": "a", "host": "b", "map": "rpdu2"} | told)  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as caught:
        snmp_device("snmp[0]", file, 10.0, tmp_path)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("point: power", ("either oid or entity_sensor",)),
        ("point: power, oid: 1.3.6.1.4.1, entity_sensor: 3", ("either oid",)),
        ("point: power, oid: .1.3.6", ("line 3", "numbers and dots")),
        ("point: power, oid: 1.3.6.1.4, scale: 0", ("factor of 0",)),
    ),
)
def test_a_mistake_in_a_map_is_named(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_objects(own_map(tmp_path, text), "pdu", 10.0)
    assert all(word in str(caught.value) for word in words), str(caught.value)
