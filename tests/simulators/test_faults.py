from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.clock import NS
from podcore.errors import ConfigError
from simulators.fault_kinds import FAULTS, FaultKind
from simulators.faults import Fault, FaultSpec, parse_fault


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
        (
            "coil-fouling:severity=0.3@+2h/ramp=6h",
            FaultSpec("coil-fouling", 7_200.0, severity=0.3, ramp_s=21_600.0),
        ),
        (
            "sensor-bias:severity=-1.5@1h/for=2h/ramp=10m",
            FaultSpec("sensor-bias", 3_600.0, 7_200.0, severity=-1.5, ramp_s=600.0),
        ),
        (
            "rack-thermal-runaway:rack=rack-02@60s",
            FaultSpec("rack-thermal-runaway", 60.0, rack="rack-02"),
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
        ("compressor-trip@60s/for=1s/for=2s", "NAME.*@TIME"),
        ("compressor-trip@60s/slope=1s", "NAME.*@TIME"),
        ("compressor-trip@-60s", "a length of time is a number"),
        ("compressor-trip:severity=0.5@60s", "'severity': is no option of compressor-trip"),
        ("coil-fouling:severity=1.5@60s", "'1.5': a severity of coil-fouling is.*from 0 to 0.9"),
        ("coil-fouling:severity=much@60s", "'much': a severity of coil-fouling is a number"),
        ("coil-fouling:severity=nan@60s", "a severity of coil-fouling is a number"),
        ("rack-thermal-runaway:rack=R2@60s", "a rack is named by its id"),
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


def test_a_fault_grows_over_its_ramp_and_ends_at_once() -> None:
    fault = Fault("coil-fouling", 100, 400, severity=0.4, ramp_ns=200)
    strengths = [fault.strength(ts) for ts in (99, 100, 200, 300, 399, 400)]
    assert strengths == pytest.approx([0.0, 0.0, 0.2, 0.4, 0.4, 0.0])


def test_without_a_severity_it_is_the_usual_one() -> None:
    usual = FAULTS["coil-fouling"].severity
    assert usual is not None
    assert Fault("coil-fouling", 0).strength(1) == usual.usual


@pytest.mark.parametrize("kind", FAULTS.values(), ids=lambda kind: kind.name)
def test_the_usual_severity_lies_within_its_bounds(kind: FaultKind) -> None:
    if kind.severity is not None:
        assert kind.severity.low <= kind.severity.usual <= kind.severity.high
