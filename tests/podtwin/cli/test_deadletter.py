from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.ingesting import air_site, topic
from support.refused import PARTLY, POWER, run, undelivered
from typer.testing import CliRunner, Result

from podcore.errors import ConfigError
from podtwin.cli import deadletter as module

RUNNER = CliRunner()
SENT = (
    (topic(), b"rubbish"),
    (topic(site="osl-01", node="bms"), POWER),
    (topic(), PARTLY),
    (topic("state"), b"{}"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    run(folder, air_site(), send=SENT)
    undelivered(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.0)  # nobody runs here who would take them up
    return Path(shutil.copytree(made, tmp_path / "data"))


def ask(folder: Path, *arguments: str) -> Result:
    done = RUNNER.invoke(module.app, [*arguments, "--data-dir", str(folder)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_list_names_place_and_reason(folder: Path) -> None:
    lines = ask(folder, "list").stdout.splitlines()
    assert len(lines) == 6
    assert lines[-1].split()[0] == "i1"
    assert "payload is b'rubbish'" in lines[-1]
    assert lines[0].split() == ["id", "at", "count", "site", "node", "reason", "what", "retried"]


def test_filters_and_json(folder: Path) -> None:
    said = json.loads(ask(folder, "list", "--site", "osl-01", "-o", "json").stdout)
    assert [each["id"] for each in said["deadletters"]] == ["i2"]
    assert said["deadletters"][0]["retry"] == {
        "possible": True, "why_not": "", "waiting": False, "retried_at": None, "stored": None,
        "outcome": "",
    }  # fmt: skip
    assert "nothing was refused" in ask(folder, "list", "--since", "now+1h").stderr
    assert "the newest 1; --limit shows more" in ask(folder, "list", "--limit", "1").stderr


def test_one_is_shown_with_what_was_sent(folder: Path) -> None:
    said = json.loads(ask(folder, "show", "i1", "-o", "json").stdout)
    assert (said["payload"], said["payload_form"], said["reason"]) == (
        "rubbish",
        "text",
        "not_json",
    )
    lines = ask(folder, "show", "i1").stdout.splitlines()
    assert lines[-1] == "rubbish"
    assert any(line.startswith("rule ") for line in lines)


def test_trying_again_waits_for_ingest_and_says_what_came_of_it(folder: Path) -> None:
    asked = ask(folder, "retry", "i2")
    assert (asked.exit_code, "waiting  1" in asked.stdout) == (0, True)
    assert "those that wait are tried when" in asked.stderr
    run(folder, air_site(), air_site("osl-01"), hour=1)
    said = json.loads(ask(folder, "show", "i2", "-o", "json").stdout)
    assert (said["retry"]["stored"], said["retry"]["outcome"]) == (True, "stored")
    with pytest.raises(ConfigError, match="it was tried again already, and stored"):
        ask(folder, "retry", "i2")


def test_all_that_fit_are_tried_and_the_rest_left_alone(folder: Path) -> None:
    said = json.loads(ask(folder, "retry", "--all", "--stage", "intake", "-o", "json").stdout)
    assert said["outcomes"] == {"i2": "waiting", "i1": "waiting"}  # i3 is a state
    run(folder, air_site(), air_site("osl-01"), hour=1)
    listed = json.loads(ask(folder, "list", "--stage", "intake", "-o", "json").stdout)
    outcomes = {each["id"]: each["retry"]["stored"] for each in listed["deadletters"]}
    assert outcomes == {"i3": None, "i2": True, "i1": False}


def test_one_that_is_refused_again_is_a_finding(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(folder, "retry", "i1")
    run(folder, air_site(), hour=1)
    monkeypatch.setattr(module, "_ask", lambda _book, _chosen: None)  # as if just done
    monkeypatch.setattr(module, "_PATIENCE_S", 5.0)
    again = ask(folder, "retry", "i1")
    assert again.exit_code == 1
    assert again.stdout.startswith("i1: payload is b'rubbish': a payload is JSON, of")


@pytest.mark.parametrize(
    ("arguments", "words"),
    (
        (("show", "i99"), "LETTER is 'i99': there is none of that id"),
        (("list", "--site", "Ams"), "--site is 'Ams'"),
        (("list", "--stage", "intak"), r"--stage is 'intak'.*'intake'"),
        (("list", "--since", "yesterday"), "--since is 'yesterday'"),
        (("retry",), "name ids, or give --all"),
        (("retry", "i1", "--all"), "name ids, or give --all"),
        (("retry", "--site", "ams-03"), "name ids, or give --all"),
        (("retry", "i3"), "only readings are tried again"),
    ),
)
def test_a_wrong_command_is_refused(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ask(folder, *arguments)
