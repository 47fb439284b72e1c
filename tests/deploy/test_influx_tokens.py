"""The script that makes tokens in compose.yaml, against a real InfluxDB."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from support.compose import service
from support.influxd import ORG, TOKEN, Influxd
from support.sources import ROOT

pytestmark = pytest.mark.system

SCRIPT = ROOT / "deploy" / "influxdb" / "tokens.py"
COMMAND: list[str] = service("influxdb-tokens")["command"]
TAKEN, FORBIDDEN, UNKNOWN = 204, 403, 401


@dataclass(frozen=True, slots=True)
class Deployed:
    """A server, a folder for tokens, and the script over both."""

    server: Influxd
    out: Path
    bucket: str

    def run(self, *tokens: str, admin: str = TOKEN) -> subprocess.CompletedProcess[str]:
        secret = self.out.parent / "admin-token"
        secret.write_text(f"{admin}\n")
        where = [f"--url={self.server.url}", f"--org={ORG}", f"--bucket={self.bucket}"]
        files = [f"--admin-token-file={secret}", f"--out={self.out}"]
        command = [sys.executable, str(SCRIPT), *where, *files, *tokens]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    def token(self, name: str) -> str:
        return (self.out / name).read_text()

    def writes(self, token: str, bucket: str | None = None) -> int:
        query = {"org": ORG, "bucket": bucket or self.bucket}
        headers = {"Authorization": f"Token {token}"}
        url = f"{self.server.url}/api/v2/write"
        return httpx.post(url, params=query, headers=headers, content=b"m f=1.0").status_code

    def reads(self, token: str) -> bool:
        headers = {"Authorization": f"Token {token}"}
        body = {"query": f'from(bucket: "{self.bucket}") |> range(start: -1h)'}
        url = f"{self.server.url}/api/v2/query"
        answer = httpx.post(url, params={"org": ORG}, headers=headers, json=body)
        return answer.is_success


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as started:
        yield started


@pytest.fixture
def deployed(server: Influxd, tmp_path: Path) -> Deployed:
    made = Deployed(server, tmp_path / "tokens", server.new_bucket().bucket)
    ended = made.run(*COMMAND)
    assert ended.returncode == 0, ended.stderr
    return made


def test_podtwin_writes_and_reads_and_grafana_only_reads(deployed: Deployed) -> None:
    assert deployed.writes(deployed.token("podtwin")) == TAKEN
    assert deployed.writes(deployed.token("grafana")) == FORBIDDEN
    assert deployed.reads(deployed.token("podtwin"))
    assert deployed.reads(deployed.token("grafana"))


def test_no_token_reaches_another_bucket(deployed: Deployed, server: Influxd) -> None:
    other = server.new_bucket().bucket
    assert deployed.writes(deployed.token("podtwin"), other) != TAKEN


def test_tokens_are_for_owner_and_group_alone(deployed: Deployed) -> None:
    assert {path.stat().st_mode & 0o777 for path in deployed.out.iterdir()} == {0o440}


def test_a_second_run_changes_nothing(deployed: Deployed) -> None:
    before = {path.name: path.read_text() for path in deployed.out.iterdir()}
    assert deployed.run(*COMMAND).returncode == 0
    assert {path.name: path.read_text() for path in deployed.out.iterdir()} == before


def test_a_token_that_is_lost_is_made_anew_and_the_old_one_revoked(deployed: Deployed) -> None:
    old = deployed.token("podtwin")
    (deployed.out / "podtwin").unlink()
    assert deployed.run(*COMMAND).returncode == 0
    assert deployed.writes(deployed.token("podtwin")) == TAKEN
    assert deployed.writes(old) == UNKNOWN


def test_a_token_that_influxdb_does_not_know_is_made_anew(deployed: Deployed) -> None:
    (deployed.out / "podtwin").unlink()
    (deployed.out / "podtwin").write_text("of another database")
    assert deployed.run(*COMMAND).returncode == 0
    assert deployed.writes(deployed.token("podtwin")) == TAKEN


def test_a_site_gets_one_that_only_writes(deployed: Deployed) -> None:
    assert deployed.run("edge-ams-03:w").returncode == 0
    assert deployed.writes(deployed.token("edge-ams-03")) == TAKEN
    assert not deployed.reads(deployed.token("edge-ams-03"))


def test_a_bucket_that_is_missing_is_made(server: Influxd, tmp_path: Path) -> None:
    deployed = Deployed(server, tmp_path / "tokens", "made-by-the-script")
    assert deployed.run(*COMMAND).returncode == 0
    assert deployed.writes(deployed.token("podtwin")) == TAKEN


def test_downsampled_buckets_are_made_and_reached(deployed: Deployed, server: Influxd) -> None:
    minute, hour = f"{deployed.bucket}_1m", f"{deployed.bucket}_1h"
    assert deployed.writes(deployed.token("podtwin"), minute) != TAKEN
    also = (f"--also={minute}=400d", f"--also={hour}")
    assert deployed.run(*also, *COMMAND).returncode == 0
    for bucket, kept in ((minute, [400 * 86_400]), (hour, [])):
        assert deployed.writes(deployed.token("podtwin"), bucket) == TAKEN
        assert deployed.writes(deployed.token("grafana"), bucket) == FORBIDDEN
        (found,) = server.get("/api/v2/buckets", name=bucket, org=ORG)["buckets"]
        assert [
            rule["everySeconds"] for rule in found["retentionRules"] if rule["everySeconds"]
        ] == kept
    before = deployed.token("podtwin")
    assert deployed.run(*also, *COMMAND).returncode == 0
    assert deployed.token("podtwin") == before


def test_a_wrong_admin_token_ends_it_with_what_influxdb_said(deployed: Deployed) -> None:
    ended = deployed.run(*COMMAND, admin="wrong")
    assert ended.returncode == 1
    assert "unauthorized" in ended.stderr


@pytest.mark.parametrize("wrong", ("podtwin", "podtwin:x", "../podtwin:r", "-r:r"))
def test_a_token_without_a_plain_name_and_rights_is_refused(deployed: Deployed, wrong: str) -> None:
    assert deployed.run("--", wrong).returncode == 2
