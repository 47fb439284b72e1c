from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import pytest
from support.engine_logs import START_NS, air_dx
from support.frames import NS

from podcore.frame import Flag, ReadingBody, encode_body
from podcore.site import Site
from podtwin.engine.grid import ClosedStep, Grid
from podtwin.engine.plan import RAW_READING, Layouts, Plan, make_plan
from twin.site_model import site_model

STEP = 5 * NS
K0 = START_NS // STEP


class Bench:
    """A grid with its plan, for messages by name."""

    def __init__(self, site: Site | None = None) -> None:
        self.site = site or air_dx()
        self.plan = plan_of(self.site)
        self.grid = Grid.of(self.plan)
        self.grid.next_step = K0 + 1
        self.layouts = Layouts(self.plan.points, self.site)

    def put(
        self, second: float, values: Mapping[str, float], flags: list[int] | None = None
    ) -> bool:
        raw = encode_body(ReadingBody(list(values), list(values.values()), None, flags))
        body = RAW_READING.decode(raw)
        ts_ns = START_NS + round(second * NS)
        return self.grid.put(ts_ns, body, self.layouts.of(body.points))

    def freeze(self) -> ClosedStep:
        return self.grid.freeze(self.plan, cause=7, recv_ns=START_NS, recorded=False)

    def input(self, step: ClosedStep, word: str) -> float:
        model = site_model(self.site)
        assert model is not None
        names = [bound.channel.point for bound in model.inputs]
        return step.u[names.index(word)]

    def seen(self, step: ClosedStep) -> dict[str, float]:
        """What was measured, by channel; without the masked ones."""
        model = site_model(self.site)
        assert model is not None
        words = [bound.channel.point for bound in model.measurements]
        each = zip(words, step.y, step.number, strict=True)
        return {word: value for word, value, number in each if number}


def plan_of(site: Site) -> Plan:
    model = site_model(site)
    assert model is not None
    return make_plan(site, model)


BOTH_RACKS = {"rack-01/it_power": 5_000.0, "rack-02/it_power": 6_000.0}


@pytest.mark.parametrize(
    ("second", "step"), ((0.0, 0), (0.000000001, 1), (4.9, 1), (5.0, 1), (5.1, 2)), ids=str
)
def test_a_step_holds_what_lies_after_the_one_before_and_up_to_its_own_time(
    second: float, step: int
) -> None:
    assert Bench().grid.step_of(START_NS + round(second * NS)) == K0 + step


def test_a_channel_is_the_mean_of_its_readings_in_the_step() -> None:
    bench = Bench()
    for second, percent in ((1, 20.0), (3, 21.0), (5, 25.0), (6, 99.0)):
        bench.put(second, {"crac-1/fan_speed": percent})
    assert bench.input(bench.freeze(), "fan_speed") == 22.0


def test_powers_of_racks_add_up() -> None:
    bench = Bench()
    bench.put(1, BOTH_RACKS)
    assert bench.input(bench.freeze(), "it_power") == 11_000.0


def test_a_measurement_without_a_reading_is_masked() -> None:
    bench = Bench()
    bench.put(1, {"meter-main/power": 16_000.0})
    step = bench.freeze()
    assert bench.seen(step) == {"facility_power": 16_000.0}
    assert all(
        value == 0.0 for value, number in zip(step.y, step.number, strict=True) if not number
    )
    assert math.isnan(step.compared[0])


def test_an_input_is_held_between_its_readings() -> None:
    bench = Bench()
    bench.put(1, BOTH_RACKS)
    bench.freeze()
    step = bench.freeze()
    assert bench.input(step, "it_power") == 11_000.0


def test_an_input_that_is_not_needed_degrades_nothing_by_its_absence() -> None:
    found = site_model(air_dx())
    assert found is not None
    optional = {bound.channel.point for bound in found.inputs if not bound.channel.needed}
    assert "solar_irradiance" in optional


def test_every_needed_input_heard_of_makes_a_step_that_is_not_degraded() -> None:
    bench = Bench()
    rest = {"crac-1/supply_air_temp_setpoint": 20.0, "crac-1/fan_speed": 70.0}
    bench.put(1, BOTH_RACKS | rest | {"weather-1/outdoor_air_temp": 15.0})
    assert not bench.freeze().degraded


@pytest.mark.parametrize(("steps", "degraded"), ((12, False), (13, True)))
def test_an_input_older_than_its_longest_hold_degrades_the_step(
    steps: int, *, degraded: bool
) -> None:
    bench = Bench()
    rest = {"crac-1/supply_air_temp_setpoint": 20.0, "crac-1/fan_speed": 70.0}
    bench.put(1, BOTH_RACKS | rest | {"weather-1/outdoor_air_temp": 15.0})
    bench.freeze()
    step = [bench.freeze() for _ in range(steps)][-1]
    assert step.degraded is degraded
    assert bench.input(step, "it_power") == 11_000.0


def test_an_input_never_heard_of_takes_the_channels_fallback() -> None:
    bench = Bench()
    step = bench.freeze()
    assert bench.input(step, "outdoor_air_temp") == 15.0
    assert step.degraded


def test_a_rack_not_heard_of_does_as_the_others_and_degrades_the_step() -> None:
    bench = Bench()
    bench.put(1, {"rack-01/it_power": 5_000.0})
    step = bench.freeze()
    assert bench.input(step, "it_power") == 10_000.0
    assert step.degraded


def test_what_comes_after_its_step_is_in_none_but_is_held() -> None:
    bench = Bench()
    bench.freeze()
    bench.freeze()
    assert not bench.put(4, BOTH_RACKS)
    step = bench.freeze()
    assert bench.seen(step) == {}
    assert bench.input(step, "it_power") == 11_000.0


def test_an_older_late_value_does_not_displace_a_newer_one() -> None:
    bench = Bench()
    bench.put(8, BOTH_RACKS)
    bench.freeze()
    bench.freeze()
    bench.put(3, {"rack-01/it_power": 1.0, "rack-02/it_power": 1.0})
    assert bench.input(bench.freeze(), "it_power") == 11_000.0


def test_the_order_of_two_steps_readings_does_not_matter() -> None:
    bench = Bench()
    bench.put(7, {"crac-1/fan_speed": 75.0})
    bench.put(2, {"crac-1/fan_speed": 70.0})
    assert bench.input(bench.freeze(), "fan_speed") == 70.0
    assert bench.input(bench.freeze(), "fan_speed") == 75.0


def test_a_value_out_of_range_is_left_out() -> None:
    bench = Bench()
    flags = [int(Flag.OUT_OF_RANGE), 0]
    bench.put(1, {"crac-1/return_air_temp": 199.0, "meter-main/power": 16_000.0}, flags)
    assert bench.seen(bench.freeze()) == {"facility_power": 16_000.0}


def test_another_plan_keeps_what_is_held_and_gathered_by_name() -> None:
    bench = Bench()
    bench.put(1, BOTH_RACKS | {"crac-1/fan_speed": 70.0})
    bench.freeze()
    bench.put(6, BOTH_RACKS | {"crac-1/fan_speed": 74.0})
    bench.plan = plan_of(air_dx(cop=3.0))
    bench.grid = bench.grid.moved_to(bench.plan)
    step = bench.freeze()
    assert bench.input(step, "fan_speed") == 74.0
    assert bench.input(step, "it_power") == 11_000.0


def test_another_step_length_goes_on_after_what_was_closed() -> None:
    bench = Bench()
    bench.freeze()  # up to second 5
    moved = bench.grid.moved_to(plan_of(air_dx(step_s=2.0)))
    assert moved.next_step * moved.step_ns == START_NS + 6 * NS


def test_a_grid_survives_its_checkpoint() -> None:
    bench = Bench()
    bench.put(1, BOTH_RACKS)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(bench.grid), type=Grid)
    assert again == bench.grid


def test_a_point_list_is_read_once() -> None:
    bench = Bench()
    bench.put(1, BOTH_RACKS)
    first = bench.layouts.of(_raw(BOTH_RACKS))
    assert bench.layouts.of(_raw(BOTH_RACKS)) is first
    assert first.period_ns == NS


def _raw(values: Mapping[str, float]) -> msgspec.Raw:
    return RAW_READING.decode(encode_body(ReadingBody(list(values), list(values.values())))).points
