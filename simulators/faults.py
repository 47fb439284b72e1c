"""A fault as asked for on a command line, and as it befalls a plant.

`NAME[:key=value,...]@TIME[/ramp=DURATION][/for=DURATION]`, e.g. `compressor-trip@60s/for=90s`,
`coil-fouling:severity=0.3@+2h/ramp=6h` or `sensor-bias:severity=2,point=crac-1/supply_air_temp@1h`.
Times count from the first live value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from podcore.clock import NS
from podcore.duration import DURATION_RULE, parse_duration
from podcore.errors import ConfigError
from podcore.names import did_you_mean, is_id, is_local_id
from simulators.fault_kinds import FAULTS, FaultKind

_PLACE = "--fault"
_FORM = "a fault is NAME[:key=value,...]@TIME[/ramp=DURATION][/for=DURATION]"
_EXAMPLE = "write e.g. compressor-trip@60s/for=90s"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one plant.

    end_ns : None lasts for ever. severity : None is the usual one of its kind.
    point, rack : the sensor or the rack that it is about. ramp_ns : over which it grows to its
    severity.
    """

    name: str
    onset_ns: int
    end_ns: int | None = None
    severity: float | None = None
    point: str | None = None
    rack: str | None = None
    ramp_ns: int = 0

    def holds(self, ts_ns: int) -> bool:
        """Whether it is on at that time."""
        return self.onset_ns <= ts_ns and (self.end_ns is None or ts_ns < self.end_ns)

    def strength(self, ts_ns: int) -> float:
        """Its severity at that time: 0 before and after, growing over the ramp."""
        if not self.holds(ts_ns):
            return 0.0
        kind = FAULTS[self.name]
        usual = kind.severity.usual if kind.severity else 1.0
        full = usual if self.severity is None else self.severity
        return full * min(1.0, (ts_ns - self.onset_ns) / self.ramp_ns) if self.ramp_ns else full


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """A fault as asked for, before anyone knows when the first live value comes."""

    name: str
    onset_s: float
    duration_s: float | None = None
    severity: float | None = None
    site: str | None = None
    point: str | None = None
    rack: str | None = None
    ramp_s: float = 0.0

    def at(self, zero_ns: int) -> Fault:
        """The fault with its times counted from `zero_ns`."""
        onset_ns = zero_ns + round(self.onset_s * NS)
        end_ns = None if self.duration_s is None else onset_ns + round(self.duration_s * NS)
        ramp_ns = round(self.ramp_s * NS)
        return Fault(self.name, onset_ns, end_ns, self.severity, self.point, self.rack, ramp_ns)


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about a fault, for whoever judges detectors; it never travels with readings.

    severity : the one that it reaches, also where nobody said it; None for what has none.
    """

    site: str
    fault: str
    asset: str
    onset_ns: int
    end_ns: int | None
    severity: float | None
    ramp_ns: int = 0
    point: str | None = None

    @classmethod
    def of(cls, fault: Fault, site: str, asset: str) -> Label:
        """The label of a fault that is about an asset."""
        usual = FAULTS[fault.name].severity
        severity = fault.severity if fault.severity is not None or usual is None else usual.usual
        return cls(
            site, fault.name, asset, fault.onset_ns, fault.end_ns, severity, fault.ramp_ns,
            fault.point,
        )  # fmt: skip


def parse_fault(text: str) -> FaultSpec:
    """The fault that an argument of `--fault` asks for.

    Raises
    ------
    ConfigError  When it is not of the form, or the name or an option is not known.
    """
    head, at, tail = text.partition("@")
    if not at:
        raise ConfigError(_PLACE, text, _FORM, _EXAMPLE)
    name, _, options = head.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        raise ConfigError(
            _PLACE, name, "is no fault that a plant knows", did_you_mean(name, FAULTS)
        )
    given = _options(kind, options)
    onset, *lengths = tail.split("/")
    times = _lengths(text, lengths)
    severity = given.get("severity")
    return FaultSpec(
        name=name,
        onset_s=_seconds(onset),
        duration_s=times.get("for"),
        severity=None if severity is None else _severity(kind, severity),
        site=given.get("site"),
        point=given.get("point"),
        rack=given.get("rack"),
        ramp_s=times.get("ramp", 0.0),
    )


def _lengths(text: str, parts: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or key not in {"for", "ramp"} or key in found:
            raise ConfigError(_PLACE, text, _FORM, _EXAMPLE)
        found[key] = _seconds(value)
    return found


_RULES = {
    "site": (is_id, "a site is named by its id", "as in site=ams-03"),
    "rack": (is_id, "a rack is named by its id", "as in rack=rack-02"),
    "point": (is_local_id, "a point is named as asset/point", "as in point=crac-1/supply_air_temp"),
}


def _options(kind: FaultKind, text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in text.split(",") if text else []:
        key, equals, value = part.partition("=")
        if not equals or not value:
            raise ConfigError(_PLACE, part, "an option is key=value", _EXAMPLE)
        if key not in kind.takes:
            rule = f"is no option of {kind.name}"
            raise ConfigError(_PLACE, key, rule, did_you_mean(key, kind.takes))
        if key in _RULES:
            fits, rule, way_out = _RULES[key]
            if not fits(value):
                raise ConfigError(_PLACE, value, rule, way_out)
        given[key] = value
    return given


def _severity(kind: FaultKind, text: str) -> float:
    bounds = kind.severity
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if bounds is None or not bounds.low <= value <= bounds.high:
        limits = f"{bounds.low:g} to {bounds.high:g}" if bounds else "none"
        rule = f"a severity of {kind.name} is a number from {limits}: {kind.says}"
        raise ConfigError(_PLACE, text, rule)
    return value


def _seconds(text: str) -> float:
    try:
        return parse_duration(text.removeprefix("+"))
    except ValueError:
        raise ConfigError(_PLACE, text, DURATION_RULE, _EXAMPLE) from None
