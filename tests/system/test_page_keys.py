"""The page from another machine's side: it asks for a key, shows its sites, and asks again."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect
from support.api import VALUES, air_site
from support.browser import Viewer, await_stream, chromium
from support.frames import reading
from support.live_api import LiveWorld
from support.memory_alerts import MemoryEndpoints, alert, endpoint, message
from support.memory_keys import made_key

from podcore.access import Key, Scope
from podtwin.api.deps import Access
from podtwin.api.server import ApiServer
from podtwin.dashboard import built_static_dir

pytestmark = pytest.mark.browser
PATIENCE_MS = 45_000.0


def own_address() -> str:
    """How another machine would call this one; loopback where it has no other address."""
    found = [
        each.address
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family == socket.AF_INET and not ipaddress.ip_address(each.address).is_loopback
    ]
    return found[0] if found else "127.0.0.1"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def world() -> LiveWorld:
    built = built_static_dir()
    assert built is not None, "the page is not built: make frontend"
    world = LiveWorld(
        static_dir=built,
        sites=(air_site("ams-03"), air_site("osl-01")),
        access=Access(required=True),
        endpoints=MemoryEndpoints(endpoint()),
    )
    for site in ("ams-03", "osl-01"):
        now_ns = world.clock.now_ns()
        frame = reading(VALUES, now_ns, site=site, recv_ns=now_ns)
        world.log.append([frame])
        world.history.add([frame])
    now_ns = world.clock.now_ns()
    world.alerts.put(
        alert("a1", raised_ns=now_ns, started_ns=now_ns, changed_ns=now_ns),
        alert("a2", site="osl-01", raised_ns=now_ns, started_ns=now_ns, changed_ns=now_ns),
    )
    world.deliveries.kept.append(message())
    return world


@pytest.fixture
def viewer(chrome: Browser, world: LiveWorld) -> Iterator[Viewer]:
    server = ApiServer(world.deps(), host="0.0.0.0", port=0)  # noqa: S104 - what is tested
    server.start()
    looking = Viewer(chrome, f"http://{own_address()}:{server.port}")
    yield looking
    looking.close()
    assert looking.foreign == []
    # A browser logs each 401 by itself; nothing else may go wrong.
    assert [said for said in looking.complaints if "401" not in said] == []
    server.stop()


def made(world: LiveWorld, name: str, scope: Scope, *sites: str) -> tuple[Key, str]:
    key, token = made_key(name, scope, *sites, now_ns=world.clock.now_ns())
    world.keys.add(key)
    return key, token


def log_in(page: Page, token: str) -> None:
    page.get_by_test_id("login-key").fill(token)
    page.get_by_test_id("login-send").click()


def state_of_login(page: Page, state: str) -> None:
    expect(page.get_by_test_id("login")).to_have_attribute("data-state", state, timeout=PATIENCE_MS)


def test_a_key_for_one_site_shows_that_one_until_it_is_revoked(
    world: LiveWorld, viewer: Viewer
) -> None:
    key, token = made(world, "wall", Scope.READ, "ams-*")
    page = viewer.open("/")
    state_of_login(page, "out")
    expect(page.locator("body")).not_to_contain_text("ams-03")
    log_in(page, f"ptw_{'0' * 16}_{'0' * 64}")
    expect(page.get_by_test_id("login-refused")).to_contain_text("none of this PodTwin's")
    log_in(page, f"  {token}\n")
    expect(page.get_by_test_id("who")).to_contain_text("wall", timeout=PATIENCE_MS)
    await_stream(page, "live")
    expect(page.locator("body")).to_contain_text("ams-03", timeout=PATIENCE_MS)
    expect(page.locator("body")).not_to_contain_text("osl-01")
    assert token not in str(viewer.context.storage_state())

    page.goto(f"{viewer.url}/sites/ams-03?alert=a1")
    expect(page.get_by_test_id("alert-read-only")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("delivery-msg_1")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_test_id("alert-ack").count() == 0
    assert page.get_by_test_id("delivery-redeliver").count() == 0

    world.keys.revoke(key.id, "ada", world.clock.now_ns())
    state_of_login(page, "lost")
    expect(page.locator("html")).to_have_class(re.compile("broken"))
    expect(page.get_by_test_id("who")).to_have_count(0)


def test_who_may_operate_acknowledges_by_cookie_and_logs_out(
    world: LiveWorld, viewer: Viewer
) -> None:
    _, token = made(world, "kim", Scope.OPERATE)
    page = viewer.open("/sites/ams-03?alert=a1")
    state_of_login(page, "out")
    log_in(page, token)
    page.get_by_test_id("alert-ack").click(timeout=PATIENCE_MS)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=alert-ack]')?.disabled", timeout=PATIENCE_MS
    )
    expect(page.get_by_test_id("alert-ack")).to_contain_text("Sent", timeout=PATIENCE_MS)
    assert [command.issued_by for command in world.alerts.commands] == ["kim"]
    second = viewer.open("/")
    expect(second.get_by_test_id("who")).to_contain_text("kim", timeout=PATIENCE_MS)
    page.get_by_test_id("log-out").click()
    state_of_login(page, "out")
    expect(page.locator("body")).not_to_contain_text("rack-01")
    state_of_login(second, "lost")
    assert world.keys.sessions == {}
    log_in(second, token)
    expect(second.get_by_test_id("who")).to_contain_text("kim", timeout=PATIENCE_MS)
    expect(page.get_by_test_id("who")).to_contain_text("kim", timeout=PATIENCE_MS)
