from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api import NOW_NS, air_site
from support.frames import NS, config, reading

from podcore.frame import BirthBody, BirthPoint, Flag, Frame, Kind, Source, StateBody, encode_body
from podcore.ports import Latest
from podtwin.api.newest import Newest, NewestNode, NewestSite

POINT = "rack-01/inlet_temp"
STEP_NS = NOW_NS - NOW_NS % (5 * NS)
STEP_MS = STEP_NS // 1_000_000


def of_node(kind: Kind, body: BirthBody | StateBody, node: str = "gw-1") -> Frame:
    return Frame(
        0, kind, "ams-03", node, "", None, NOW_NS, NOW_NS, 0, Source.MEASURED, 0, encode_body(body)
    )


def newest() -> tuple[Newest, NewestSite]:
    every = Newest([air_site()])
    return every, every.sites["ams-03"]


def twin(value: float, ts_ns: int, sd: float = 0.2) -> Frame:
    return reading({POINT: value}, ts_ns, source=Source.TWIN, sd=[sd])


def test_a_reading_is_the_newest_value_of_its_points() -> None:
    every, site = newest()
    every.apply(reading({POINT: 22.5}, NOW_NS, flags=Flag.LATE, value_flags=[Flag.OUT_OF_RANGE]))
    row = site.row(POINT)
    assert row == (NOW_NS // 1_000_000, 22.5, Flag.LATE | Flag.OUT_OF_RANGE, *[None] * 5)
    assert site.dirty == {POINT}


@given(st.permutations([(0, 20.0), (1, 21.0), (2, 22.0), (3, 23.0)]))
def test_what_is_newest_does_not_depend_on_the_order_of_arrival(
    order: list[tuple[int, float]],
) -> None:
    every, site = newest()
    for second, value in order:
        every.apply(reading({POINT: value}, NOW_NS + second * NS))
    assert site.points[POINT].value == 23.0


def test_the_residual_is_the_mean_measured_within_the_twins_step_less_its_expectation() -> None:
    every, site = newest()
    for second, value in ((-4, 20.0), (-2, 22.0), (0, 24.0), (1, 99.0)):  # the last lies beyond
        every.apply(reading({POINT: value}, STEP_NS + second * NS))
    every.apply(twin(21.0, STEP_NS))
    point = site.points[POINT]
    assert (point.twin, point.band, point.value) == (21.0, 0.2, 99.0)
    assert point.residual == pytest.approx(22.0 - 21.0)
    assert point.residual_ts_ns == STEP_NS


def test_a_residual_stands_while_its_point_is_not_sampled() -> None:
    every, site = newest()
    every.apply(reading({POINT: 22.0}, STEP_NS))
    every.apply(twin(21.0, STEP_NS))
    every.apply(twin(21.5, STEP_NS + 5 * NS))
    assert (site.points[POINT].residual, site.points[POINT].twin) == (1.0, 21.5)


def test_a_step_of_long_ago_has_no_residual_any_more() -> None:
    every, site = newest()
    for step in range(30):
        every.apply(reading({POINT: 22.0}, STEP_NS + step * 5 * NS))
    every.apply(twin(21.0, STEP_NS))
    assert site.points[POINT].residual is None


def test_what_the_twin_adds_of_its_own_has_the_twins_value() -> None:
    every, site = newest()
    every.apply(reading({"twin/recirculation": 0.05}, STEP_NS, source=Source.TWIN, sd=[0.01]))
    assert site.row("twin/recirculation") == (STEP_MS, 0.05, 0, 0.05, 0.01, STEP_MS, None, None)
    assert site.unit_of("twin/recirculation") == "1"


def test_a_registered_point_that_is_only_estimated_has_no_value() -> None:
    every, site = newest()
    every.apply(twin(21.0, STEP_NS))
    assert site.row(POINT) == (STEP_MS, None, 0, 21.0, 0.2, STEP_MS, None, None)


def test_a_site_is_recorded_until_its_first_live_reading_and_then_live_for_good() -> None:
    every, site = newest()
    every.apply(reading({POINT: 20.0}, NOW_NS - 60 * NS, flags=Flag.RECORDED))
    assert site.now_ns(NOW_NS) == NOW_NS - 60 * NS
    every.apply(reading({POINT: 21.0}, NOW_NS))
    every.apply(reading({POINT: 20.0}, NOW_NS + NS, flags=Flag.RECORDED))
    assert site.now_ns(NOW_NS + 5) == NOW_NS + 5


def test_site_time_is_the_newest_value_while_recorded_and_the_twins_step_when_live() -> None:
    every, site = newest()
    every.apply(reading({POINT: 20.0}, NOW_NS, flags=Flag.RECORDED))
    every.apply(twin(20.0, STEP_NS - 5 * NS))
    times = [site.site_time_ns]
    every.apply(reading({POINT: 20.0}, NOW_NS))
    times.append(site.site_time_ns)
    assert times == [NOW_NS, STEP_NS - 5 * NS]


def test_births_and_states_say_who_is_there_and_who_owns_what() -> None:
    every, site = newest()
    assert site.nodes["gw-1"].online is None  # named in the site file, not heard of
    birth = BirthBody(None, 1, False, [BirthPoint(POINT, "temperature", "Cel")])
    every.apply(of_node(Kind.BIRTH, birth, "gw-2"))
    assert site.nodes["gw-2"].online is True
    assert site.owners[POINT] == "gw-2"
    every.apply(of_node(Kind.STATE, StateBody(online=False), "gw-2"))
    assert site.nodes["gw-2"].online is False


def test_a_birth_makes_no_value() -> None:
    every, site = newest()
    birth = BirthBody(None, 1, False, [BirthPoint("door-1/open", "state", "1")])
    every.apply(of_node(Kind.BIRTH, birth))
    assert site.points == {}


def test_a_changed_site_keeps_its_values() -> None:
    every, site = newest()
    every.apply(reading({POINT: 20.0}, NOW_NS))
    every.apply(config(msgspec.structs.replace(air_site(), name="Amsterdam 3"), NOW_NS))
    assert every.sites["ams-03"] is site
    assert (site.site.name, site.points[POINT].value) == ("Amsterdam 3", 20.0)


def test_a_site_that_nobody_registered_is_watched_all_the_same() -> None:
    every, _ = newest()
    every.apply(reading({"lamp/power": 5.0}, NOW_NS, site="lab"))
    assert every.sites["lab"].point_ids() == {"lamp/power"}


def test_the_history_gives_what_was_newest_before_the_start() -> None:
    every, site = newest()
    every.seed(
        "ams-03",
        [
            Latest(POINT, Source.MEASURED, NOW_NS, 20.0, Flag.RECORDED),
            Latest(POINT, Source.TWIN, STEP_NS, 20.5, 0, 0.3),
            Latest(POINT, Source.FORECAST, NOW_NS + NS, 99.0, 0),
        ],
    )
    assert site.row(POINT)[:5] == (NOW_NS // 1_000_000, 20.0, Flag.RECORDED, 20.5, 0.3)
    assert site.recorded
    every.apply(reading({POINT: 19.0}, NOW_NS - NS))
    assert site.points[POINT].value == 20.0


def test_ticks_and_commands_change_nothing() -> None:
    every, site = newest()
    every.dirty_sites = set()
    for kind in (Kind.TICK, Kind.COMMAND, Kind.FORECAST):
        every.apply(msgspec.structs.replace(reading({POINT: 1.0}, NOW_NS), kind=kind))
    assert every.dirty_sites == set()
    assert site.points == {}


def test_what_waits_in_an_outbox_takes_so_long_at_the_rate_between_two_states() -> None:
    every, _ = newest()

    def told(backlog: int, at_s: int, *, online: bool = True) -> NewestNode:
        body = StateBody(online=online, backlog=backlog, dropped=3 if online else 0)
        frame = of_node(Kind.STATE, body, "gw-9")
        every.apply(msgspec.structs.replace(frame, recv_ns=at_s * NS))
        return every.sites[frame.site].nodes["gw-9"]

    assert told(900, 10).left_s is None
    assert told(700, 20).left_s == 35.0
    assert told(800, 30).left_s is None
    last = told(0, 40, online=False)
    assert (last.backlog, last.left_s, last.dropped, last.online) == (0, None, 3, False)
