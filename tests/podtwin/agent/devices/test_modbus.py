from __future__ import annotations

import math
import socket
import threading
from collections.abc import Iterator

import pytest
from support.modbus_server import ModbusServer, peer, words

from podtwin.agent.devices.device import DeviceFault, Health
from podtwin.agent.devices.documents import MAPS
from podtwin.agent.devices.modbus import ModbusDevice
from podtwin.agent.devices.modbus_map import load_registers

SHORT_S = 0.5  # for what never answers whole; what does has ANSWER_S
ANSWER_S = 20.0
VOLTAGE, POWER = words("f", 231.5), words("f", 8123.0)
FREQUENCY, ENERGY = words("f", 50.02), words("f", 1234.5)
METER = {42: VOLTAGE, 44: [0] * 8, 52: POWER, 70: FREQUENCY, 72: ENERGY}
PDU = {0: [*words("I", 70_000), *words("I", 98_765), 2305, 0xFFFF], 16: [100 * n for n in range(8)]}
CRAC_INPUTS = {0: [182, 65_486, 455, 600, 900, 4100, 720, 85]}
CRAC_HOLDING = {0: [180, 3]}


def device(
    port: int, kind: str = "meter", timeout_s: float = ANSWER_S, unit_id: int = 1
) -> ModbusDevice:
    registers = load_registers(MAPS / "modbus" / f"{kind}.yaml", kind, 1.0)
    return ModbusDevice(
        kind, "127.0.0.1", port, unit_id, registers, period_s=1.0, timeout_s=timeout_s
    )


@pytest.fixture
def meter() -> Iterator[ModbusServer]:
    with ModbusServer(inputs=METER) as server:
        yield server


def test_a_meter_gives_its_floats_in_two_requests(meter: ModbusServer) -> None:
    asked = device(meter.port)
    reading = asked.read(0.0)
    assert {point: round(value, 2) for point, value in reading.values.items()} == {
        "meter/voltage": 231.5,
        "meter/power": 8123.0,
        "meter/frequency": 50.02,
        "meter/energy": 1234.5,
    }
    assert reading.health is Health.OK
    assert meter.requests == [(4, 42, 12), (4, 70, 4)]
    asked.close()


def test_a_pdu_gives_what_it_has_and_says_what_it_has_not() -> None:
    with ModbusServer(holding=PDU) as server:
        asked = device(server.port, "pdu")
        reading = asked.read(0.0)
        asked.close()
    assert reading.values["pdu/power"] == 70_000.0
    assert reading.values["pdu/energy"] == pytest.approx(9876.5)
    assert reading.values["pdu/voltage"] == pytest.approx(230.5)
    assert reading.values["pdu/outlet_8_power"] == 700.0
    assert [absent.point for absent in reading.absent] == ["pdu/current"]
    assert reading.health is Health.PARTIAL


def test_a_cooling_unit_gives_signed_tenths_and_its_mode() -> None:
    with ModbusServer(holding=CRAC_HOLDING, inputs=CRAC_INPUTS) as server:
        asked = device(server.port, "crac")
        values = asked.read(0.0).values
        asked.close()
    assert values["crac/supply_air_temp"] == pytest.approx(18.2)
    assert values["crac/return_air_temp"] == pytest.approx(-5.0)
    assert values["crac/mode"] == 3.0
    assert values["crac/supply_air_temp_setpoint"] == pytest.approx(18.0)


def test_a_point_with_a_longer_period_is_read_less_often(meter: ModbusServer) -> None:
    asked = device(meter.port)
    read = [set(asked.read(float(second)).values) for second in range(11)]
    asked.close()
    assert [second for second, points in enumerate(read) if "meter/energy" in points] == [0, 10]
    assert all("meter/power" in points for points in read)


def test_a_register_that_is_none_is_named_and_costs_the_others_nothing() -> None:
    short = {address: cells for address, cells in METER.items() if address != 70}
    with ModbusServer(inputs=short) as server:
        asked = device(server.port)
        first = asked.read(0.0)
        asked_for = len(server.requests)
        asked.read(1.0)
        asked.close()
        again = len(server.requests) - asked_for
    (absent,) = first.absent
    assert absent.point == "meter/frequency"
    assert absent.why == (
        "input 70 as float32: the device answers with exception 2, illegal data address"
    )
    assert "function" in absent.way_out
    assert set(first.values) == {"meter/voltage", "meter/power", "meter/energy"}
    assert again < asked_for, "what was refused together is asked alone at once"


def test_a_gap_that_the_device_refuses_is_no_absence() -> None:
    holes = {address: cells for address, cells in METER.items() if address != 44}
    with ModbusServer(inputs=holes) as server:
        asked = device(server.port)
        reading = asked.read(0.0)
        asked.close()
    assert len(reading.values) == 4
    assert reading.health is Health.OK


def test_a_device_that_refuses_every_register_is_refused_with_the_way_out() -> None:
    with ModbusServer(holding=METER) as server:  # in the other table
        asked = device(server.port)
        with pytest.raises(DeviceFault) as caught:
            asked.read(0.0)
        asked.close()
    assert caught.value.health is Health.REFUSED
    assert "input 42 as float32" in caught.value.why
    assert "compare address, function and type" in caught.value.way_out


def test_a_busy_register_says_so() -> None:
    with ModbusServer(inputs=METER, busy=52) as server:
        asked = device(server.port)
        (absent,) = asked.read(0.0).absent
        asked.close()
    assert (absent.point, absent.way_out) == ("meter/power", "a longer period_s gives it time")


def test_a_wrong_word_order_is_doubted_and_the_right_one_named() -> None:
    power = 8123.77
    swapped = list(reversed(words("f", power)))
    with ModbusServer(inputs=METER | {52: swapped}) as server:
        asked = device(server.port)
        reading = asked.read(0.0)
        asked.close()
    (doubt,) = reading.doubts
    assert doubt.point == "meter/power"
    assert doubt.way_out == "word_order: little would make it 8123.77"
    assert "beyond any power" in doubt.why
    assert "meter/power" in reading.values, "whether to believe it is not for the agent to say"


def test_nothing_at_the_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeviceFault) as caught:
        device(port).read(0.0)
    assert caught.value.health is Health.UNREACHABLE
    assert f"127.0.0.1:{port}" in caught.value.why


def test_a_device_that_never_answers_is_slow() -> None:
    with peer(lambda _request, _connection: None) as port:
        asked = device(port, timeout_s=SHORT_S)
        with pytest.raises(DeviceFault) as caught:
            asked.read(0.0)
        asked.close()
    assert caught.value.health is Health.SLOW
    assert "0.5 s" in caught.value.why


@pytest.mark.parametrize(
    "answer",
    (
        b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20,
        bytes(300),
        b"\xff" * 300,
        b"\x00\x01\x00\x00\x00\x03\x01\x04\x00",
    ),
)
def test_what_is_no_answer_is_garbled(answer: bytes) -> None:
    with peer(lambda _request, connection: connection.sendall(answer)) as port:
        asked = device(port, timeout_s=SHORT_S)
        with pytest.raises(DeviceFault) as caught:
            asked.read(0.0)
        asked.close()
    assert caught.value.health is Health.GARBLED
    assert caught.value.way_out


def test_a_device_that_hangs_up_is_unreachable_and_asked_anew() -> None:
    hung_up = threading.Event()

    def hang_up(_request: bytes, connection: socket.socket) -> None:
        hung_up.set()
        connection.shutdown(socket.SHUT_RDWR)

    with peer(hang_up) as port:
        asked = device(port, timeout_s=SHORT_S)
        for _ in range(2):
            with pytest.raises(DeviceFault) as caught:
                asked.read(0.0)
            assert caught.value.health is Health.UNREACHABLE
            asked.close()
    assert hung_up.is_set()


def test_a_device_is_found_again_on_the_next_read(meter: ModbusServer) -> None:
    asked = device(meter.port)
    assert asked.read(0.0).values
    asked.close()
    assert len(asked.read(1.0).values) == 4
    asked.close()


def test_a_float_that_is_no_number_is_no_value() -> None:
    with ModbusServer(inputs=METER | {52: words("f", math.nan)}) as server:
        asked = device(server.port)
        reading = asked.read(0.0)
        asked.close()
    assert [absent.point for absent in reading.absent] == ["meter/power"]
