from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.alerts import a_notice, an_alert
from typer.testing import CliRunner, Result

from podcore.alert import Alert
from podcore.errors import ConfigError
from podcore.ports import Transition
from podtwin.cli import alerts as commands
from podtwin.store.state import StateStore

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "_PATIENCE_S", 0.0)
    keep(an_alert("abc123"))


def keep(alert: Alert) -> None:
    store = StateStore(Path("data/state.db"))
    key = f"{alert.id}{alert.state}"
    change = Transition(key, "ams-03", "f1", "pending", alert.state, 7, 200, b"", alert)
    store.commit([change], [], 1, [a_notice(alert=alert.id)])
    store.close()


def run(*arguments: str) -> Result:
    done = RUNNER.invoke(commands.app, list(arguments))
    if isinstance(done.exception, ConfigError):
        raise done.exception
    return done


def test_open_alerts_are_listed_and_are_a_finding() -> None:
    done = run("list")
    assert done.exit_code == 1
    assert "CRAC-1 supply air is 31.2 °C." in done.stdout


def test_what_is_resolved_is_listed_on_demand() -> None:
    keep(an_alert("abc123", state="resolved", ended_ns=200))
    assert run("list").stdout == ""
    done = run("list", "--all", "-o", "json")
    assert (done.exit_code, json.loads(done.stdout)["alerts"][0]["state"]) == (0, "resolved")


def test_an_alert_is_shown_with_evidence_and_what_happened_to_it() -> None:
    shown = json.loads(run("show", "abc", "-o", "json").stdout)
    assert shown["evidence"]["link"] == "/sites/ams-03"
    assert [entry["what"] for entry in shown["timeline"]] == ["firing", "told"]
    assert "CRAC-1 supply air is 31.2 °C." in run("show", "abc").stdout


def test_an_acknowledgement_waits_for_the_engine() -> None:
    done = run("ack", "abc", "--comment", "on my way")
    assert "applied when the engine runs" in done.stdout
    store = StateStore(Path("data/state.db"))
    command = store.pending_commands()[0]
    store.close()
    assert (command.kind, command.alert, command.comment) == ("acknowledge", "abc123", "on my way")


def test_an_id_that_fits_none_or_several_is_refused() -> None:
    keep(an_alert("abd456"))
    with pytest.raises(ConfigError, match="none of that id"):
        run("show", "xyz")
    with pytest.raises(ConfigError, match="fits several"):
        run("ack", "ab")
