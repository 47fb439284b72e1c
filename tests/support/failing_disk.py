"""A disk that fails on command: a small one of memory, and a library that fails calls."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("disk_shim.c")


@contextmanager
def small_disk(folder: Path, size: str = "16m") -> Iterator[Path]:
    """A file system of its own, in memory; needs root."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "podtwin-fault", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4_096):
                pass
        except OSError:
            pass
    return filler


class FailingCalls:
    """Calls on one file that fail while told to.

    path : what a file's path holds for its calls to fail.
    """

    def __init__(self, folder: Path, path: str) -> None:
        compiler = shutil.which("cc") or shutil.which("clang")
        if compiler is None:
            pytest.skip("no C compiler; failing system calls are a library that is preloaded")
        library = folder / "disk_shim.so"
        self._switch = folder / "fault"
        self._path = path
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True
        )
        self._library = library

    @property
    def environment(self) -> Mapping[str, str]:
        """For the process whose calls shall fail."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAULT_SWITCH": str(self._switch),
            "FAULT_PATH": self._path,
        }

    def begin(self, letter: str) -> None:
        """From now on: `s` syncs, `r` writes as on a read-only disk, `f` as on a full one."""
        self._switch.write_text(letter)

    def end(self) -> None:
        """All is well again."""
        self._switch.unlink()
