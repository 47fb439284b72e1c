"""What may stand in no file: hosts in locks, paths of one machine, ways to run text as code."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sources import (
    PACKAGES,
    ROOT,
    dotted,
    full_names,
    parsed,
    place,
    python_files,
    tree_files,
)

LOCKS = ("run.txt", "build.txt", "dev.txt", "node.txt")
NOT_TEXT = frozenset({".png", ".jpg", ".ico", ".woff2", ".parquet", ".zip", ".gz", ".webp"})
# Written in pieces, so that this file may stand in the tree it looks at.
OF_ONE_MACHINE = re.compile(
    "|".join(
        (
            r"(?<![\w.])/(?:ho" + r"me|Us" + r"ers)/\w+",
            r"(?<![\w.])/ro" + r"ot/",
            r"(?<![\w.])/wo" + r"rk/",
            "py" + r"pi\.org",
            r"files\.python" + r"hosted\.org",
            r"registry\.np" + r"mjs\.org",
            r"registry\.yarn" + r"pkg\.com",
            "arti" + "factory",
        )
    )
)
RUNS_TEXT = frozenset({"eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"})
PICKLES = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"})


@pytest.mark.parametrize("name", LOCKS)
def test_a_python_lock_names_no_host(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert not re.findall(r"https?://\S*|--(?:extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_python_lock_has_one_version_and_its_hashes(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert not [line for line in lines if "==" not in line or "--hash=sha256:" not in line]


def test_the_lock_for_tests_holds_the_very_versions_that_run() -> None:
    assert locked("run.txt") | locked("build.txt") <= locked("dev.txt")


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {normal(re.split(r"[<>=!~\[; ]", line)[0]) for line in project["dependencies"]}
    assert named <= {name for name, _ in locked("run.txt")}


def test_no_test_tool_is_needed_at_run_time() -> None:
    tools = {"pytest", "hypothesis", "mypy", "ruff", "playwright", "pandas", "hatchling"}
    assert not tools & {name for name, _ in locked("run.txt")}


def locked(name: str) -> set[tuple[str, str]]:
    text = (ROOT / "requirements" / name).read_text()
    return {(normal(n), v) for n, v in re.findall(r"^([\w.-]+)==([\w.+!-]+)", text, re.MULTILINE)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_of_the_front_end_names_no_host() -> None:
    lock = ROOT / "podtwin" / "dashboard" / "frontend" / "package-lock.json"
    packages = json.loads(lock.read_text())["packages"]
    hosts = {name: p["resolved"] for name, p in packages.items() if "://" in p.get("resolved", "")}
    assert not hosts, f"{lock}: set omit-lockfile-registry-resolved=true in .npmrc beside it"


def test_every_package_of_the_front_end_has_its_hash() -> None:
    lock = ROOT / "podtwin" / "dashboard" / "frontend" / "package-lock.json"
    packages = json.loads(lock.read_text())["packages"]
    assert not [n for n, p in packages.items() if n and "integrity" not in p and "link" not in p]


def test_no_file_names_a_machine_or_a_registry() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {found.group()}"
        for path in tree_files()
        if path.suffix not in NOT_TEXT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for found in [OF_ONE_MACHINE.search(line)]
        if found is not None
    ]
    assert not wrong, "\n".join(wrong)


def dangers(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    names = full_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, a.name) for a in node.names if a.name.partition(".")[0] in PICKLES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in PICKLES:
            yield node, str(node.module)
        elif isinstance(node, ast.Call) and dotted(node.func, names) in RUNS_TEXT:
            yield node, dotted(node.func, names)
        elif isinstance(node, ast.keyword) and node.arg in {"shell", "allow_pickle"}:
            yield node.value, f"{node.arg}="


@pytest.mark.parametrize(
    "line",
    (
        "import pickle",
        "from pickle import loads",
        "eval('1')",
        "exec('x = 1')",
        "import os; os.system('ls')",
        "import subprocess; subprocess.run('ls', shell=True)",
        "import numpy as np; np.load('x', allow_pickle=True)",
        "import yaml; yaml.load('x')",
    ),
)
def test_each_way_to_run_text_is_seen(line: str) -> None:
    assert list(dangers(ast.parse(line)))


def test_no_package_runs_text_or_unpickles() -> None:
    wrong = [
        f"{place(path, node)}: {name}"
        for path in python_files(*PACKAGES)
        for node, name in dangers(parsed(path))
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_to_do_in_the_sources() -> None:
    mark = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    sources: list[Path] = python_files(*PACKAGES, "tests", "benchmarks", "scripts")
    assert not [str(path) for path in sources if mark.search(path.read_text(encoding="utf-8"))]
