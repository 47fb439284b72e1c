"""A guard against a second package of the same name, asked before anything else is imported.

Five of our six import names are plain words, and other distributions use them too (one called
``analytics`` is on the public index). Such a package shadows ours when it comes earlier on the
path, and overwrites ours when it is installed into the same folder later. Either ends in an
import error far from its cause; this names the cause.

Only the standard library is imported here, and none of the packages that are looked at.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.machinery
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PACKAGES = ("podcore", "ingest", "twin", "analytics", "simulators", "podtwin")


class Reason(Enum):
    """Why a package is not ours."""

    MISSING = "is missing"
    SHADOWED = "is another distribution's package of the same name, found first"
    OVERWRITTEN = "was overwritten by another distribution's package of the same name"


@dataclass(frozen=True)
class Located:
    """A top-level name and what Python would import for it.

    ``promised`` and ``found`` are digests of the package's first file, as our own installation
    recorded it and as it is now; ``None`` where nothing was recorded (a checkout in place).
    """

    name: str
    file: Path | None
    promised: str | None = None
    found: str | None = None


@dataclass(frozen=True)
class Clash:
    """One name that does not lead to our package."""

    name: str
    reason: Reason
    file: Path | None
    expected: Path

    def __str__(self) -> str:
        """Say the place, the rule and the way out, in one line."""
        where = f" ({self.file})" if self.file is not None else ""
        return (
            f"PodTwin's package {self.name!r} {self.reason.value}{where}; it belongs at "
            f"{self.expected}. Install podtwin into an environment of its own: "
            "python3 -m venv podtwin-env && podtwin-env/bin/pip install podtwin"
        )


def find_clash(located: Iterable[Located], home: Path) -> Clash | None:
    """Find the first name that leads elsewhere than to our package.

    Parameters
    ----------
    located : What Python would import for each of our names.
    home : The folder that holds this very package, and so must hold the others.
    """
    for each in located:
        expected = home / each.name / "__init__.py"
        if each.file is None:
            return Clash(each.name, Reason.MISSING, None, expected)
        if each.file != expected:
            return Clash(each.name, Reason.SHADOWED, each.file, expected)
        if each.promised is not None and each.promised != each.found:
            return Clash(each.name, Reason.OVERWRITTEN, each.file, expected)
    return None


def locate(home: Path, path: list[str] | None = None) -> list[Located]:
    """Look where Python would find each of our names, without importing any.

    Parameters
    ----------
    home : The folder that holds this very package.
    path : Folders to look in; ``sys.path`` when left out.
    """
    promised = _recorded_digests(home)
    return [_locate(name, promised, path) for name in PACKAGES]


def start_up_clash() -> Clash | None:
    """Answer what is wrong with this installation, or ``None``; for the first line of ``main``."""
    home = Path(__file__).resolve().parent.parent
    return find_clash(locate(home), home)


def _locate(name: str, promised: Mapping[str, str], path: list[str] | None) -> Located:
    spec = importlib.machinery.PathFinder.find_spec(name, sys.path if path is None else path)
    if spec is None or spec.origin is None:
        return Located(name, None)
    file = Path(spec.origin).resolve()
    return Located(name, file, promised.get(name), _digest(file))


def _digest(file: Path) -> str:
    """SHA-256 of a file, written as a wheel's RECORD writes it."""
    raw = hashlib.sha256(file.read_bytes()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _recorded_digests(home: Path) -> dict[str, str]:
    """Digests of our packages' first files in the RECORD of our own installation, by name."""
    wanted = {f"{name}/__init__.py": name for name in PACKAGES}
    digests = {}
    for record in home.glob("podtwin-*.dist-info/RECORD"):
        with record.open(newline="", encoding="utf-8") as lines:
            for file, digest, *_ in csv.reader(lines):
                if file in wanted:
                    digests[wanted[file]] = digest.removeprefix("sha256=")
    return digests
