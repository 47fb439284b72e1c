from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs
from support.fake_device import FakeDevice, Script, SteppedClock
from support.waiting import eventually

from podcore.clock import NS, SystemClock
from podtwin.agent.devices.device import DeviceFault, Doubt, Health, Reading
from podtwin.agent.devices.poller import END_WAIT_S, LONGEST_PAUSE_S, Poller, Pollers, ask, ask_all
from podtwin.agent.host.collector import Absent

OFF = DeviceFault(Health.UNREACHABLE, "no connection", "switch it on")


def gives(value: float) -> Reading:
    return Reading({"pdu/power": value})


def away(_n: int) -> Reading:
    raise OFF


def script_of(*outcomes: Reading | Exception) -> Script:
    def script(n: int) -> Reading:
        outcome = outcomes[min(n, len(outcomes) - 1)]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return script


def poller(device: FakeDevice, clock: SteppedClock) -> Poller:
    return Poller(device, clock, chance=lambda: 0.999)


def test_values_come_with_how_the_device_is() -> None:
    clock = SteppedClock()

    def script(_n: int) -> Reading:
        clock.pass_time(0.25)
        return gives(7.0)

    values = poller(FakeDevice("pdu", script), clock).poll()
    assert values == {
        "pdu/power": 7.0,
        "pdu/health": 0.0,
        "pdu/read_duration": 0.25,
        "pdu/read_age": 0.25,
    }


@pytest.mark.parametrize("health", tuple(Health))
def test_the_point_health_has_a_code_for_each_answer(health: Health) -> None:
    if health is Health.OK:
        script = script_of(gives(1.0))
    elif health is Health.PARTIAL:
        script = script_of(Reading({}, (Absent("pdu/power", "is no register"),)))
    else:
        script = script_of(DeviceFault(health, "why"))
    assert poller(FakeDevice("pdu", script), SteppedClock()).poll()["pdu/health"] == health.code


def test_a_device_that_is_away_is_asked_ever_less_often_and_its_health_said_every_time() -> None:
    clock = SteppedClock()
    device = FakeDevice("pdu", away)
    watched = poller(device, clock)
    said = []
    for _ in range(600):
        said.append(watched.poll())
        clock.pass_time(1.0)
    assert 10 <= device.reads <= 6 + 600 / (LONGEST_PAUSE_S * 0.9)
    assert all(values["pdu/health"] == Health.UNREACHABLE.code for values in said)
    assert said[-1]["pdu/read_age"] == 599.0
    assert device.closed == device.reads


def test_a_device_that_is_back_is_asked_every_time_again() -> None:
    clock = SteppedClock()
    device = FakeDevice("pdu", script_of(OFF, OFF, gives(1.0)))
    watched = poller(device, clock)
    for _ in range(5):
        watched.poll()
        clock.pass_time(70.0)
    assert device.reads == 5
    assert watched.poll()["pdu/read_age"] == 0.0


def test_what_changes_is_said_once() -> None:
    slow = DeviceFault(Health.SLOW, "no answer in 2 s")
    part = Reading({}, (Absent("pdu/power", "exception 2", "try holding"),))
    clock = SteppedClock()
    outcomes = (OFF, OFF, slow, part, part, gives(1.0), gives(2.0))
    watched = poller(FakeDevice("pdu", script_of(*outcomes)), clock)
    with capture_logs() as logs:
        for _ in outcomes:
            watched.poll()
            clock.pass_time(100.0)
    assert [(e["event"], e.get("health") or e.get("point")) for e in logs] == [
        ("device_lost", "unreachable"),
        ("device_lost", "slow"),
        ("device_found", None),
        ("point_absent", "pdu/power"),
        ("point_found", "pdu/power"),
    ]
    assert logs[0]["way_out"] == "switch it on"


def test_a_value_that_can_hardly_be_true_is_said_once_and_sent() -> None:
    odd = Reading({"pdu/power": 9e30}, doubts=(Doubt("pdu/power", "beyond any power", "swap"),))
    watched = poller(FakeDevice("pdu", lambda _n: odd), SteppedClock())
    with capture_logs() as logs:
        sent = [watched.poll()["pdu/power"] for _ in range(3)]
    assert sent == [9e30] * 3
    assert [entry["event"] for entry in logs] == ["value_doubtful"]


def test_a_mistake_of_ours_costs_one_device_and_is_said_with_its_trace() -> None:
    watched = poller(FakeDevice("pdu", script_of(ZeroDivisionError("oh"))), SteppedClock())
    with capture_logs() as logs:
        values = watched.poll()
    assert values["pdu/health"] == Health.GARBLED.code
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)


def test_asking_all_waits_for_none_before_another() -> None:
    both = threading.Barrier(2)

    def meet(_n: int) -> Reading:
        both.wait(30)
        return gives(1.0)

    asked = ask_all([FakeDevice("pdu", meet), FakeDevice("ups", meet)], SystemClock())
    assert [(one.device.id, one.health) for one in asked] == [
        ("pdu", Health.OK),
        ("ups", Health.OK),
    ]


def test_asking_one_names_the_fault() -> None:
    asked = ask(FakeDevice("pdu", away), SteppedClock())
    assert (asked.health, asked.fault) == (Health.UNREACHABLE, OFF)


def test_a_device_that_hangs_holds_up_neither_the_others_nor_the_end() -> None:
    released, clock = threading.Event(), SystemClock()

    def hang(_n: int) -> Reading:
        released.wait(60)
        return gives(9.0)

    kept: list[Mapping[str, float]] = []
    running = Pollers(
        [FakeDevice("stuck", hang), FakeDevice("pdu", lambda _n: gives(1.0), 0.05)], clock
    )
    running.start(lambda _ts, values: kept.append(values))
    try:
        eventually(lambda: len(kept) >= 5, "five readings of the one that answers")
        running.stop()
        stopped_s = clock.monotonic_s()
        running.stop()
        assert clock.monotonic_s() - stopped_s < END_WAIT_S, "it is waited for once"
        assert all("stuck/health" not in values for values in kept)
    finally:
        released.set()


def test_readings_are_taken_at_whole_periods_of_the_wall_clock() -> None:
    clock = SteppedClock(1_700_000_003 * NS)
    times: list[int] = []
    running = Pollers([FakeDevice("pdu", lambda _n: gives(1.0))], clock)

    def keep(ts_ns: int, _values: Mapping[str, float]) -> None:
        times.append(ts_ns // NS - 1_700_000_000)
        if len(times) == 3:
            ended.set()
            running_poller.end()

    ended = threading.Event()
    running_poller = running._pollers[0]  # noqa: SLF001 - ended from inside, on a clock by hand
    running.start(keep)
    assert ended.wait(30)
    running_poller.join(30)
    assert times == [3, 10, 20]


def test_its_points_are_the_devices_and_three_that_watch_it() -> None:
    points = Pollers([FakeDevice("pdu", away)], SteppedClock()).points
    assert [(point.id, point.quantity) for point in points] == [
        ("pdu/power", "power"),
        ("pdu/health", "state"),
        ("pdu/read_duration", "duration"),
        ("pdu/read_age", "duration"),
    ]
