"""Recorded `/proc` and `/sys` of machines, as copies that a test may change."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.sources import ROOT

from podtwin.agent.host.files import HostFiles

RECORDED = ROOT / "tests" / "recordings" / "host"


class HostTree:
    """A copy of a recorded machine, or a machine with nothing."""

    def __init__(self, folder: Path, machine: str | None = None) -> None:
        self.root = folder / (machine or "nothing")
        if machine is None:
            self.root.mkdir()
        else:
            shutil.copytree(RECORDED / machine, self.root)
        self.files = HostFiles(self.root)

    def write(self, path: str, text: object) -> None:
        """Puts a text in place of what the kernel says there."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Changes one place of a text."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, (path, old, text.count(old))
        self.write(path, text.replace(old, new).rstrip("\n"))

    def remove(self, path: str) -> None:
        """Takes a file or a folder away."""
        gone = self.root / path
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()


class DeniedFiles(HostFiles):
    """Files of which some may be read by others only; the tests themselves may run as root."""

    def __init__(self, root: Path, *denied: str) -> None:
        super().__init__(root)
        self.denied = set(denied)

    def _open(self, path: str) -> bytes:
        if path in self.denied:
            raise PermissionError(13, "Permission denied")
        return super()._open(path)
