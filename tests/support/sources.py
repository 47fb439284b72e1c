"""The project's own files, parsed once: what architecture tests walk over."""

from __future__ import annotations

import ast
import functools
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("podcore", "ingest", "twin", "analytics", "simulators", "podtwin")
_NOT_OURS = frozenset({"node_modules", "static", "__pycache__", "dist"})


def python_files(*folders: str) -> list[Path]:
    """All Python files below the named folders of the project, in order of path."""
    found = (path for folder in folders for path in _walk(ROOT / folder) if path.suffix == ".py")
    return sorted(found)


def tree_files() -> list[Path]:
    """Every file of the project's tree that is neither built nor fetched nor hidden state."""
    hidden_but_ours = {".ci", ".importlinter", ".gitignore", ".npmrc", ".pre-commit-config.yaml"}
    return sorted(
        path
        for path in _walk(ROOT)
        if not path.relative_to(ROOT).parts[0].startswith(".")
        or path.relative_to(ROOT).parts[0] in hidden_but_ours
    )


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def module_name(path: Path) -> str:
    """Dotted name under which a file of the packages is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def place(path: Path, node: ast.AST) -> str:
    """File and line, as an editor opens it."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def full_names(tree: ast.Module) -> dict[str, str]:
    """What each imported name of a file stands for: ``{"dt": "datetime.datetime"}``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known = alias.asname or alias.name.partition(".")[0]
                names[known] = alias.name if alias.asname else known
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
    return names


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """Full dotted name of an expression such as ``time.sleep``; empty for any other expression."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return f"{base}.{node.attr}" if base else ""
    return ""


def _walk(start: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(start):
        folders[:] = [
            name
            for name in folders
            if name not in _NOT_OURS
            and not (name.startswith(".") and name != ".ci")
            and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        yield from (Path(folder, name) for name in files)
