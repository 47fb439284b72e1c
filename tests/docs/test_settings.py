"""The page about settings: every one, with its default, its variable and its flag."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from support.documents import Block, blocks, rows, section, text_of
from typer.testing import CliRunner

from podtwin.cli.app import app
from podtwin.config.load import load_settings, setting_names
from podtwin.config.settings import ENV_DELIMITER, ENV_PREFIX, RoleName, Settings

PAGE = "docs/settings.md"
ROWS = [row for row in rows(text_of(PAGE)) if len(row) == 5]
FILES = [b for b in blocks("yaml", PAGE, "docs/operations.md") if "data_dir:" in b.text]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def default_of(name: str) -> str:
    value: Any = Settings().model_dump(mode="json")
    for step in name.split("."):
        value = value[step]
    if isinstance(value, list):
        return ",".join(value) or "-"
    return "-" if value is None else str(value)


def test_every_setting_stands_there_in_order() -> None:
    assert [row[0] for row in ROWS] == setting_names()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_default_and_variable_are_those_of_the_code(row: tuple[str, ...]) -> None:
    name, default, variable, _, _ = row
    assert default == default_of(name)
    assert variable == ENV_PREFIX + name.replace(".", ENV_DELIMITER).upper()


def test_the_flags_are_those_of_run() -> None:
    command: Any = typer.main.get_command(app)
    run = command.commands["run"]
    known = {option for p in run.params for option in (*p.opts, *p.secondary_opts)}
    shown = {flag for row in ROWS for flag in row[3].split(", ") if flag != "-"}
    assert shown <= known
    assert known - shown == {"--duration", "--config", "--output", "-o"}


@pytest.mark.parametrize("block", FILES, ids=lambda block: block.page)
def test_a_file_of_the_documents_loads(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "podtwin.yaml"
    file.write_text(block.text, encoding="utf-8")
    assert load_settings(file).settings.broker.url is not None


def test_the_example_of_origins_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = [block for block in FILES if block.page == PAGE]
    (tmp_path / "podtwin.yaml").write_text(file.text, encoding="utf-8")
    (tmp_path / "password").write_text("secret", encoding="utf-8")
    monkeypatch.setenv("PODTWIN_BROKER__PASSWORD_FILE", str(tmp_path / "password"))
    printed = CliRunner().invoke(app, ["config", "show", "--origin"]).stdout.splitlines()
    (example,) = [block for block in blocks("", PAGE) if "podtwin.yaml line" in block.text]
    words = [line.split() for line in printed]
    assert [line for line in example.lines if line.split() not in words] == []


def test_every_role_is_explained() -> None:
    shown = rows(section("docs/operations.md", "## Roles and several processes"))
    assert [row[0] for row in shown] == list(get_args(RoleName))
