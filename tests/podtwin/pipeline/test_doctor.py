"""Each check of an installation, once when all is well and once when it is not."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from support import mosquitto
from support.ingesting import NOON_NS, HandClock
from support.mosquitto import Mosquitto
from support.site_files import AIR_DX
from support.sources import ROOT

from ingest.address import BrokerAddress
from ingest.broker import HOST, free_port
from ingest.log import SqliteLog
from podtwin.config.load import load_settings
from podtwin.pipeline.checks import Check, Verdict
from podtwin.pipeline.doctor import (
    LOW_DISK_BYTES,
    check_clock,
    check_data_dir,
    check_database,
    check_disk,
    check_page,
    check_port,
    check_sites,
    check_sources,
    examine,
)
from podtwin.pipeline.doctor_broker import PROBES, check_broker


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        yield int(listening.getsockname()[1])


def test_a_clock_of_today_is_well_and_one_of_the_past_is_not() -> None:
    assert check_clock(HandClock(NOON_NS)).verdict is Verdict.OK
    behind = check_clock(HandClock(1_000_000_000))
    assert (behind.verdict, behind.found) == (Verdict.FAIL, "1970-01-01T00:00:01Z")
    assert behind.way_out.startswith("set the clock")


@pytest.mark.parametrize("name", ("there", "to-come", "to/come/deeper"))
def test_a_data_directory_that_is_or_can_be_made_is_well(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").mkdir()
    path = tmp_path / name
    assert check_data_dir(path).verdict is Verdict.OK
    assert check_disk(path).found.endswith("GiB free")
    assert not (tmp_path / "to").exists()


def test_a_data_directory_that_is_a_file_or_closed_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    found = check_data_dir(tmp_path / "file")
    assert found.verdict is Verdict.FAIL
    assert "--data-dir" in found.way_out
    monkeypatch.setattr("os.access", lambda *_: False)
    assert check_data_dir(tmp_path).verdict is Verdict.FAIL


def test_a_disk_is_low_below_what_a_log_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {LOW_DISK_BYTES: Verdict.OK, LOW_DISK_BYTES - 1: Verdict.WARN}
    for size, verdict in free.items():
        usage = Usage(2 * size, size, size)
        monkeypatch.setattr("shutil.disk_usage", lambda _path, usage=usage: usage)
        assert check_disk(tmp_path).verdict is verdict


def test_a_sound_database_is_well_and_is_not_written(tmp_path: Path) -> None:
    SqliteLog(tmp_path / "log.db").close()
    before = (tmp_path / "log.db").read_bytes()
    assert check_database(tmp_path / "log.db") == Check("log.db", Verdict.OK, "sound")
    assert (tmp_path / "log.db").read_bytes() == before


def make_foreign(path: Path) -> None:
    path.write_bytes(b"not a database" * 999)


def spoil_a_page(path: Path) -> None:
    content, page = path.read_bytes(), 4_096
    path.write_bytes(content[:page] + b"\xff" * page + content[2 * page :])


@pytest.mark.parametrize("harm", (make_foreign, spoil_a_page))
def test_a_database_that_is_foreign_or_damaged_fails(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    path = tmp_path / "log.db"
    SqliteLog(path).close()
    harm(path)
    found = check_database(path)
    assert (found.name, found.verdict) == ("log.db", Verdict.FAIL)
    assert "move the file away" in found.way_out


def test_site_files_are_counted_and_a_missing_folder_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "ams.yaml").write_text(AIR_DX)
    assert check_sites(tmp_path).found == f"1 sites in {tmp_path}"
    missing = check_sites(tmp_path / "nowhere")
    assert (missing.verdict, missing.way_out) == (Verdict.OK, "")
    assert "sites come by discovery" in missing.found


def test_a_wrong_site_file_fails_with_file_and_place(tmp_path: Path) -> None:
    (tmp_path / "ams.yaml").write_text(AIR_DX.replace("class: ups", "class: upps"))
    found = check_sites(tmp_path)
    assert found.verdict is Verdict.FAIL
    assert "ams.yaml" in found.found
    assert "upps" in found.found


def sources_of(folder: Path, mapping: str) -> Check:
    (folder / "map.yaml").write_text(mapping, encoding="utf-8")
    (folder / "podtwin.yaml").write_text(
        f"sites_dir: {folder}/sites\ningest:\n  sources:\n"
        f"    - {{topics: telegraf/#, format: influx, map: {folder}/map.yaml}}\n"
    )
    return check_sources(load_settings(folder / "podtwin.yaml").settings)


def test_the_sources_of_other_formats_are_read(tmp_path: Path) -> None:
    shipped = (ROOT / "deploy" / "telegraf" / "map.yaml").read_text(encoding="utf-8")
    found = sources_of(tmp_path, shipped)
    assert (found.verdict, found.found) == (Verdict.OK, "telegraf/#: mappings can be read")


def test_a_wrong_mapping_fails_with_file_and_place(tmp_path: Path) -> None:
    found = sources_of(tmp_path, "schema: podtwin/map/1\nrules: []\n")
    assert found.verdict is Verdict.FAIL
    assert "map.yaml line 2: rules is 0: a mapping has 1 to 1000 rules" in found.found


def test_a_page_that_is_not_built_is_named_with_how_to_build_it(tmp_path: Path) -> None:
    assert check_page(tmp_path).verdict is Verdict.OK
    assert (check_page(None).verdict, "make frontend" in check_page(None).way_out) == (
        Verdict.WARN,
        True,
    )


def test_a_free_port_is_well_and_a_taken_one_names_its_setting(taken: int) -> None:
    assert check_port("http port", free_port(), "http.port").verdict is Verdict.OK
    assert check_port("http port", 0, "http.port").verdict is Verdict.OK
    found = check_port("http port", taken, "http.port")
    assert found.verdict is Verdict.WARN
    assert str(taken) in found.found
    assert "set http.port to another" in found.way_out


def test_a_broker_that_is_not_there_fails() -> None:
    found = check_broker(BrokerAddress.parse(f"mqtt://127.0.0.1:{free_port()}"), "d1")
    assert found.verdict is Verdict.FAIL
    assert "does not answer" in found.found
    assert found.way_out == "start the broker, or correct broker.url"


@pytest.mark.system
def test_a_broker_that_keeps_for_who_is_away_is_well(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        found = check_broker(BrokerAddress.parse(broker.url), "d1")
    assert found.verdict is Verdict.OK
    assert f"kept {PROBES} of {PROBES}" in found.found


@pytest.mark.system
def test_a_broker_with_a_short_queue_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = mosquitto._CONFIG.replace("queued_messages 1000000", "queued_messages 100")  # noqa: SLF001
    short = short.replace("inflight_messages 1000", "inflight_messages 20")
    monkeypatch.setattr(mosquitto, "_CONFIG", short)
    with Mosquitto(tmp_path) as broker:
        found = check_broker(BrokerAddress.parse(broker.url), "d1")
    assert found.verdict is Verdict.WARN
    assert "max_queued_messages" in found.way_out


def test_all_is_examined_in_order_with_the_files_that_there_are(tmp_path: Path, taken: int) -> None:
    for name in ("log.db", "state.db"):
        SqliteLog(tmp_path / name).close()
    make_foreign(tmp_path / "state.db")
    flags = {"data_dir": tmp_path, "sites_dir": tmp_path / "none", "http.port": taken}
    settings = load_settings(flags={**flags, "broker.port": free_port()}).settings
    checks = list(examine(settings, HandClock(), "d1"))
    assert [check.name for check in checks] == [
        "clock", "data directory", "disk", "log.db", "state.db", "site files", "page",
        "mqtt port", "http port",
    ]  # fmt: skip
    bad = {check.name for check in checks if check.verdict is Verdict.FAIL}
    assert bad == {"state.db"}
    assert all(check.way_out for check in checks if check.verdict is not Verdict.OK)


def test_an_external_broker_is_proved_instead_of_the_port() -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    flags = {"broker.url": url, "broker.username": "ops", "broker.password": "hunter2"}
    settings = load_settings(flags=flags).settings
    checks = {check.name: check for check in examine(settings, HandClock(), "d1")}
    assert "mqtt port" not in checks
    assert checks["broker"].verdict is Verdict.FAIL
    assert "hunter2" not in checks["broker"].found
