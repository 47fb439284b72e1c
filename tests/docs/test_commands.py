"""Every command line in the documents is one that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from support import command_lines
from support.documents import blocks, text_of
from support.sources import ROOT
from typer.exceptions import TyperException

from podtwin.cli.app import DENIED, USAGE, app

PROGRAM = re.compile(r"^(?:\S*/)?podtwin (.*)$")
MAKE_DEMO = re.compile(r"make demo(?: ARGS=\"([^\"]*)\")?")
FILES = (".arrows", ".csv", ".parquet", ".yaml")


def lines() -> Iterator[tuple[str, str]]:
    """Pages with their command lines, what follows `podtwin`."""
    for block in blocks("sh"):
        for line in block.lines:
            found = PROGRAM.match(line.partition(" > ")[0])
            if found:
                yield block.page, found[1]
    for page in ("README.md", "docs/cli.md", "CONTRIBUTING.md"):
        for args in MAKE_DEMO.findall(text_of(page)):
            yield page, f"demo {args}"
    for page in ("README.md", "docs/operations.md"):
        for line in re.findall(r"`podtwin ([a-z][^`]+)`", text_of(page)):
            yield page, line


def parse(line: str) -> None:
    """Raises what the program would say against the line."""
    command_lines.parse(shlex.split(line, comments=True))


def options() -> Iterator[tuple[str, str]]:
    """Each command with each of its options."""
    todo: list[tuple[str, Any]] = [("podtwin", typer.main.get_command(app))]
    while todo:
        name, command = todo.pop()
        todo += [
            (f"{name} {word}", below) for word, below in getattr(command, "commands", {}).items()
        ]
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                if option.startswith("--"):
                    yield name, option


@pytest.mark.parametrize(("page", "line"), sorted(set(lines())))
def test_a_line_of_the_documents_is_understood(
    page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in shlex.split(line, comments=True):
        if word.endswith(FILES) and not word.startswith("-"):
            (tmp_path / word).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / word).touch()
    parse(line)


@pytest.mark.parametrize("line", ("simulat", "run --brocker x", "publish a.csv", "query x -o xml"))
def test_a_wrong_line_is_not(line: str) -> None:
    with pytest.raises((AssertionError, TyperException)):
        parse(line)


@pytest.mark.parametrize(("command", "option"), sorted(set(options())))
def test_every_option_is_documented(command: str, option: str) -> None:
    documented = text_of("docs/cli.md") + text_of("docs/settings.md")
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", documented), f"{command} {option}"


@pytest.mark.parametrize("name", ("podtwin", "podtwin-agent"))
def test_the_service_starts_a_command_that_exists(name: str) -> None:
    unit = (ROOT / "deploy" / f"{name}.service").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=\S+/podtwin (.*)$", unit, re.MULTILINE)
    parse(line.removesuffix(" $OPTIONS"))


def test_the_service_is_not_started_again_for_what_a_person_has_to_mend() -> None:
    unit = (ROOT / "deploy" / "podtwin.service").read_text(encoding="utf-8")
    assert f"\nRestartPreventExitStatus={USAGE} {DENIED}\n" in unit
