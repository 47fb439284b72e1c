"""Checks of a real InfluxDB, once when all is well and once for each thing that is not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support.frames import NS, reading
from support.influxd import Influxd
from support.ingesting import HandClock

from ingest.log import SqliteLog
from podcore.clock import SystemClock
from podcore.frame import Source
from podcore.undelivered import Undelivered
from podtwin.config.load import load_settings
from podtwin.pipeline.checks import Check, Verdict
from podtwin.pipeline.doctor import examine
from podtwin.pipeline.doctor_influx import check_influx, oldest_waiting
from podtwin.pipeline.forward import LOG_CURSOR
from podtwin.store.influx_client import InfluxAddress, InfluxTarget
from podtwin.store.state import StateStore
from podtwin.store.undelivered import SqliteForwardBook

CLOCK = SystemClock()
DAY_S = 86_400


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server


def checked(address: InfluxAddress, data_dir: Path) -> dict[str, Check]:
    return {
        check.name: check
        for check in check_influx(InfluxTarget("influx", address), data_dir, CLOCK)
    }


def failed(checks: dict[str, Check]) -> list[str]:
    assert all(check.way_out for check in checks.values() if check.verdict is not Verdict.OK)
    return [name for name, check in checks.items() if check.verdict is Verdict.FAIL]


def logged(data_dir: Path, *ages_s: float) -> None:
    log = SqliteLog(data_dir / "log.db")
    now_ns = CLOCK.now_ns()
    log.append([reading({"a/x": 1.0}, now_ns - round(age * NS), recv_ns=now_ns) for age in ages_s])
    log.close()


def test_all_is_well_with_a_token_that_may_read_and_write_one_bucket(
    influxd: Influxd, tmp_path: Path
) -> None:
    address = influxd.new_bucket(retention_s=30 * DAY_S)
    address = replace(address, token=influxd.new_token(address.bucket))
    logged(tmp_path, 0, 60)
    checks = checked(address, tmp_path)
    assert [check.verdict for check in checks.values()] == [Verdict.OK] * 6, checks
    assert list(checks) == [
        "influx",
        "influx clock",
        "influx write",
        "influx read",
        "influx retention",
        "influx lag",
    ]
    assert "30 days" in checks["influx retention"].found


def test_nothing_is_left_behind(influxd: Influxd, tmp_path: Path) -> None:
    address = influxd.new_bucket()
    checked(address, tmp_path)
    assert influxd.flux(f'from(bucket: "{address.bucket}") |> range(start: 0)').strip() == ""


def test_a_server_that_is_away_is_the_one_thing_said(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        checks = checked(InfluxAddress(url, "podtwin", "podtwin", "token"), tmp_path)
    assert failed(checks) == list(checks) == ["influx"]
    assert "influx.url" in checks["influx"].way_out


@pytest.mark.parametrize(
    ("version", "found"), (("1.8.10", "is InfluxDB 1.8.10"), ("", "of no version"))
)
def test_a_server_that_is_no_influxdb_2_is_named(tmp_path: Path, version: str, found: str) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            if version:
                self.send_header("X-Influxdb-Version", version)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        checks = checked(InfluxAddress(url, "podtwin", "podtwin", "token"), tmp_path)
        server.shutdown()
    assert failed(checks) == ["influx"]
    assert found in checks["influx"].found


def test_what_is_wrong_of_the_names_is_named_alone(influxd: Influxd, tmp_path: Path) -> None:
    good = influxd.new_bucket()
    for wrong, name, said in (
        (replace(good, token="nobody's"), "influx token", "unauthorized"),
        (replace(good, org="nobody"), "influx org", '"nobody" not found'),
        (replace(good, bucket="none"), "influx bucket", '"none" not found'),
    ):
        checks = checked(wrong, tmp_path)
        assert failed(checks) == [name]
        assert said in checks[name].found


@pytest.mark.parametrize(("right", "missing"), (("read", "influx write"), ("write", "influx read")))
def test_a_token_with_half_the_rights_lacks_the_other_half(
    influxd: Influxd, tmp_path: Path, right: str, missing: str
) -> None:
    address = influxd.new_bucket()
    token = influxd.new_token(address.bucket, rights=(right,))
    checks = checked(replace(address, token=token), tmp_path)
    assert failed(checks) == [missing]
    assert f"{missing.removeprefix('influx ')}:buckets" in checks[missing].way_out


def test_a_token_of_another_bucket_has_no_right_here(influxd: Influxd, tmp_path: Path) -> None:
    mine, other = influxd.new_bucket(), influxd.new_bucket()
    checks = checked(replace(mine, token=influxd.new_token(other.bucket)), tmp_path)
    assert failed(checks) == ["influx write", "influx read"]


def test_a_retention_shorter_than_what_waits_is_a_failure(influxd: Influxd, tmp_path: Path) -> None:
    address = influxd.new_bucket(retention_s=2 * DAY_S)
    logged(tmp_path, 0, 3 * DAY_S)
    found = checked(address, tmp_path)["influx retention"]
    assert found.verdict is Verdict.FAIL
    assert found.found.startswith("the bucket keeps 2 days, and readings of 20")


def test_what_was_forwarded_may_be_older_than_the_retention(
    influxd: Influxd, tmp_path: Path
) -> None:
    address = influxd.new_bucket(retention_s=2 * DAY_S)
    logged(tmp_path, 3 * DAY_S, 0)
    StateStore(tmp_path / "state.db").set(LOG_CURSOR, 1)
    assert checked(address, tmp_path)["influx retention"].verdict is Verdict.OK


def test_each_sink_is_checked_under_its_name_with_its_own_lag(
    influxd: Influxd, tmp_path: Path
) -> None:
    logged(tmp_path, 0, 0, 0)
    StateStore(tmp_path / "state.db").set("forward/center/log", 2)
    target = InfluxTarget("center", influxd.new_bucket())
    found = {check.name: check.found for check in check_influx(target, tmp_path, CLOCK)}
    assert found["center lag"] == "1 frames wait in the log"
    assert "center write" in found


def test_the_oldest_that_waits_is_that_of_both_logs(tmp_path: Path) -> None:
    assert oldest_waiting(tmp_path, "influx") is None
    logged(tmp_path, 100)
    derived = SqliteLog(tmp_path / "derived.db", derived=True)
    derived.append([reading({"a/x": 1.0}, NS, source=Source.TWIN)])
    derived.close()
    assert oldest_waiting(tmp_path, "influx") == NS


def test_lines_that_were_refused_are_counted(influxd: Influxd, tmp_path: Path) -> None:
    state = StateStore(tmp_path / "state.db")
    line = Undelivered("influx", "log", 7, "ams-03", "gw-1", NS, "bucket retention", "", "a", 1)
    SqliteForwardBook(state, CLOCK).settle(LOG_CURSOR, 7, [line, line])
    found = checked(influxd.new_bucket(), tmp_path)["influx refused"]
    assert (found.verdict, found.found) == (Verdict.WARN, "lines: 2 by bucket retention")


def test_a_clock_that_differs_is_said_with_how_much(influxd: Influxd, tmp_path: Path) -> None:
    clock = HandClock(CLOCK.now_ns() - 3600 * NS)
    target = InfluxTarget("influx", influxd.new_bucket())
    checks = {check.name: check for check in check_influx(target, tmp_path, clock)}
    assert checks["influx clock"].verdict is Verdict.WARN
    assert 3_000 < int(checks["influx clock"].found.split()[0]) < 4_200


def test_doctor_asks_influxdb_where_history_goes_there(
    influxd: Influxd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = influxd.new_bucket()
    (tmp_path / "token").write_text(address.token)
    monkeypatch.setenv("PODTWIN_INFLUX__URL", address.url)
    monkeypatch.setenv("PODTWIN_INFLUX__BUCKET", address.bucket)
    names = {}
    for history in ("embedded", "both"):
        settings = load_settings(None, {"history": history, "data_dir": tmp_path}).settings
        names[history] = [check.name for check in examine(settings, CLOCK, "test")]
        monkeypatch.setenv("PODTWIN_INFLUX__TOKEN_FILE", str(tmp_path / "token"))
    assert not any(name.startswith("influx") for name in names["embedded"])
    assert "influx retention" in names["both"]


def test_a_missing_token_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    settings = load_settings(None, {"history": "influx", "data_dir": tmp_path}).settings
    found = [check for check in examine(settings, CLOCK, "test") if check.name.startswith("influx")]
    assert [(check.name, check.verdict) for check in found] == [("influx settings", Verdict.FAIL)]
    assert "PODTWIN_INFLUX__TOKEN_FILE" in found[0].way_out
