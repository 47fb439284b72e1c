"""The Grafana dashboards that we ship: their panels, and their queries as Grafana sends them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from support.sources import ROOT

FOLDER = ROOT / "deploy" / "grafana" / "dashboards"
_MACRO = re.compile(r"\bv\.([A-Za-z]+)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True, slots=True)
class Query:
    """A Flux query, and where in which dashboard it stands."""

    dashboard: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.place}"


def dashboards() -> dict[str, dict[str, Any]]:
    """All dashboards by the name of their file."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*"))}


def queries() -> Iterator[Query]:
    """The queries of all panels and variables."""
    for name, dashboard in dashboards().items():
        for variable in dashboard["templating"]["list"]:
            yield Query(name, f"variable {variable['name']}", variable["query"]["query"])
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield Query(name, f"{panel['title']} {target['refId']}", target["query"])


def query(dashboard: str, place: str) -> Query:
    """One of them."""
    (found,) = (q for q in queries() if (q.dashboard, q.place) == (dashboard, place))
    return found


def filled(text: str, macros: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """A query as Grafana sends it: its macros `v.…` and variables `${…}` replaced.

    Raises
    ------
    KeyError  When it names one that is not given.
    """
    text = _VARIABLE.sub(lambda found: _worded(variables[found[1]], found[2]), text)
    return _MACRO.sub(lambda found: macros[found[1]], text)


def macros_of(bucket: str, start: str, stop: str, window: str) -> dict[str, str]:
    """What Grafana puts in place of each of its macros."""
    return {
        "defaultBucket": f'"{bucket}"',
        "timeRangeStart": start,
        "timeRangeStop": stop,
        "windowPeriod": window,
    }


def rows(answer: str) -> list[dict[str, str]]:
    """The rows of all tables in an answer of InfluxDB; each set of columns begins with a head."""
    parts = answer.replace("\r\n", "\n").split("\n\n")
    return [row for part in parts for row in csv.DictReader(io.StringIO(part.strip()))]


def provisioned(path: Path) -> dict[str, Any]:
    """A provisioning file below deploy/grafana."""
    text = (ROOT / "deploy" / "grafana" / path).read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def _worded(value: str, form: str | None) -> str:
    """A variable in the form that the query asks for."""
    assert form in {None, "regex"}, form
    return value if form is None else re.sub(r"([\\^$*+?.()|\[\]{}/])", r"\\\1", value)
