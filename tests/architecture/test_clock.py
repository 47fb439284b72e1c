"""Who asks the time, or for chance: one place each, so that a replay gives the same bytes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sources import PACKAGES, ROOT, dotted, full_names, parsed, place, python_files

THE_CLOCK = ROOT / "podcore" / "clock.py"
ASKS_THE_TIME = frozenset(
    {f"time.{name}" for name in ("time", "monotonic", "perf_counter", "process_time")}
    | {f"time.{name}_ns" for name in ("time", "monotonic", "perf_counter", "process_time")}
    | {f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")}
    | {"time.sleep", "time.localtime", "time.ctime", "datetime.date.today"}
)
# Seeded generators are handed in; the functions of these modules share a hidden one.
SEEDED = frozenset(
    {"random.Random"}
    | {f"numpy.random.{n}" for n in ("Generator", "default_rng", "SeedSequence", "PCG64")}
)


def asked(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Every mention of a forbidden function: called, or handed on to be called elsewhere."""
    names = full_names(tree)
    replaceable = constructor_defaults(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node, names)
            if name in ASKS_THE_TIME or (is_hidden_chance(name) and node not in replaceable):
                yield node, name


def constructor_defaults(tree: ast.Module) -> set[ast.expr]:
    """Defaults of constructors: chance may come in there, since a test hands in its own."""
    return {
        default
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
        for default in (*node.args.defaults, *node.args.kw_defaults)
        if default is not None
    }


def is_hidden_chance(name: str) -> bool:
    module, _, function = name.rpartition(".")
    return module in {"random", "numpy.random"} and bool(function) and name not in SEEDED


def unseeded(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    names = full_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = dotted(node.func, names)
            if name in {"numpy.random.default_rng", "random.Random"}:
                yield node, f"{name}() without a seed"


def findings(paths: list[Path]) -> list[str]:
    return [
        f"{place(path, node)}: {name}"
        for path in paths
        if path != THE_CLOCK
        for node, name in (*asked(parsed(path)), *unseeded(parsed(path)))
    ]


@pytest.mark.parametrize(
    "line",
    (
        "import time; time.time()",
        "import time as t; t.monotonic_ns()",
        "from time import sleep; sleep(1)",
        "from datetime import datetime as dt; dt.now()",
        "import datetime; datetime.date.today()",
        "import time; f = field(default_factory=time.time)",
        "import random; random.random()",
        "import time\nclass A:\n def __init__(self, now=time.time): ...",
        "from random import choice; choice('ab')",
        "import numpy as np; np.random.normal()",
        "from numpy.random import default_rng; default_rng()",
    ),
)
def test_each_way_to_ask_is_seen(line: str) -> None:
    tree = ast.parse(line)
    assert [*asked(tree), *unseeded(tree)]


@pytest.mark.parametrize(
    "line",
    (
        "import numpy as np; np.random.default_rng(42)",
        "def step(rng: np.random.Generator) -> None: ...",
        "import random; random.Random(7)",
        "import random\nclass A:\n def __init__(self, jitter=random.random): ...",
        "clock.now_ns()",
        "from datetime import datetime; datetime.fromtimestamp(0)",
    ),
)
def test_what_takes_its_time_and_chance_from_outside_is_not(line: str) -> None:
    tree = ast.parse("import numpy as np\n" + line)
    assert not [*asked(tree), *unseeded(tree)]


def test_only_the_clock_asks_the_time_or_for_chance() -> None:
    assert not (wrong := findings(python_files(*PACKAGES))), "\n".join(wrong)


def test_no_test_sleeps() -> None:
    sleeping = [found for found in findings(python_files("tests")) if "time.sleep" in found]
    assert not sleeping, "\n".join(sleeping)
