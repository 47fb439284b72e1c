"""What a user can call, ask, watch or subscribe to is named in the documents.

The lists come from the code itself: commands from the CLI, routes from the API, metrics from
where they are made, topics from the foundation.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator

import pytest
from support.sources import PACKAGES, ROOT, dotted, full_names, parsed, python_files

METRIC_NAME = re.compile(r"podtwin_[a-z0-9_]+")
HTTP_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


@functools.cache
def documents() -> str:
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def unnamed(words: list[str]) -> list[str]:
    """Those of the words that no document holds as a word of its own."""
    return [w for w in words if not re.search(rf"(?<![\w/-]){re.escape(w)}(?![\w-])", documents())]


def commands() -> Iterator[str]:
    typer = importlib.import_module("typer")
    cli = importlib.import_module("podtwin.cli.app")
    found = [value for value in vars(cli).values() if isinstance(value, typer.Typer)]
    assert found, "podtwin.cli.app holds no Typer application"
    yield from leaves(typer.main.get_command(found[0]), "podtwin")


def leaves(command: object, name: str) -> Iterator[str]:
    below = getattr(command, "commands", None)
    if not below:
        yield name
        return
    for word, child in below.items():
        if not getattr(child, "hidden", False):
            yield from leaves(child, f"{name} {word}")


def routes() -> set[str]:
    """Paths of all routes, as the decorators of the API's own files write them."""
    return {
        prefix_of(tree) + argument.value
        for path in python_files("podtwin/api", "podtwin/dashboard")
        for tree in [parsed(path)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in HTTP_METHODS
        and node.args
        for argument in [node.args[0]]
        if isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and argument.value.startswith("/")
    }


def prefix_of(tree: ast.Module) -> str:
    """Prefix that the file's own router puts before each of its paths."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func, full_names(tree)).endswith("APIRouter"):
            for keyword in node.keywords:
                if keyword.arg == "prefix" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""


def metrics() -> set[str]:
    """Names of all metrics, as they stand in the files that make them."""
    return {
        node.value
        for path in python_files(*PACKAGES)
        for tree in [parsed(path)]
        if any(name.startswith("prometheus_client") for name in full_names(tree).values())
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and METRIC_NAME.fullmatch(node.value)
    }


def test_every_command_is_documented() -> None:
    assert unnamed(sorted(commands())) == []


def test_every_route_is_documented() -> None:
    paths = routes()
    assert paths
    assert [path for path in sorted(paths) if path not in documents()] == []


def test_every_metric_is_documented() -> None:
    names = metrics()
    assert names
    assert unnamed(sorted(names)) == []


def test_every_topic_is_documented() -> None:
    topic = importlib.import_module("podcore.topic")
    kinds = [str(kind.value) for kind in topic.TopicKind]
    assert topic.ROOT in documents()
    assert unnamed(kinds) == []


@pytest.mark.parametrize("line", ("make demo", "make test"))
def test_the_two_commands_stand_in_the_readme(line: str) -> None:
    assert line in (ROOT / "README.md").read_text(encoding="utf-8")
