from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.clock import NS
from podcore.errors import ConfigError
from simulators.faults import FAULTS, Fault, FaultSpec, parse_fault


@pytest.mark.parametrize(
    ("text", "spec"),
    (
        ("compressor-trip@60s", FaultSpec("compressor-trip", 60.0)),
        ("compressor-trip@60s/for=90s", FaultSpec("compressor-trip", 60.0, 90.0)),
        ("compressor-trip@+2h/for=1.5h", FaultSpec("compressor-trip", 7_200.0, 5_400.0)),
        ("compressor-trip:site=ams-03@5", FaultSpec("compressor-trip", 5.0, site="ams-03")),
        (
            "sensor-stuck:site=osl-01,point=rack-02/inlet_temp@500ms",
            FaultSpec("sensor-stuck", 0.5, site="osl-01", point="rack-02/inlet_temp"),
        ),
    ),
)
def test_what_can_be_asked_for(text: str, spec: FaultSpec) -> None:
    assert parse_fault(text) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    (
        ("compresor-trip@60s", "'compresor-trip': is no fault.*nearest is 'compressor-trip'"),
        ("compressor-trip", "NAME.*@TIME.*write e.g. compressor-trip@60s"),
        ("compressor-trip@", "a length of time is a number"),
        ("compressor-trip@soon", "'soon': a length of time is a number"),
        ("compressor-trip@60s/90s", "NAME.*@TIME"),
        ("compressor-trip@60s/for=", "a length of time is a number"),
        ("compressor-trip:point=a/b@60s", "'point': is no option of compressor-trip"),
        ("compressor-trip:site@60s", "an option is key=value"),
        ("compressor-trip:site=AMS@60s", "a site is named by its id"),
        ("sensor-stuck:point=supply@60s", "asset/point.*as in point=crac-1/supply_air_temp"),
    ),
)
def test_what_cannot_says_why(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_fault(text)


@given(st.text(max_size=40))
def test_any_other_text_is_a_fault_or_a_config_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert parse_fault(text).name in FAULTS


def test_times_count_from_the_first_live_value() -> None:
    fault = FaultSpec("compressor-trip", 60.0, 90.0).at(1_000 * NS)
    assert fault == Fault("compressor-trip", 1_060 * NS, 1_150 * NS)


def test_a_fault_holds_from_its_onset_to_before_its_end() -> None:
    fault = Fault("compressor-trip", 10, 20)
    assert [fault.holds(ts) for ts in (9, 10, 19, 20)] == [False, True, True, False]
    assert Fault("compressor-trip", 10).holds(10**18)
