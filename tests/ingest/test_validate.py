from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ingesting import BOOT, NOON_NS, NS, air_site, bear, empty_registry

from ingest.native import Telemetry, Values
from ingest.reasons import Reason, Rejected
from ingest.registry import Registry
from ingest.validate import Accepted, Validator
from podcore.frame import READING, Flag, Kind, ReadingBody, Source
from podcore.quantity import QUANTITIES

AIR = "crac-1/supply_air_temp"
POWER = "rack-01/it_power"
METER = "meter-1/power"


@pytest.fixture
def registry() -> Registry:
    registry = empty_registry()
    registry.adopt(air_site(), NOON_NS)
    return registry


def told(
    registry: Registry, values: Values, *, ts: int | str | None = NOON_NS, node: str = "gw-1",
    boot: str | None = BOOT, seq: int | None = 1, bad: list[Rejected] | None = None,
) -> Accepted | list[Rejected]:  # fmt: skip
    message = Telemetry(values, ts, boot, seq, bad or [])
    return Validator(registry).telemetry("ams-03", node, message, NOON_NS)


def accepted(registry: Registry, values: Values, **fields: object) -> Accepted:
    answer = told(registry, values, **fields)  # type: ignore[arg-type]
    assert isinstance(answer, Accepted), answer
    return answer


def body(answer: Accepted) -> ReadingBody:
    return READING.decode(answer.frame.body)


def reasons(answer: Accepted | list[Rejected]) -> list[Reason]:
    assert isinstance(answer, list)
    return [why.reason for why in answer]


def test_a_message_is_one_frame(registry: Registry) -> None:
    frame = accepted(registry, {AIR: 22.5, POWER: 4_000.0}).frame
    assert (frame.kind, frame.site, frame.node, frame.boot, frame.seq) == (
        Kind.READING, "ams-03", "gw-1", BOOT, 1,
    )  # fmt: skip
    assert (frame.ts_ns, frame.recv_ns, frame.source, frame.flags) == (
        NOON_NS, NOON_NS, Source.MEASURED, 0,
    )  # fmt: skip
    assert READING.decode(frame.body) == ReadingBody([AIR, POWER], [22.5, 4_000.0])


@given(st.dictionaries(st.integers(0, 49), st.none() | st.floats(-50, 150), max_size=50))
def test_the_body_is_that_of_the_plain_encoder(sampled: dict[int, float | None]) -> None:
    """It is put together from encoded pieces; a reader must not be able to tell."""
    registry = empty_registry()
    registry.adopt(air_site(), NOON_NS)
    values = {f"probe/t_{number:02d}": value for number, value in sampled.items()}
    answer = accepted(registry, values)
    kept = {name: value for name, value in values.items() if value is not None}
    plain = ReadingBody(list(kept), list(kept.values()))
    assert answer.frame.body == msgspec.msgpack.encode(plain)
    assert answer.readings == len(kept)


class TestUnits:
    def test_without_a_birth_the_site_file_says_what_is_sent(self, registry: Registry) -> None:
        assert body(accepted(registry, {METER: 12.5})).values == [12_500.0]

    def test_a_birth_says_what_its_node_sends(self, registry: Registry) -> None:
        bear(registry, [{"id": AIR, "unit": "[degF]"}, {"id": METER, "unit": "MW"}])
        values = body(accepted(registry, {AIR: 212.0, METER: 0.5})).values
        assert values == pytest.approx([100.0, 500_000.0])

    @pytest.mark.parametrize("unit", sorted(QUANTITIES["temperature"].units))
    def test_each_unit_of_a_quantity_is_converted(self, registry: Registry, unit: str) -> None:
        bear(registry, [{"id": AIR, "unit": unit}])
        conversion = QUANTITIES["temperature"].units[unit]
        assert body(accepted(registry, {AIR: 300.0})).values == [conversion(300.0)]

    def test_a_new_birth_changes_the_unit_from_then_on(self, registry: Registry) -> None:
        validator = Validator(registry)
        message = Telemetry({AIR: 20.0}, NOON_NS, None, None, [])
        validator.telemetry("ams-03", "gw-1", message, NOON_NS)
        bear(registry, [{"id": AIR, "unit": "K"}])
        after = validator.telemetry("ams-03", "gw-1", message, NOON_NS)
        assert isinstance(after, Accepted)
        assert body(after).values == [pytest.approx(-253.15)]

    def test_what_overflows_in_conversion_is_refused_alone(self, registry: Registry) -> None:
        answer = accepted(registry, {METER: 1e306, POWER: 1.0})
        assert body(answer).points == [POWER]
        assert [why.reason for why in answer.bad] == [Reason.NOT_FINITE]


class TestFlags:
    @pytest.mark.parametrize(
        ("ts", "recorded", "flags"),
        (
            (NOON_NS, False, Flag.NONE),
            (None, False, Flag.NO_SOURCE_TIME),
            (NOON_NS - 60 * NS, False, Flag.NONE),
            (NOON_NS - 60 * NS - 1, False, Flag.LATE),
            (NOON_NS + 2 * NS, False, Flag.NONE),
            (NOON_NS + 2 * NS + 1, False, Flag.SUSPECT_CLOCK),
            (NOON_NS, True, Flag.RECORDED),
            (NOON_NS - 3_600 * NS, True, Flag.RECORDED),
            (NOON_NS + 3_600 * NS, True, Flag.RECORDED | Flag.SUSPECT_CLOCK),
            (None, True, Flag.RECORDED | Flag.NO_SOURCE_TIME),
        ),
    )
    def test_a_frame_s_flags_follow_from_its_times_and_its_sender_s_clock(
        self, registry: Registry, ts: int | None, recorded: bool, flags: Flag
    ) -> None:
        clock = "recorded" if recorded else "live"
        bear(registry, [{"id": AIR}], clock=clock)
        assert accepted(registry, {AIR: 22.5}, ts=ts).frame.flags == int(flags)

    def test_an_absent_time_is_that_of_arrival(self, registry: Registry) -> None:
        assert accepted(registry, {AIR: 22.5}, ts=None).frame.ts_ns == NOON_NS

    def test_a_value_that_is_not_plausible_is_kept_and_flagged(self, registry: Registry) -> None:
        answer = accepted(registry, {AIR: 22.5, "probe/t_00": 500.0, "probe/t_01": -81.0})
        assert body(answer).flags == [0, int(Flag.OUT_OF_RANGE), int(Flag.OUT_OF_RANGE)]
        assert answer.bad == []

    def test_the_bounds_of_the_range_are_plausible(self, registry: Registry) -> None:
        assert body(accepted(registry, {AIR: -80.0, "probe/t_00": 200.0})).flags is None


class TestPartialMessages:
    def test_null_is_not_offered(self, registry: Registry) -> None:
        answer = accepted(registry, {AIR: None, POWER: 1.0})
        assert (answer.readings, answer.bad) == (1, [])
        assert body(answer).points == [POWER]

    def test_a_message_of_nulls_alone_is_stored_empty(self, registry: Registry) -> None:
        assert accepted(registry, {AIR: None}).readings == 0

    def test_good_readings_are_kept_beside_bad_ones(self, registry: Registry) -> None:
        wrong = Rejected(Reason.NOT_FINITE, "m['x/y']", "nan", "rule", "way out")
        answer = accepted(registry, {AIR: 22.5, "no/such": 1.0}, bad=[wrong])
        assert body(answer).points == [AIR]
        assert [why.reason for why in answer.bad] == [Reason.NOT_FINITE, Reason.UNKNOWN_POINT]

    def test_a_null_for_a_point_that_is_not_there_is_no_fault(self, registry: Registry) -> None:
        assert accepted(registry, {AIR: 22.5, "no/such": None}).bad == []

    def test_a_message_without_one_good_reading_is_dead_with_all_its_reasons(
        self, registry: Registry
    ) -> None:
        answer = told(registry, {"no/such": 1.0, "Bad": 2.0})
        assert reasons(answer) == [Reason.UNKNOWN_POINT, Reason.BAD_NAME]


class TestCompactForm:
    def test_its_values_are_in_the_order_of_the_birth(self, registry: Registry) -> None:
        bear(registry, [{"id": POWER, "unit": "kW"}, {"id": AIR}])
        assert body(accepted(registry, [4.0, 22.5])) == ReadingBody([POWER, AIR], [4_000.0, 22.5])

    def test_a_point_that_the_birth_could_not_have_keeps_its_place(
        self, registry: Registry
    ) -> None:
        bear(registry, [{"id": "no/such"}, {"id": AIR}])
        answer = accepted(registry, [1.0, 22.5])
        assert body(answer) == ReadingBody([AIR], [22.5])
        assert [why.reason for why in answer.bad] == [Reason.UNKNOWN_POINT]

    def test_a_point_that_the_birth_names_twice_is_filled_once(self, registry: Registry) -> None:
        bear(registry, [{"id": AIR}, {"id": POWER}, {"id": AIR}])
        answer = accepted(registry, [22.5, 1.0, 23.5])
        assert (body(answer), answer.readings) == (ReadingBody([AIR, POWER], [22.5, 1.0]), 2)
        assert [why.reason for why in answer.bad] == [Reason.POINT_TWICE]

    def test_null_was_not_sampled(self, registry: Registry) -> None:
        bear(registry, [{"id": POWER}, {"id": AIR}])
        assert body(accepted(registry, [None, 22.5])).points == [AIR]

    def test_it_needs_a_birth_of_this_node(self, registry: Registry) -> None:
        bear(registry, [{"id": AIR}], node="bms")
        assert reasons(told(registry, [22.5])) == [Reason.NO_BIRTH]

    @pytest.mark.parametrize("values", ([], [1.0, 2.0]))
    def test_its_length_is_that_of_the_birth(
        self, registry: Registry, values: list[float | None]
    ) -> None:
        bear(registry, [{"id": AIR}])
        assert reasons(told(registry, values)) == [Reason.WRONG_LENGTH]


def test_the_first_node_that_speaks_of_a_point_owns_it(registry: Registry) -> None:
    accepted(registry, {AIR: 22.5})
    answer = accepted(registry, {AIR: 22.5, POWER: 1.0}, node="gw-2")
    assert body(answer).points == [POWER]
    assert [why.reason for why in answer.bad] == [Reason.OWNED_BY_OTHER_NODE]


def test_a_boot_without_a_seq_and_a_seq_without_a_boot_number_nothing(registry: Registry) -> None:
    frame = accepted(registry, {AIR: 1.0}, boot=None, seq=5).frame
    assert (frame.boot, frame.seq) == ("", None)
    frame = accepted(registry, {AIR: 1.0}, boot=BOOT, seq=None).frame
    assert (frame.boot, frame.seq) == (BOOT, None)


def test_ever_new_key_sets_do_not_fill_the_memory(registry: Registry) -> None:
    validator = Validator(registry, max_template_keys=200)
    for start in range(50):
        values: Values = {f"x/p_{start}_{n}": None for n in range(20)}
        validator.telemetry("ams-03", "gw-1", Telemetry(values, None, None, None, []), NOON_NS)
        held = sum(len(keys) for _, _, keys in validator._templates)  # noqa: SLF001 -- the bound
        assert held <= 200 + 20


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["W", "kW", "MW", "mW"]))
def test_every_finite_value_is_stored_or_named(value: float, unit: str) -> None:
    registry = empty_registry()
    registry.adopt(air_site(), NOON_NS)
    bear(registry, [{"id": POWER, "unit": unit}])
    answer = told(registry, {POWER: value})
    if isinstance(answer, list):
        assert reasons(answer) == [Reason.NOT_FINITE]
    else:
        assert all(math.isfinite(number) for number in body(answer).values)
