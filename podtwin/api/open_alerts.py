"""The alerts that the live stream tells of: those that are open, and those that just were.

A client that is told of an alert is told of its end as well: a resolved one stays here until so
many others have been resolved that it is forgotten. Who is further behind than that begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from podcore.alert import Alert
from podtwin.alerts.conditions import OPEN
from podtwin.alerts.rules import Severity
from podtwin.api.alert_models import alert_shape
from podtwin.api.newest import OpenCounts
from podtwin.store.alert_rows import AlertQuery

MAX_OPEN = 200  # alerts told of; 1.2 kB each makes a snapshot of 240 kB. Counts go on beyond it
KEPT = 500  # resolved ones: more than resolve in the minutes for which a browser is away


class AlertSource(Protocol):
    """Alerts as the state database has them."""

    def page(self, query: AlertQuery) -> list[Alert]:
        """A page of them, newest first."""

    def get(self, alert: str) -> Alert | None:
        """One of them, or None."""

    def open_counts(self) -> Mapping[tuple[str, str, str], int]:
        """How many are open, by (site, severity, state)."""


class Told(NamedTuple):
    """An alert as a member of a JSON object, and the delta that told of it last."""

    alert: Alert
    member: bytes
    version: int

    @property
    def site(self) -> str:
        """Where it is."""
        return self.alert.site

    @property
    def open(self) -> bool:
        """Whether it is not resolved."""
        return self.alert.state in OPEN


class OpenAlerts:
    """Newest first at the start, then in the order in which they changed."""

    def __init__(self) -> None:
        self._told: dict[str, Told] = {}
        self._changed: dict[str, Alert] = {}
        self.forgotten = 0  # who has seen less than this delta may have missed an end

    def missing_from(self, found: Iterable[Alert]) -> list[str]:
        """Those told of as open that are not among what is open now."""
        still = {alert.id for alert in found}
        return [name for name, told in self._told.items() if told.open and name not in still]

    def take(self, alerts: Iterable[Alert]) -> None:
        """Takes alerts as they are now."""
        for alert in alerts:
            told = self._told.get(alert.id)
            if told is None or told.alert != alert:
                self._changed[alert.id] = alert

    def publish(self, number: int) -> list[Told]:
        """What changed since the last delta, which is part of this one from now on."""
        changed = [Told(alert, _member(alert), number) for alert in self._changed.values()]
        self._changed = {}
        for told in changed:
            self._told.pop(told.alert.id, None)
            self._told[told.alert.id] = told
        closed = [name for name, told in self._told.items() if not told.open]
        for name in closed[: max(0, len(closed) - KEPT)]:
            self.forgotten = max(self.forgotten, self._told.pop(name).version)
        return changed

    def open(self) -> list[Told]:
        """All that are open."""
        return [told for told in self._told.values() if told.open]

    def since(self, number: int) -> list[Told]:
        """All that changed after a delta."""
        return [told for told in self._told.values() if told.version > number]


def counts_by_site(counts: Mapping[tuple[str, str, str], int]) -> dict[str, OpenCounts]:
    """Open alerts of each site that has any, by severity."""
    found: dict[str, OpenCounts] = {}
    for (site, severity, _), count in counts.items():
        before = found.get(site, OpenCounts())
        if severity == Severity.CRITICAL:
            found[site] = before._replace(critical=before.critical + count)
        else:
            found[site] = before._replace(warning=before.warning + count)
    return found


def _member(alert: Alert) -> bytes:
    return f'"{alert.id}":{alert_shape(alert).model_dump_json(by_alias=True)}'.encode()
