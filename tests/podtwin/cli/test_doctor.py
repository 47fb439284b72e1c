from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from support.site_files import AIR_DX
from typer.testing import CliRunner, Result

from ingest.broker import free_port
from ingest.log import SqliteLog
from podtwin.cli.doctor import doctor

RUNNER = CliRunner()
APP = typer.Typer()
APP.command()(doctor)


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a data directory, a site file and ports that are free."""
    monkeypatch.chdir(tmp_path)
    SqliteLog(tmp_path / "data/log.db").close()
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites/ams.yaml").write_text(AIR_DX)
    for name in ("HTTP", "BROKER"):
        monkeypatch.setenv(f"PODTWIN_{name}__PORT", str(free_port()))
    return tmp_path


def run(*arguments: str) -> Result:
    return RUNNER.invoke(APP, list(arguments))


def verdicts(done: Result) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in json.loads(done.stdout)["checks"]}


def test_where_nothing_fails_it_exits_0() -> None:
    done = run("-o", "json")
    assert done.exit_code == 0
    found = verdicts(done)
    assert "fail" not in found.values()
    assert (found["log.db"], found["site files"], found["http port"]) == ("ok", "ok", "ok")


def test_what_fails_is_a_finding_with_its_way_out(installed: Path) -> None:
    (installed / "data/state.db").write_bytes(b"not a database" * 999)
    done = run()
    assert done.exit_code == 1
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("fail"))
    assert "state.db" in line
    assert line.endswith("stop PodTwin, move the file away; senders with an outbox send again")


def test_another_data_directory_is_looked_at_and_not_made(installed: Path) -> None:
    done = run("--data-dir", "elsewhere/deep", "-o", "json")
    assert done.exit_code == 0
    assert "log.db" not in verdicts(done)
    assert not (installed / "elsewhere").exists()


def test_a_broker_that_does_not_answer_is_a_finding() -> None:
    done = run("--broker", f"mqtt://127.0.0.1:{free_port()}", "-o", "json")
    assert (done.exit_code, verdicts(done)["broker"]) == (1, "fail")
