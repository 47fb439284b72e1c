"""An alert from a plant's fault to its end, on the real pipeline, seen in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from support.browser import Viewer, chromium
from support.program import Program, Programs

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
SITE = "ams-03"
FIRES_S, ENDS_S = 180.0, 600.0  # 15 s and some minutes, on a machine that does nothing else


@pytest.fixture
def chrome() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def tripped(programs: Programs) -> Program:
    """A demo of one site whose compressor trips half a minute after its first live value."""
    fault = "compressor-trip@30s/for=30s"
    where = ("--sites", 1, "--port", 0, "--mqtt-port", 0, "--fault", fault, "-o", "json")
    return programs.start("demo", *where).ready()


def deliveries(program: Program, kind: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = program.json("/api/v1/deliveries")["deliveries"]
    return [one for one in found if (one["type"], one["state"]) == (kind, "delivered")]


def test_a_fault_appears_is_told_and_is_resolved_while_one_looks(
    chrome: Browser, tripped: Program
) -> None:
    viewer = Viewer(chrome, tripped.url)
    page = viewer.open(f"/sites/{SITE}")
    expect(page.get_by_test_id("header-alerts")).to_contain_text("no open alerts")
    expect(page.get_by_test_id("header-alerts")).to_contain_text("▲", timeout=FIRES_S * 1e3)
    name = page.locator(".alert").first.get_attribute("data-testid")
    assert name is not None
    shown = page.get_by_test_id(name)
    expect(shown).to_contain_text("Suspected: crac-1")
    expect(shown.get_by_test_id("alert-state")).to_have_attribute("data-state", "firing")
    expect(page.locator("section.title .state")).to_have_text(re.compile("▲.*critical"))
    tripped.eventually(lambda: deliveries(tripped, "alert.firing"), "a webhook", within_s=FIRES_S)
    expect(page.get_by_test_id("header-alerts")).to_contain_text(
        "no open alerts", timeout=ENDS_S * 1e3
    )
    expect(page.locator("section.title .state")).to_have_text(re.compile("normal"))
    # The site's page keeps the last few that are over; the list has them all.
    page.goto(f"{tripped.url}/alerts?alert={name.removeprefix('alert-')}")
    expect(shown.get_by_test_id("alert-state")).to_have_attribute("data-state", "resolved")
    tripped.eventually(lambda: deliveries(tripped, "alert.resolved"), "its end, told")
    told = tripped.json("/api/v1/deliveries")["deliveries"]
    assert len({one["alert"] for one in told}) == 1  # one incident, one page
    viewer.close()
    assert viewer.complaints == []
    finished = tripped.interrupt()
    assert finished.code == 0
    assert finished.summary["alerts_fired"] == 1
