"""The detectors as they are shipped, by name.

Their thresholds come from `benchmarks/detectors.py`; see there, and each chart, for how.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from analytics.detector import Chart, Detector, Gated
from analytics.drift import Drift
from analytics.level import Level
from analytics.stuck import Stuck
from analytics.variance import Variance


def standard_detectors() -> Mapping[str, Detector]:
    """One of each kind; `watch.watched` says which points are for which."""
    charts: tuple[Chart, ...] = (Level(), Stuck(), Variance(), Drift())
    return MappingProxyType({chart.name: Gated(chart) for chart in charts})
