from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.certificates import Authority
from support.redfish_service import (
    CHASSIS,
    PASSWORD,
    USER,
    RedfishHandler,
    RedfishService,
    base,
    legacy,
    linked,
    modern,
)
from support.waiting import eventually

from podcore.clock import SystemClock
from podcore.errors import ConfigError
from podtwin.agent.devices.device import DeviceFault, Health
from podtwin.agent.devices.file import RedfishFile
from podtwin.agent.devices.redfish import RedfishDevice
from podtwin.agent.devices.redfish_client import MAX_BYTES, Account, RedfishClient
from podtwin.agent.devices.redfish_events import EventStream
from podtwin.agent.devices.redfish_file import redfish_device
from podtwin.agent.devices.redfish_readings import link, members, readings, sensor_reading

KEYS = (
    "PowerWatts", "Reading", "ReadingUnits", "FanSpeedsPercent", "SpeedRPM", "DeviceName", "Name",
    "TemperatureSummaryCelsius", "Intake", "TemperatureReadingsCelsius", "PhysicalContext",
    "PowerControl", "PowerConsumedWatts", "Temperatures", "ReadingCelsius", "Members", "Sensors",
)  # fmt: skip
PATIENT_S, SHORT_S = 30.0, 0.5
EVERYTHING = {
    "power": "Power",
    "energy": "Energy",
    "inlet_temp": "Intake",
    "outlet_temp": "Exhaust",
    "cpu_temp": "CPU",
}


def device(
    service: RedfishService | str,
    points: dict[str, str] | None = None,
    *,
    session: bool = True,
    password: str = PASSWORD,
    timeout_s: float = PATIENT_S,
    events: bool = False,
    chassis: str | None = None,
) -> RedfishDevice:
    """A device as its file makes it, but over plain HTTP, which a file with a password may not."""
    url = service if isinstance(service, str) else service.url
    told = RedfishFile("bmc", "http://bmc.example", points or {"power": "Power"}, asset="srv")
    made = redfish_device("redfish[0]", told, 10.0, Path(), SystemClock())

    def connect() -> RedfishClient:
        account = Account(USER, password, session=session)
        return RedfishClient(url, account, None, timeout_s, SystemClock())

    return RedfishDevice(
        "bmc",
        url,
        connect(),
        made._wanted,  # noqa: SLF001 - what the file wants, asked somewhere else
        period_s=10.0,
        chassis=chassis,
        events=EventStream("bmc", connect, 10.0) if events else None,
    )


def fault_of(asked: RedfishDevice) -> DeviceFault:
    with pytest.raises(DeviceFault) as caught:
        asked.read(0.0)
    asked.close()
    return caught.value


def test_the_resources_of_today_give_the_summary_of_the_chassis() -> None:
    with RedfishService(modern()) as service:
        asked = device(service, EVERYTHING)
        reading = asked.read(0.0)
        asked.close()
    assert reading.values == {
        "srv/power": 374.0,
        "srv/energy": 325_675_500.0,
        "srv/inlet_temp": 24.8,
        "srv/outlet_temp": 40.5,
        "srv/cpu_temp": 61.5,
    }
    assert reading.health is Health.OK
    assert "CPU 1 [Cel]" in reading.offers


def test_the_resources_that_came_before_give_the_same_words() -> None:
    with RedfishService(legacy()) as service:
        asked = device(service, EVERYTHING | {"fan_1_speed": "FAN1", "psu_1_power": "PSU 1"})
        reading = asked.read(0.0)
        asked.close()
    assert reading.values == {
        "srv/power": 224.0,
        "srv/inlet_temp": 21.0,
        "srv/cpu_temp": 48.0,
        "srv/fan_1_speed": 4200.0,
        "srv/psu_1_power": 120.0,
    }
    assert [absent.point for absent in reading.absent] == ["srv/energy", "srv/outlet_temp"]
    assert "'Energy'" in reading.absent[0].why


def test_a_sensor_is_found_by_its_name_and_then_asked_alone() -> None:
    with RedfishService(modern()) as service:
        asked = device(service, {"dimm_1_temp": "DIMM #1 Temp", "fan_1_speed": "Fan 1"})
        assert asked.read(0.0).values == {"srv/dimm_1_temp": 39.0, "srv/fan_1_speed": 2200.0}
        service.asked.clear()
        asked.read(10.0)
        again = list(service.asked)
        asked.close()
    assert f"{CHASSIS}/Sensors/DIMM1" in again
    assert not {f"{CHASSIS}/Sensors", f"{CHASSIS}/Sensors/PS1", CHASSIS} & set(again)


def test_a_reading_of_another_kind_is_no_value() -> None:
    with RedfishService(modern()) as service:
        asked = device(service, {"cpu_speed": "CPU"} | {"fan_temp": "Fan 1"})
        absent = {one.point: one.why for one in asked.read(0.0).absent}
        asked.close()
    assert absent["srv/fan_temp"] == "'Fan 1' is in 'r/min', which is no temperature"


def test_a_session_is_opened_once_and_ended() -> None:
    with RedfishService(modern()) as service:
        asked = device(service)
        for second in range(3):
            asked.read(float(second))
        assert service.logins == 1
        assert len(service.tokens) == 1
        asked.close()
        assert not service.tokens


def test_a_session_that_the_service_has_ended_is_opened_again() -> None:
    with RedfishService(modern()) as service:
        asked = device(service)
        asked.read(0.0)
        service.tokens.clear()
        assert asked.read(10.0).values == {"srv/power": 374.0}
        assert service.logins == 2
        asked.close()


def test_basic_needs_no_session() -> None:
    with RedfishService(modern()) as service:
        asked = device(service, session=False)
        assert asked.read(0.0).values
        asked.close()
        assert service.logins == 0


@pytest.mark.parametrize("session", (True, False))
def test_a_wrong_password_is_refused_with_the_way_out_and_never_shown(session: bool) -> None:
    with RedfishService(modern()) as service:
        fault = fault_of(device(service, session=session, password="battery staple"))
    assert fault.health is Health.REFUSED
    assert "401" in fault.why
    assert "password_file" in fault.way_out
    assert "staple" not in str(fault.args)


def test_a_chassis_is_found_by_its_id_and_one_that_is_not_there_names_those_that_are() -> None:
    resources = modern()
    resources["/redfish/v1/Chassis"] = {"Members": linked("/redfish/v1/Chassis/Rack", CHASSIS)}
    resources["/redfish/v1/Chassis/Rack"] = {"Id": "Rack"}
    with RedfishService(resources) as service:
        asked = device(service)  # the first that has readings
        assert asked.read(0.0).values
        asked.close()
        fault = fault_of(device(service, chassis="2U"))
    assert (fault.health, fault.way_out) == (Health.REFUSED, "it has Rack, 1U")


def test_a_chassis_without_readings_is_said() -> None:
    with RedfishService(base()) as service:
        assert "no chassis with readings" in fault_of(device(service)).why


def status(code: int) -> Callable[[RedfishHandler], None]:
    return lambda handler: handler.answer(code, {}, {"Location": "http://elsewhere.example/"})


def body(data: bytes) -> Callable[[RedfishHandler], None]:
    return lambda handler: handler.answer(200, data)


def drip(handler: RedfishHandler) -> None:
    """An answer that never ends, a byte at a time."""
    handler.send_response(200)
    handler.end_headers()
    pause = threading.Event()
    while not pause.wait(0.05):
        handler.wfile.write(b" ")
        handler.wfile.flush()


@pytest.mark.parametrize(
    ("answer", "health", "word"),
    (
        (status(500), Health.REFUSED, "500"),
        (status(302), Health.REFUSED, "302"),
        (status(403), Health.REFUSED, "403"),
        (body(b"<html>login</html>"), Health.GARBLED, "<html>"),
        (body(b"[1, 2]"), Health.GARBLED, "no JSON object"),
        (body(b"[" * 100_000), Health.GARBLED, "no JSON object"),
        (body(b" " * (MAX_BYTES + 1)), Health.GARBLED, "longer than"),
        (drip, Health.SLOW, "took longer"),
    ),
)
def test_an_answer_that_is_none_is_named(
    answer: Callable[[RedfishHandler], None], health: Health, word: str
) -> None:
    with RedfishService(modern()) as service:
        service.special["/redfish/v1/Chassis"] = answer
        fault = fault_of(device(service, timeout_s=2.0 if answer is drip else PATIENT_S))
    assert fault.health is health
    assert word in fault.why


@pytest.mark.parametrize(
    "value", ("24.8", None, True, [3], float("nan"), 10**400), ids=lambda v: repr(v)[:12]
)
def test_a_reading_that_is_no_number_is_none(value: object) -> None:
    assert readings({"PowerWatts": {"Reading": value}}) == []
    assert readings({"PowerWatts": value, "Temperatures": value, "PowerControl": [value]}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_whatever_a_resource_holds_its_readings_are_numbers(resource: dict[str, object]) -> None:
    found = [*readings(resource), *sensor_reading(resource)]
    assert all(one.name and math.isfinite(one.value) for one in found)
    members(resource)
    link(resource, "Sensors")


def test_links_to_another_service_are_not_followed() -> None:
    resources = modern()
    resources["/redfish/v1/Chassis"] = {"Members": linked("http://elsewhere.example/redfish/v1/x")}
    with RedfishService(resources) as service:
        assert "no chassis" in fault_of(device(service)).why


def test_a_service_that_is_away_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    assert fault_of(device(url)).health is Health.UNREACHABLE


def test_a_service_that_does_not_answer_is_slow() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert fault_of(device(url, timeout_s=SHORT_S)).health is Health.SLOW


def test_events_are_told_and_the_worst_is_a_value() -> None:
    with RedfishService(modern()) as service, capture_logs() as logs:
        asked = device(service, events=True)
        assert asked.read(0.0).values["bmc/event_severity"] == 0.0
        assert service.listeners.acquire(timeout=30)
        service.send(
            {"MessageId": "Thermal.1.0.TemperatureAboveWarning", "MessageSeverity": "Warning"},
            {"MessageId": "Power.1.0.PowerRestored", "MessageSeverity": "OK"},
        )
        eventually(
            lambda: sum(entry["event"] == "device_event" for entry in logs) == 2, "two events"
        )
        assert asked.read(10.0).values["bmc/event_severity"] == 2.0
        assert asked.read(20.0).values["bmc/event_severity"] == 0.0
        asked.close()


@pytest.mark.parametrize("forbidden", (True, False))
def test_a_service_without_a_stream_says_so_once_and_is_read_all_the_same(forbidden: bool) -> None:
    resources = modern()
    resources["/redfish/v1/EventService"] = {"ServiceEnabled": True}
    with RedfishService(resources) as service, capture_logs() as logs:
        if forbidden:
            service.special["/redfish/v1/EventService"] = status(403)
        asked = device(service, events=True)
        for second in range(3):
            assert asked.read(float(second)).values == {"srv/power": 374.0}
        asked.close()
    assert [entry["point"] for entry in logs] == ["bmc/event_severity"]


def file_of(folder: Path, **keys: object) -> RedfishFile:
    (folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    told: dict[str, object] = {"user": USER, "password_file": "password"} | keys
    return RedfishFile(id="bmc", **told)  # type: ignore[arg-type]  # as a file has them


def test_a_certificate_is_trusted_by_its_file_and_by_no_other(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = authority.sign("bmc", "IP:127.0.0.1")
    stranger = authority.sign("stranger", "DNS:bmc.example")
    clock = SystemClock()
    with RedfishService(modern(), certificate) as service:
        trusted = file_of(tmp_path, url=service.url, ca_file="authority.pem", timeout_s=30.0)
        asked = redfish_device("redfish[0]", trusted, 10.0, tmp_path, clock)
        assert asked.read(0.0).values["bmc/power"] == 374.0
        asked.close()
        unknown = file_of(tmp_path, url=service.url, timeout_s=30.0)
        fault = fault_of(redfish_device("redfish[0]", unknown, 10.0, tmp_path, clock))
    assert fault.health is Health.UNREACHABLE
    assert "ca_file" in fault.way_out
    with RedfishService(modern(), stranger) as service:
        named = file_of(tmp_path, url=service.url, ca_file="authority.pem", timeout_s=30.0)
        assert "ca_file" in fault_of(redfish_device("r", named, 10.0, tmp_path, clock)).way_out
        other = file_of(
            tmp_path, url=service.url, ca_file="authority.pem", check_name=False, timeout_s=30.0
        )
        asked = redfish_device("r", other, 10.0, tmp_path, clock)
        assert asked.read(0.0).values
        asked.close()


@pytest.mark.parametrize(
    ("keys", "words"),
    (
        ({"url": "http://bmc"}, ("redfish[0].url", "over TLS alone", "https://")),
        ({"url": "https://bmc", "user": None}, ("'user' is missing",)),
        ({"url": "https://bmc", "password_file": "no"}, ("password_file is 'no'", "No such file")),
        ({"url": "https://bmc", "ca_file": "password"}, ("ca_file", "no file of certificates")),
        ({"url": "https://bmc", "check_name": False}, ("check_name", "ca_file")),
        ({"url": "https://bmc", "points": {"warp": "CPU 1"}}, ("points.warp", "_temp, _power")),
        ({"url": "https://bmc", "points": {"Power": "Power"}}, ("'Power'", "a letter a-z")),
        (
            {"url": "https://bmc", "points": {"a_temp": "CPU", "b_temp": "CPU"}},
            ("points.b_temp", "another point already"),
        ),
    ),
)
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, keys: dict[str, object], words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as caught:
        redfish_device("redfish[0]", file_of(tmp_path, **keys), 10.0, tmp_path, SystemClock())
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert PASSWORD not in str(caught.value)
