"""A process whose log is full, for its InfluxDB is away: it says so, and all else goes on."""

from __future__ import annotations

import httpx
import pytest
from support.mosquitto import Mosquitto, free_port
from support.program import Program, Programs

pytestmark = [pytest.mark.system, pytest.mark.slow]

SETTINGS = """
history: influx
log: {{quota: {quota}}}
influx: {{url: "http://127.0.0.1:{port}", org: o, bucket: b, token: t}}
"""


def run_arguments(broker: Mosquitto) -> tuple[object, ...]:
    return ("run", "--broker", broker.url, "--data-dir", "data", "--port", 0, "-o", "json")


def taken(program: Program) -> int:
    return int(program.json("/api/v1/status")["ledger"]["stored"])


def test_a_full_log_is_named_by_readyz_status_and_metrics_and_the_page_goes_on(
    programs: Programs, broker: Mosquitto
) -> None:
    file = programs.folder / "podtwin.yaml"
    file.write_text(SETTINGS.format(quota="1s", port=free_port()))
    full = programs.start(*run_arguments(broker))
    full.logged("log_full")
    programs.start("simulate", "--broker", broker.url, "--sites", 1, "--data-dir", "plant")
    full.eventually(
        lambda: full.json("/api/v1/status")["backlog"]["inbox_messages"] > 3, "a full inbox"
    )
    answer = full.get("/readyz")
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert "log.quota" in answer.text
    log = full.json("/api/v1/status")["log"]
    assert log["full"] == "age"
    assert log["kept_for"] in {"engine", "forward/influx/log"}
    assert log["kept_frames"] > 0
    assert 'podtwin_log_full{limit="age"} 1.0' in full.get("/metrics").text
    assert full.get("/").status_code == httpx.codes.OK
    assert taken(full) == 0
    full.interrupt()

    file.write_text(SETTINGS.format(quota="30d", port=free_port()))
    again = programs.start(*run_arguments(broker))
    again.eventually(lambda: taken(again) > 3, "what was left")
    assert again.json("/api/v1/status")["ledger"]["dead"] == 0
