"""The configuration and the first set-up of InfluxDB, for a machine without containers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from support.influxd import Influxd
from support.sources import ROOT

from podcore.clock import SystemClock
from podtwin.pipeline.checks import Verdict
from podtwin.pipeline.doctor_influx import check_influx
from podtwin.store.influx_client import InfluxAddress

pytestmark = pytest.mark.system

FOLDER = ROOT / "deploy" / "influxdb"
DAY_S = 86_400


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration as it stands, but for places of this machine."""
    text = (FOLDER / "config.yml").read_text()
    assert "/var/lib/influxdb" in text
    path = tmp_path / "config.yml"
    path.write_text(text.replace("/var/lib/influxdb", str(tmp_path / "data")))
    return path


def set_up(server: Influxd, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    for name in ("token", "password"):
        (folder / f"admin-{name}").write_text(f"{name}-of-the-admin\n")
    command = [
        sys.executable,
        str(FOLDER / "tokens.py"),
        f"--url={server.url}",
        f"--admin-token-file={folder / 'admin-token'}",
        f"--admin-password-file={folder / 'admin-password'}",
        f"--out={folder / 'tokens'}",
        *more,
        "podtwin:rw",
        "grafana:r",
    ]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
def test_a_bare_server_is_set_up_from_files_and_doctor_finds_all_well(
    config: Path, tmp_path: Path
) -> None:
    server = Influxd(tmp_path / "data", config=config)
    try:
        server.start()
        done = set_up(server, tmp_path, "--retention=400d")
        assert done.returncode == 0, done.stderr
        token = (tmp_path / "tokens" / "podtwin").read_text()
        assert not any(secret in done.stdout for secret in (token, "-of-the-admin"))
        address = InfluxAddress(server.url, "podtwin", "podtwin", token)
        checks = list(check_influx(address, tmp_path / "none", SystemClock()))
        assert all(check.verdict is Verdict.OK for check in checks), checks
        assert checks[-1].found == "the bucket keeps 400 days"
        again = set_up(server, tmp_path, "--retention=2d")
        assert again.returncode == 0, again.stderr
        assert "the server is set up" in again.stdout
        assert "keeps 9600 h as before, not 48 h" in again.stdout
        assert (tmp_path / "tokens" / "podtwin").read_text() == token
    finally:
        server.kill()


@pytest.mark.slow
def test_the_server_runs_with_what_the_configuration_says(config: Path, tmp_path: Path) -> None:
    server = Influxd(tmp_path / "data", config=config)
    try:
        server.start()
        assert set_up(server, tmp_path).returncode == 0
        headers = {"Authorization": "Token token-of-the-admin"}
        running = httpx.get(f"{server.url}/api/v2/config", headers=headers).json()["config"]
        wanted = yaml.safe_load((FOLDER / "config.yml").read_text())
        told = {name for name in wanted if not name.endswith(("-path", "-address"))}
        assert told <= set(running)
        assert {name for name in told if running[name] != wanted[name]} <= {
            "storage-wal-fsync-delay", "http-read-header-timeout", "http-idle-timeout", "log-level",
        }  # fmt: skip
        assert running["storage-wal-fsync-delay"] in {"0s", 0}
        assert (tmp_path / "data" / "influxd.bolt").exists()
    finally:
        server.kill()


@pytest.mark.parametrize("length", ("400", "d", "0d", "-3d", "1y"))
def test_a_length_of_time_that_is_none_is_refused(tmp_path: Path, length: str) -> None:
    command = [sys.executable, str(FOLDER / "tokens.py"), "--admin-token-file=x", "--out=x"]
    ended = subprocess.run(
        [*command, f"--retention={length}", "podtwin:rw"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "write 36h, 400d or 0" in ended.stderr
