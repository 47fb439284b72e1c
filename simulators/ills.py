"""What ails a plant at one moment: the numbers that faults work on, all zero in health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulators.faults import Fault


@dataclass(frozen=True, slots=True)
class Ills:
    """Shares are of what a healthy part does; see `simulators.fault_kinds` for each.

    racks_fans_lost : by the rack's place among the racks.
    """

    tripped: bool = False
    fan_lost: float = 0.0
    filter_added: float = 0.0
    coil_lost: float = 0.0
    charge_lost: float = 0.0
    breach: float = 0.0
    racks_fans_lost: Mapping[int, float] = field(default_factory=dict)
    phase_lost: bool = False
    rectifier_out: bool = False
    battery_lost: float = 0.0
    grid_out: bool = False


HEALTHY = Ills()


def ills_at(faults: Sequence[Fault], ts_ns: int, racks: Sequence[str]) -> Ills:
    """What the faults make of a plant at a time; of two of a kind the stronger one counts.

    racks : their ids, in the plant's order.
    """
    now: dict[str, float] = {}
    fans: dict[int, float] = {}
    for fault in faults:
        if not fault.holds(ts_ns):
            continue
        strength = fault.strength(ts_ns)
        now[fault.name] = max(now.get(fault.name, 0.0), strength)
        if fault.rack is not None:
            place = racks.index(fault.rack)
            fans[place] = max(fans.get(place, 0.0), strength)
    return Ills(
        tripped="compressor-trip" in now,
        fan_lost=now.get("fan-degradation", 0.0),
        filter_added=now.get("filter-fouling", 0.0),
        coil_lost=now.get("coil-fouling", 0.0),
        charge_lost=now.get("refrigerant-loss", 0.0),
        breach=now.get("containment-breach", 0.0),
        racks_fans_lost=fans,
        phase_lost="pdu-phase-loss" in now,
        rectifier_out="ups-to-battery" in now,
        battery_lost=now.get("battery-ageing", 0.0),
        grid_out="grid-outage" in now,
    )
