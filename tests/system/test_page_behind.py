"""A node that comes back after long: the page shows the present at once, and says what follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.browser import Viewer, chromium
from support.mosquitto import Mosquitto
from support.program import Programs

from ingest.native import encode_telemetry
from ingest.outbox import Outbox
from podcore.clock import NS, SystemClock

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

BOOT = "01JD0000000000000000000000"
WAITING = 3_000
PER_S = 50  # a minute of it: the page hears of it at the start and every 10 s


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def fill(file: Path) -> None:
    """What a node could not send: a value a second, up to an hour ago."""
    outbox, now_ns = Outbox(file, BOOT), SystemClock().now_ns()
    from_ns = now_ns - (3_600 + WAITING) * NS
    outbox.append_many(
        [
            encode_telemetry(BOOT, seq, from_ns + seq * NS, {"rack-01/it_power": 5_000.0})
            for seq in range(1, WAITING + 1)
        ]
    )
    outbox.close()


def test_the_present_comes_first_and_the_backlog_is_named_until_it_is_through(
    chrome: Browser, programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    fill(tmp_path / "plant" / "outbox" / "ams-03.gw-1.db")
    where = ("--broker", broker.url)
    program = programs.start("run", *where, "--data-dir", "data", "--port", 0).ready()
    plant = ("--sites", 1, "--data-dir", "plant", "--drain-rate", PER_S)
    programs.start("simulate", *where, *plant)
    program.eventually(lambda: program.json("/api/v1/sites")["sites"], "the site")
    viewer = Viewer(chrome, program.url)
    page = viewer.open("/sites/ams-03")
    behind = page.get_by_test_id("behind")
    expect(behind).to_contain_text(
        re.compile(r"ams-03 gw-1 sends \S+ messages of its past"), timeout=60_000
    )
    expect(behind).to_contain_text(re.compile(r"through in \d+ [sm] at this rate"), timeout=60_000)
    now = program.json("/api/v1/sites/ams-03")
    assert now["nodes"][0]["backlog"] > 0
    assert now["age_s"] < 15.0  # the backlog ends an hour ago
    page.screenshot(path=tmp_path / "behind.png")
    expect(behind).to_have_count(0, timeout=300_000)
    program.eventually(
        lambda: program.json("/api/v1/status")["ledger"]["stored"] > WAITING, "all of it"
    )
    ledger = program.json("/api/v1/status")["ledger"]
    assert ledger["dead"] == 0
    viewer.close()
    assert viewer.complaints == []
