"""Who may import whom, file by file; ``.importlinter`` holds the same for indirect ways."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.sources import PACKAGES, module_name, parsed, place, python_files

EVERYTHING = frozenset(PACKAGES)
CORE = frozenset({"podcore"})
ROOMS_OF_PODTWIN = ("store", "engine", "alerts", "notify", "api", "dashboard")
BELOW_API = CORE | {"ingest", "twin", "analytics"} | {f"podtwin.{r}" for r in ROOMS_OF_PODTWIN}

# The longest name that fits a module is its room; a room may always import itself.
MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "podcore": frozenset(),
    "twin": CORE | {"twin.fluids"},
    "twin.fluids": CORE,
    "ingest": CORE,
    "analytics": CORE | {"twin", "twin.fluids"},
    "simulators": CORE | {"twin.fluids"},
    "podtwin": frozenset(),
    "podtwin.store": CORE,
    "podtwin.alerts": CORE,
    "podtwin.engine": CORE | {"twin", "twin.fluids", "analytics", "podtwin.alerts"},
    "podtwin.notify": CORE | {"podtwin.alerts"},
    "podtwin.api": BELOW_API | {"podtwin"},
    "podtwin.dashboard": BELOW_API | {"podtwin"},
    "podtwin.config": EVERYTHING,
    "podtwin.pipeline.demo_sites": EVERYTHING,
    "podtwin.pipeline": EVERYTHING,
    "podtwin.agent": EVERYTHING,
    "podtwin.cli": EVERYTHING,
}

# Engines compute; whoever speaks to a network or a disk stands around them.
OUTSIDE: Mapping[str, frozenset[str]] = {
    "podcore": frozenset({"msgspec"}),
    "twin": frozenset({"numpy", "scipy", "msgspec"}),
    "analytics": frozenset({"numpy", "scipy", "sklearn", "msgspec"}),
    "simulators": frozenset({"numpy", "scipy", "msgspec"}),
    "podtwin.alerts": frozenset({"msgspec"}),
    "podtwin.engine": frozenset({"numpy", "scipy", "msgspec", "structlog", "prometheus_client"}),
}
SPEAKS_TO_THE_OUTSIDE = frozenset({"socket", "sqlite3", "urllib", "http", "asyncio", "subprocess"})


def room_of(module: str) -> str:
    parts = module.split(".")
    names = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next(name for name in names if name in MAY_IMPORT)


def imports_of(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    """Every module that a file names in an import, wherever in the file it stands."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            # `from podtwin import api` names podtwin.api, `from twin import fluids` its fluids.
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def may_import(importer: str, imported: str) -> bool:
    ours, theirs = room_of(importer), room_of(imported)
    allowed = MAY_IMPORT[ours]
    return (
        theirs == ours
        or theirs in allowed
        or theirs.partition(".")[0] in (allowed if allowed == EVERYTHING else ())
    )


def ours(imported: str) -> bool:
    return imported.partition(".")[0] in PACKAGES


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    (
        ("podcore.site", "podcore.quantity", True),
        ("podcore.site", "twin", False),
        ("simulators.plant", "twin.fluids.air", True),
        ("simulators.plant", "twin.models", False),
        ("podtwin.engine.feed", "podtwin.alerts.rules", True),
        ("podtwin.engine.feed", "podtwin.store.state", False),
        ("podtwin.engine.feed", "podtwin.notify", False),
        ("podtwin.store.state", "podtwin.alerts", False),
        ("podtwin.api.app", "podtwin.pipeline", False),
        ("podtwin.cli.demo", "simulators.plant", True),
        ("podtwin.pipeline", "podtwin.notify.outbox", True),
        ("podtwin._guard", "podcore", False),
    ),
)
def test_the_table_reads_as_meant(importer: str, imported: str, *, allowed: bool) -> None:
    assert may_import(importer, imported) is allowed


def test_nobody_imports_upwards_or_across() -> None:
    wrong = [
        f"{place(path, node)}: {module_name(path)} imports {imported}"
        for path in python_files(*PACKAGES)
        for node, imported in imports_of(path)
        if ours(imported) and not may_import(module_name(path), imported)
    ]
    assert not wrong, "\n".join(wrong)


def test_imports_are_absolute() -> None:
    relative = [
        place(path, node)
        for path in python_files(*PACKAGES)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative, "\n".join(relative)


def test_what_computes_speaks_to_no_network_and_no_disk() -> None:
    wrong = [
        f"{place(path, node)}: {module_name(path)} imports {top}"
        for path in python_files(*PACKAGES)
        for node, imported in imports_of(path)
        for top in [imported.partition(".")[0]]
        for allowed in [OUTSIDE.get(room_of(module_name(path)).removesuffix(".fluids"))]
        if allowed is not None and top not in allowed | EVERYTHING
        if top not in sys.stdlib_module_names or top in SPEAKS_TO_THE_OUTSIDE
    ]
    assert not wrong, "\n".join(wrong)


def test_tests_are_no_package() -> None:
    assert not [path for path in python_files("tests") if path.name == "__init__.py"]
