from __future__ import annotations

import json
from typing import NoReturn

import pytest
import structlog

from podtwin.pipeline.logs import configure_logging


def open_door(word: str) -> NoReturn:
    raise RuntimeError("the door stays shut")


def fail_with_a_secret() -> None:
    secret = "opensesame"
    try:
        open_door(secret)
    except RuntimeError:
        structlog.get_logger().exception("failed")


def test_where_nobody_reads_it_is_json_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    structlog.get_logger().info("begun", sites=3)
    said = capsys.readouterr()
    line = json.loads(said.err)
    assert (line["event"], line["level"], line["sites"]) == ("begun", "info", 3)
    assert line["timestamp"].endswith("Z")
    assert said.out == ""


def test_on_a_terminal_it_is_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    configure_logging()
    structlog.get_logger().info("begun")
    assert not capsys.readouterr().err.startswith("{")


@pytest.mark.parametrize(("verbose", "lines"), ((False, 0), (True, 1)))
def test_details_are_logged_on_demand(
    capsys: pytest.CaptureFixture[str], verbose: bool, lines: int
) -> None:
    configure_logging(verbose=verbose)
    structlog.get_logger().debug("a detail")
    assert len(capsys.readouterr().err.splitlines()) == lines


@pytest.mark.parametrize("as_json", (True, False))
def test_a_traceback_shows_no_local_variable(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    configure_logging(json=as_json)
    fail_with_a_secret()
    said = capsys.readouterr().err
    assert "RuntimeError: the door stays shut" in said
    assert "fail_with_a_secret" in said
    assert "opensesame" not in said
