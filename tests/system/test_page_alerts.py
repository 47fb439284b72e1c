"""Alerts on the page in a real Chromium, over the real server and a store that a test moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect
from support.api import VALUES
from support.browser import PHONE, Viewer, chromium
from support.frames import NS
from support.live_api import LiveWorld
from support.memory_alerts import MemoryEndpoints, alert, attempt, endpoint, message

from podcore.alert import Alert
from podcore.clock import rfc3339
from podtwin.alerts.evidence import DECODER, encode
from podtwin.api.server import ApiServer
from podtwin.dashboard import built_static_dir

pytestmark = pytest.mark.browser
APPEARS_MS = 5_000.0


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def built() -> Path:
    found = built_static_dir()
    assert found is not None, "the page is not built: make frontend"
    return found


@pytest.fixture
def world(built: Path) -> LiveWorld:
    world = LiveWorld(static_dir=built, endpoints=MemoryEndpoints(endpoint()))
    for minute in range(90, 0, -1):
        world.tell({**VALUES, "crac-1/supply_air_temp": 22.0}, ago_s=60.0 * minute)
    world.tell({**VALUES, "crac-1/supply_air_temp": 25.1})
    return world


@pytest.fixture
def url(world: LiveWorld) -> Iterator[str]:
    server = ApiServer(world.deps(), port=0)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def viewer(chrome: Browser, url: str) -> Iterator[Viewer]:
    looking = Viewer(chrome, url)
    yield looking
    looking.close()
    assert looking.foreign == []
    assert looking.complaints == []


def begun(world: LiveWorld, name: str = "a1", *, ago_s: int = 600, **changed: str) -> Alert:
    """An alert that began a while ago, with a link to the charts of that time."""
    at_ns = world.clock.now_ns() - ago_s * NS
    plain = replace(alert(name), raised_ns=at_ns, started_ns=at_ns, changed_ns=at_ns, **changed)
    span = f"from={rfc3339(at_ns - 1_800 * NS)}&to={rfc3339(at_ns + 900 * NS)}"
    link = f"/sites/{plain.site}?points={plain.point}&{span}"
    evidence = replace(DECODER.decode(plain.evidence), link=link)
    return replace(plain, evidence=encode(evidence))


def later(world: LiveWorld, before: Alert, **changed: object) -> Alert:
    return replace(before, changed_ns=world.clock.now_ns(), **changed)


def marks(page: Page, chart: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = page.evaluate(
        "name => window.podtwinTest.charts().find(chart => chart.name === name)?.marks ?? []", chart
    )
    return found


def test_an_alert_appears_and_is_resolved_while_one_looks(world: LiveWorld, viewer: Viewer) -> None:
    page = viewer.open("/sites/ams-03")
    expect(page.get_by_test_id("alerts-here")).to_contain_text("none open")
    expect(page.get_by_test_id("header-alerts")).to_contain_text("no open alerts")
    firing = begun(world, severity="critical")
    world.alerts.put(firing)
    shown = page.get_by_test_id("alert-a1")
    expect(shown).to_contain_text("the twin expects 22.0 ± 0.4 °C", timeout=APPEARS_MS)
    expect(shown.get_by_test_id("alert-state")).to_have_attribute("data-state", "firing")
    expect(page.get_by_test_id("header-alerts")).to_contain_text("▲ 1")
    expect(page.locator("section.title .state")).to_have_text(re.compile("▲.*critical"))
    page.wait_for_function("() => window.podtwinTest.charts().some(c => c.marks.some(m => m.own))")
    world.alerts.put(later(world, firing, state="resolved", ended_ns=world.clock.now_ns()))
    expect(shown.get_by_test_id("alert-state")).to_have_attribute(
        "data-state", "resolved", timeout=APPEARS_MS
    )
    expect(shown).to_contain_text("✓")
    expect(page.locator("section.title .state")).to_have_text(re.compile("normal"))
    expect(page.get_by_test_id("header-alerts")).to_contain_text("no open alerts")
    (mark,) = marks(page, "supply-air")
    assert mark["toMs"] is not None


def test_the_fleet_puts_the_worst_first_and_leads_to_it(world: LiveWorld, viewer: Viewer) -> None:
    world.alerts.put(
        begun(world, "a1", ago_s=60), begun(world, "a2", ago_s=900, severity="critical")
    )
    page = viewer.open()
    row = page.get_by_test_id("fleet-row-ams-03")
    expect(row.locator(".state")).to_have_text(re.compile("▲.*critical"), timeout=APPEARS_MS)
    lines = page.get_by_test_id("attention").locator("li")
    expect(lines).to_have_count(1)
    expect(lines.first).to_contain_text("15 m +1")
    lines.first.locator("a").click()
    expect(page).to_have_url(re.compile(r"/sites/ams-03\?alert=a2$"))
    expect(page.get_by_test_id("alert-a2").get_by_test_id("alert-residual")).to_have_text("+3.1 K")


@pytest.mark.parametrize("how", ("key", "button"))
def test_an_acknowledgement_is_asked_for_and_seen_when_it_holds(
    world: LiveWorld, viewer: Viewer, how: str
) -> None:
    firing = begun(world)
    world.alerts.put(firing)
    page = viewer.open("/alerts?alert=a1")
    shown = page.get_by_test_id("alert-a1")
    button = shown.get_by_test_id("alert-ack")
    if how == "button":
        shown.get_by_test_id("alert-comment").fill("on my way")
        button.click()
    else:
        expect(button).to_be_enabled()
        page.keyboard.press("a")
    expect(button).to_contain_text("Sent")
    (command,) = world.alerts.commands
    assert (command.kind, command.alert) == ("acknowledge", "a1")
    assert command.comment == ("on my way" if how == "button" else "")
    world.alerts.put(later(world, firing, handling="acknowledged", handled_by="local"))
    expect(shown.get_by_test_id("alert-acknowledged")).to_be_visible(timeout=APPEARS_MS)
    expect(shown.get_by_test_id("alert-handling")).to_have_text("acknowledged by local")


def test_a_refused_acknowledgement_says_why(world: LiveWorld, viewer: Viewer) -> None:
    world.alerts.put(begun(world))
    page = viewer.open("/alerts?alert=a1")
    expect(page.get_by_test_id("alert-ack")).to_be_enabled()
    page.route("**/ack", lambda route: route.fulfill(
        status=409, content_type="application/problem+json", body='{"detail": "it is over"}'
    ))  # fmt: skip
    page.get_by_test_id("alert-ack").click()
    expect(page.get_by_test_id("alert-a1")).to_contain_text("Not acknowledged: it is over")
    viewer.complaints.clear()  # Chromium itself notes the 409


def test_the_charts_of_an_alert_are_those_of_its_time(world: LiveWorld, viewer: Viewer) -> None:
    firing = begun(world, ago_s=1_200)
    world.alerts.put(firing)
    page = viewer.open("/alerts?alert=a1&theme=dark")
    page.get_by_test_id("alert-chart").click()
    expect(page).to_have_url(re.compile(r"/sites/ams-03\?from=.*&to=.*alert=a1&theme=dark"))
    expect(page.get_by_test_id("chart-supply-air")).to_be_visible()
    page.wait_for_function(
        """() => window.podtwinTest.charts().some(
            chart => chart.name === 'supply-air' && chart.series[0].t.length > 20)"""
    )
    (mark,) = marks(page, "supply-air")
    assert (mark["own"], mark["fromMs"]) == (True, firing.started_ns // 1_000_000)


def test_deliveries_show_their_tries_and_are_sent_again(world: LiveWorld, viewer: Viewer) -> None:
    world.alerts.put(begun(world))
    world.deliveries.kept = [message(state="dead", reason="http_503")]
    world.deliveries.tried = [attempt(), attempt(took_ms=31.0)]
    page = viewer.open("/sites/ams-03")
    sent = page.get_by_test_id("delivery-msg_1")
    expect(sent).to_contain_text("ops")
    expect(sent).to_contain_text("dead, 2 tries, 503 in 31 ms")
    with page.expect_response("**/redeliver") as answered:
        sent.get_by_test_id("delivery-redeliver").click()
    assert answered.value.status == 202
    assert world.endpoints.redelivered == ["msg_1"]


def test_filters_live_in_the_address(world: LiveWorld, viewer: Viewer) -> None:
    world.alerts.put(
        begun(world, "a1"),
        begun(world, "a2", severity="critical"),
        later(world, begun(world, "a3"), state="resolved", ended_ns=world.clock.now_ns()),
    )
    page = viewer.open()
    expect(page.get_by_test_id("header-live")).to_have_attribute("data-state", "live")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.locator(".alert")).to_have_count(3)
    page.get_by_test_id("filter-severity").select_option("critical")
    expect(page).to_have_url(re.compile(r"/alerts\?severity=critical$"))
    expect(page.locator(".alert")).to_have_count(1)
    again = viewer.open("/alerts?state=resolved")
    expect(again.get_by_test_id("filter-state")).to_have_value("resolved")
    expect(again.locator(".alert")).to_have_count(1)


def test_pue_stands_with_its_category_period_and_coverage(viewer: Viewer) -> None:
    page = viewer.open("/sites/ams-03")
    tile = page.locator(".kpi", has=page.get_by_test_id("kpi-pue"))
    expect(tile).to_contain_text(re.compile(r"cat\. 3, 1 h, cov\. \d+ %"))


@pytest.mark.parametrize("path", ("/alerts?alert=a1", "/sites/ams-03", "/"))
def test_a_phone_shows_alerts_without_scrolling_sideways(
    chrome: Browser, world: LiveWorld, url: str, path: str
) -> None:
    world.alerts.put(begun(world, severity="critical"))
    phone = Viewer(chrome, url, phone=True)
    page = phone.open(path)
    expect(
        page.locator("[data-testid='alert-a1'], [data-testid='attention'] li").first
    ).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.close()
    assert phone.complaints == []
