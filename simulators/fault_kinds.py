"""The faults that plants know: what each does, in which unit it is severe, what it takes.

Severities are what one would measure on the part itself: a share of flow, of conductance or of
charge that is gone, kelvins of a sensor. A fault works on one number of `simulators.ills.Ills`,
or on one sensor.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import MappingProxyType

_SITE = frozenset({"site"})
_SHARE = "1"


class Aim(enum.Enum):
    """What a fault is about: the asset of a class, one rack, or one sensor."""

    METER = "meter"
    UPS = "ups"
    PDU = "pdu"
    CRAC = "crac"
    AISLE = "aisle"
    RACK = "rack"
    SENSOR = "sensor"


@dataclass(frozen=True, slots=True)
class Severity:
    """How severe a fault may be. unit : of UCUM, or what a sensor's own is called."""

    usual: float
    low: float
    high: float
    unit: str = _SHARE


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that the plants know.

    severity : None for what is there or not.
    """

    name: str
    says: str
    aim: Aim
    severity: Severity | None = None

    @property
    def takes(self) -> frozenset[str]:
        """The options that it may be given."""
        own = {Aim.SENSOR: {"point"}, Aim.RACK: {"rack"}}.get(self.aim, set[str]())
        return _SITE | own | ({"severity"} if self.severity else set())


_KINDS = (
    FaultKind("compressor-trip", "the compressor stops, and may start again at the end", Aim.CRAC),
    FaultKind(
        "fan-degradation", "share of its air flow that the CRAC's fan no longer moves",
        Aim.CRAC, Severity(0.25, 0.0, 0.9),
    ),
    FaultKind(
        "filter-fouling", "added resistance of the filter, as a multiple of a clean one's",
        Aim.CRAC, Severity(1.5, 0.0, 20.0),
    ),
    FaultKind(
        "coil-fouling", "share of the coil's conductance that is gone",
        Aim.CRAC, Severity(0.3, 0.0, 0.9),
    ),
    FaultKind(
        "refrigerant-loss", "share of the charge that has leaked", Aim.CRAC, Severity(0.2, 0.0, 0.6)
    ),
    FaultKind(
        "containment-breach", "share of inlet air from the hot aisle, added to all racks",
        Aim.AISLE, Severity(0.15, 0.0, 0.6),
    ),
    FaultKind(
        "rack-thermal-runaway", "share of their flow that the fans of one rack no longer move",
        Aim.RACK, Severity(0.5, 0.0, 0.9),
    ),
    FaultKind("pdu-phase-loss", "every third rack loses its power", Aim.PDU),
    FaultKind(
        "ups-to-battery", "the rectifier stops: battery while it lasts, then bypass", Aim.UPS
    ),
    FaultKind(
        "battery-ageing", "share of the UPS battery's capacity that is gone",
        Aim.UPS, Severity(0.4, 0.0, 0.95),
    ),
    FaultKind("grid-outage", "no power from the grid; servers go on by battery", Aim.METER),
    FaultKind(
        "sensor-stuck", "one sensor goes on showing its last value (the supply air's, unless "
        "`point` says)", Aim.SENSOR,
    ),
    FaultKind(
        "sensor-bias", "one sensor shows so much more", Aim.SENSOR,
        Severity(2.0, -1e6, 1e6, "of the point"),
    ),
    FaultKind(
        "sensor-drift", "one sensor shows so much more each hour", Aim.SENSOR,
        Severity(0.5, -1e6, 1e6, "of the point, an hour"),
    ),
    FaultKind(
        "sensor-noise", "standard deviation added to one sensor", Aim.SENSOR,
        Severity(1.0, 0.0, 1e6, "of the point"),
    ),
    FaultKind(
        "sensor-dropout", "share of one sensor's samples that never come", Aim.SENSOR,
        Severity(0.5, 0.0, 1.0),
    ),
)  # fmt: skip

FAULTS: MappingProxyType[str, FaultKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
