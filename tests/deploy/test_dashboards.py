"""The dashboards: a form that Grafana takes, and a page on which nothing lies on another."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from support.dashboards import dashboards, provisioned, queries

from podcore.classes import CLASSES

ALL = dashboards()
PANELS = [(name, panel) for name, found in ALL.items() for panel in found["panels"]]
# Words of Grafana: its own list of units is long, these are the ones that are used.
UNITS = frozenset({"watt", "celsius", "s", "ms", "reqps", "short", "none"})
POINT = re.compile(r'r\._field == "([a-z][a-z0-9_]*)"')
CLASS = re.compile(r'r\._measurement == "([a-z-]+)"')


def source() -> dict[str, Any]:
    (found,) = provisioned(Path("provisioning/datasources/influxdb.yaml"))["datasources"]
    assert isinstance(found, dict)
    return found


def test_the_three_are_there_and_each_has_a_name_of_its_own() -> None:
    assert set(ALL) == {"fleet", "site", "ingest"}
    assert len({found["uid"] for found in ALL.values()}) == 3
    assert len({found["title"] for found in ALL.values()}) == 3


@pytest.mark.parametrize("name", ALL)
def test_the_panels_of_a_dashboard_have_numbers_and_titles_of_their_own(name: str) -> None:
    for key in ("id", "title"):
        found = [panel[key] for panel in ALL[name]["panels"]]
        assert found
        assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", ALL)
def test_no_panel_lies_on_another_or_beside_the_page(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in ALL[name]["panels"]:
        at = panel["gridPos"]
        cells = set(
            itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"]))
        )
        assert at["x"] + at["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_asks_the_provisioned_source(name: str, panel: dict[str, Any]) -> None:
    wanted = {"type": "influxdb", "uid": source()["uid"]}
    assert panel["datasource"] == wanted
    assert [target["datasource"] for target in panel["targets"]] == [wanted] * len(panel["targets"])
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_says_its_unit(name: str, panel: dict[str, Any]) -> None:
    overrides = [
        setting["value"]
        for override in panel["fieldConfig"]["overrides"]
        for setting in override["properties"]
        if setting["id"] == "unit"
    ]
    assert {panel["fieldConfig"]["defaults"]["unit"], *overrides} <= UNITS


@pytest.mark.parametrize("name", ALL)
def test_each_variable_in_a_panel_is_one_of_its_dashboard(name: str) -> None:
    known = {variable["name"] for variable in ALL[name]["templating"]["list"]}
    titles = " ".join(panel["title"] for panel in ALL[name]["panels"])
    asked = titles + " ".join(query.text for query in queries() if query.dashboard == name)
    assert set(re.findall(r"\$\{(\w+)", asked)) <= known


def test_each_class_and_point_in_a_query_is_one_that_podtwin_writes() -> None:
    text = "\n".join(query.text for query in queries())
    points = {spec.name for specs in CLASSES.values() for spec in specs}
    assert set(CLASS.findall(text)) <= {*CLASSES, "frame"}
    assert set(POINT.findall(text)) <= points | {"seq", "recv_delay_ms"}


def test_the_source_reads_flux_with_a_token_from_a_file() -> None:
    found = source()
    assert found["jsonData"]["version"] == "Flux"
    assert re.fullmatch(r"\$__file\{/[a-z/-]+\}", found["secureJsonData"]["token"])


def test_the_home_page_is_one_of_them() -> None:
    (provider,) = provisioned(Path("provisioning/dashboards/podtwin.yaml"))["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
