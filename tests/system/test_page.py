"""The page in a real Chromium: live, quiet, at home, and honest about a broken stream."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect
from support.browser import (
    PATIENCE_MS,
    PHONE,
    Viewer,
    await_stream,
    chromium,
    newest_drawn_ms,
)
from support.mosquitto import Mosquitto, free_port
from support.program import Program, Programs
from support.tables import write_rows

pytestmark = pytest.mark.browser
SITES = ("ams-03", "osl-01", "lis-02")
GREY_WITHIN_S = 5.0
TABS = 12
A_TWIN_HAS = """least => window.podtwinTest.charts().some(chart => chart.series.some(
    line => line.label.endsWith("twin") && line.t.length > least))"""
CHART_HAS = "least => window.podtwinTest?.charts().some(c => c.series[0].t.length > least)"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def viewer(chrome: Browser, demo: Program) -> Iterator[Viewer]:
    """Somebody who looks at the demo; at the end nothing foreign was asked for, nothing failed."""
    looking = Viewer(chrome, demo.url)
    yield looking
    looking.close()
    assert looking.foreign == []
    assert looking.complaints == []


def test_the_fleet_shows_every_site_with_its_power(viewer: Viewer) -> None:
    page = viewer.open()
    for site in SITES:
        row = page.get_by_test_id(f"fleet-row-{site}")
        expect(row).to_contain_text(site)
        expect(row.locator("[data-label='IT kW']")).to_have_text(re.compile(r"^\d"))
    expect(page.get_by_test_id("header-live")).to_have_attribute("data-state", "live")
    page.get_by_test_id("fleet-row-osl-01").locator("a").click()
    expect(page.get_by_test_id("site-title")).to_contain_text("osl-01")
    assert page.url.endswith("/sites/osl-01")


@pytest.mark.timeout(300)
def test_a_site_moves_in_numbers_and_charts(viewer: Viewer) -> None:
    page = viewer.open("/sites/ams-03")
    page.wait_for_function("() => window.podtwinTest?.charts().length > 0")
    numbers = page.locator(".kpi .number")
    expect(numbers).not_to_have_text(numbers.all_inner_texts(), timeout=PATIENCE_MS)
    page.wait_for_function(CHART_HAS, arg=100)
    first = newest_drawn_ms(page)
    page.wait_for_function(
        """first => Math.max(...window.podtwinTest.charts().flatMap(
            chart => chart.series.map(line => Math.max(0, ...line.t)))) > first + 2000""",
        arg=first,
    )
    page.wait_for_function(
        A_TWIN_HAS, arg=100, timeout=3 * PATIENCE_MS
    )  # the engine may still work on the warm-up


def test_the_documentation_works_without_another_host(viewer: Viewer) -> None:
    page = viewer.open("/docs")
    expect(page.locator("details.operation").filter(has_text="/api/v1/status")).to_be_visible()
    paths = httpx.get(f"{viewer.url}/openapi.json").json()["paths"]
    expect(page.locator("details.operation")).to_have_count(sum(map(len, paths.values())))


@pytest.mark.slow
def test_twelve_tabs_are_all_live(viewer: Viewer) -> None:
    pages = [viewer.open(f"/sites/{SITES[tab % 3]}") for tab in range(TABS)]
    for page in pages:
        await_stream(page, "live")
    for page in pages:
        page.bring_to_front()
        expect(page.get_by_test_id("kpi-it-power").locator(".number")).to_have_text(
            re.compile(r"^\d")
        )
        await_stream(page, "live")


@pytest.mark.parametrize("path", ("/", "/sites/ams-03", "/docs"))
def test_a_phone_has_nothing_to_scroll_sideways(chrome: Browser, demo: Program, path: str) -> None:
    phone = Viewer(chrome, demo.url, phone=True)
    page = phone.open(path)
    anything = "details.operation" if path == "/docs" else "main [data-testid]"
    expect(page.locator(anything).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.close()
    assert phone.complaints == []


@pytest.mark.parametrize("dark", (False, True))
def test_the_page_follows_the_colours_of_the_system(
    chrome: Browser, demo: Program, dark: bool
) -> None:
    viewer = Viewer(chrome, demo.url, dark=dark)
    page = viewer.open()
    expect(page.get_by_test_id("fleet-row-ams-03")).to_be_visible()
    colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    assert (red + green + blue < 3 * 128) is dark, colour
    viewer.close()


# What Chromium says of itself in a container that sets no language.
@pytest.mark.parametrize("language", ("C", "en-US@posix"))
def test_a_browser_without_a_language_shows_the_page(
    chrome: Browser, demo: Program, language: str
) -> None:
    viewer = Viewer(chrome, demo.url)
    viewer.context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'language',"
        f" {{configurable: true, get: () => '{language}'}})"
    )
    page = viewer.open("/sites/ams-03")
    expect(page.get_by_test_id("site-title")).to_contain_text("ams-03")
    page.wait_for_function("() => window.podtwinTest?.charts().length > 0")
    viewer.close()
    assert viewer.complaints == []


def test_a_dead_server_greys_the_page_and_its_return_clears_it(
    chrome: Browser, programs: Programs, broker: Mosquitto
) -> None:
    port = free_port()
    where = ("--broker", broker.url, "--port", port, "--data-dir", "data")
    program = programs.start("run", *where).ready()
    viewer = Viewer(chrome, program.url)
    page = viewer.open()
    await_stream(page, "live")
    banner, root = page.get_by_test_id("stream-broken"), page.locator("html")
    expect(banner).to_have_count(0)
    program.kill()
    expect(banner).to_contain_text("since", timeout=GREY_WITHIN_S * 1_000)
    expect(banner).to_contain_text(re.compile(r"\d\d:\d\d:\d\dZ"))
    expect(root).to_have_class(re.compile("broken"))
    programs.start("run", *where).ready()
    await_stream(page, "live")
    expect(banner).to_have_count(0)
    expect(root).not_to_have_class(re.compile("broken"))
    viewer.close()


def test_a_published_table_is_shown_as_recorded_with_its_own_time(
    chrome: Browser, programs: Programs, broker: Mosquitto
) -> None:
    site_file = programs.folder / "lab.yaml"
    site_file.write_text(POWER_ONLY)
    where = ("--broker", broker.url, "--port", 0, "--data-dir", "data", "--sites", site_file)
    program = programs.start("run", *where).ready()
    rows = write_rows(programs.folder / "rows.csv", 200, 1)
    programs.summary(
        "publish", rows.path, "--time", "at", "--map", "t0=it-load/it_power:W", "--site", "lab-01",
        "--node", "gw-1", "--broker", broker.url,
    )  # fmt: skip
    viewer = Viewer(chrome, program.url)
    page = viewer.open("/sites/lab-01")
    expect(page.locator("section.title .recorded")).to_contain_text("2026-05-28 22:06:10")
    page.wait_for_function(CHART_HAS, arg=50)
    assert newest_drawn_ms(page) <= rows.frame["at"][-1]
    expect(page.locator("[data-quality='good']").first).to_be_visible()
    expect(page.locator("[data-quality='stale']")).to_have_count(0)
    viewer.close()
    assert viewer.complaints == []


POWER_ONLY = """\
schema: podtwin/site/1
id: lab-01
type: power-only
nodes: [gw-1]
assets:
  - {id: it-load, class: cluster, rating: {power_w: 48200}}
twin: {step_s: 30}
"""
