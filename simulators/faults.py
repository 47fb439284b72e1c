"""Named faults: what can be asked for on a command line, and when it holds.

`NAME[:key=value,...]@TIME[/for=DURATION]`, e.g. `compressor-trip@60s/for=90s` or
`sensor-stuck:site=ams-03,point=crac-1/supply_air_temp@+2h`. Times count from the first live value.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from podcore.clock import NS
from podcore.duration import DURATION_RULE, parse_duration
from podcore.errors import ConfigError
from podcore.names import did_you_mean, is_id, is_local_id

_PLACE = "--fault"
_FORM = "a fault is NAME[:key=value,...]@TIME[/for=DURATION]"
_EXAMPLE = "write e.g. compressor-trip@60s/for=90s"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that the plants know: what it does, and which options it takes."""

    name: str
    says: str
    takes: frozenset[str] = frozenset({"site"})


FAULTS: MappingProxyType[str, FaultKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            FaultKind("compressor-trip", "the compressor stops, and may start again at the end"),
            FaultKind(
                "sensor-stuck",
                "one sensor goes on showing its last value (the supply air's, unless `point` says)",
                frozenset({"site", "point"}),
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one plant; `end_ns` None lasts for ever. `point` names the sensor it is about."""

    name: str
    onset_ns: int
    end_ns: int | None = None
    severity: float | None = None
    point: str | None = None

    def holds(self, ts_ns: int) -> bool:
        """Whether it is on at that time."""
        return self.onset_ns <= ts_ns and (self.end_ns is None or ts_ns < self.end_ns)


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """A fault as asked for, before anyone knows when the first live value comes."""

    name: str
    onset_s: float
    duration_s: float | None = None
    severity: float | None = None
    site: str | None = None
    point: str | None = None

    def at(self, zero_ns: int) -> Fault:
        """The fault with its times counted from `zero_ns`."""
        onset_ns = zero_ns + round(self.onset_s * NS)
        end_ns = None if self.duration_s is None else onset_ns + round(self.duration_s * NS)
        return Fault(self.name, onset_ns, end_ns, self.severity, self.point)


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about a fault, for whoever judges detectors; it never travels with readings."""

    site: str
    fault: str
    asset: str
    onset_ns: int
    end_ns: int | None
    severity: float | None


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
    onset, slash, duration = tail.partition("/")
    if slash and not duration.startswith("for="):
        raise ConfigError(_PLACE, text, _FORM, _EXAMPLE)
    return FaultSpec(
        name=name,
        onset_s=_seconds(onset),
        duration_s=_seconds(duration.removeprefix("for=")) if slash else None,
        site=given.get("site"),
        point=given.get("point"),
    )


def _options(kind: FaultKind, text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in text.split(",") if text else []:
        key, equals, value = part.partition("=")
        if not equals or not value:
            raise ConfigError(_PLACE, part, "an option is key=value", _EXAMPLE)
        if key not in kind.takes:
            rule = f"is no option of {kind.name}"
            raise ConfigError(_PLACE, key, rule, did_you_mean(key, kind.takes))
        if key == "site" and not is_id(value):
            raise ConfigError(_PLACE, value, "a site is named by its id", "as in site=ams-03")
        if key == "point" and not is_local_id(value):
            way_out = "as in point=crac-1/supply_air_temp"
            raise ConfigError(_PLACE, value, "a point is named as asset/point", way_out)
        given[key] = value
    return given


def _seconds(text: str) -> float:
    try:
        return parse_duration(text.removeprefix("+"))
    except ValueError:
        raise ConfigError(_PLACE, text, DURATION_RULE, _EXAMPLE) from None
