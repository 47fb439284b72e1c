"""Which points of a site are watched by which detector, and how fine their sensors show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from podcore.site import Site
from twin.channels import ChannelRole
from twin.site_model import Emitted, site_model


class Watched(NamedTuple):
    """A point under a detector.

    resolution : the smallest change that its sensor shows, in the point's unit.
    """

    detector: str
    point: str
    resolution: float


# What usual sensors send: one decimal of °C, % and Pa, whole watts. Of a finer sensor the charts
# ask no more than of these; of a coarser one they learn how it repeats and scatters.
RESOLUTIONS: Mapping[str, float] = MappingProxyType(
    {
        "temperature": 0.1,
        "humidity": 0.1,
        "percentage": 0.1,
        "pressure_difference": 0.1,
        "power": 1.0,
        "volume_flow": 0.1,
        "mass_flow": 0.01,
        "number": 1e-3,  # a state without a unit: recirculation, fouling, factors
    }
)
_FINEST = 1e-6
_SENSORS = frozenset({"temperature", "humidity", "power"})
# Where equipment takes its air in; limits hold there.
_AT_THE_INLET = frozenset({("rack", "inlet_temp"), ("aisle", "air_temp")})


def watched(site: Site, points: Sequence[str]) -> list[Watched]:
    """What is watched of the points that a step of the site holds, by detector and then point."""
    model = site_model(site)
    emitted = {each.point.id: each for each in (model.emitted if model else ())}
    rows = [
        Watched(detector, point, RESOLUTIONS.get(emitted[point].point.quantity, _FINEST))
        for point in points
        if point in emitted
        for detector in _detectors(emitted[point])
    ]
    return sorted(rows, key=lambda row: row.detector)


def _detectors(emitted: Emitted) -> list[str]:
    if emitted.role is ChannelRole.SLOW_STATE:
        return ["drift"]
    if not emitted.measured:
        return []
    found = ["level"]
    if emitted.point.quantity in _SENSORS:
        found += ["stuck", "variance"]
    if _limited(emitted):
        found.append("runaway")
    return found


def _limited(emitted: Emitted) -> bool:
    point = emitted.point
    # The hot aisle is an aisle too; its air enters nothing that a limit is for.
    return (point.asset_class, point.name) in _AT_THE_INLET and "hot" not in point.asset.split("-")
