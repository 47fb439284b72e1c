"""Damaged files: taken out of the history, kept aside, and told by readers to the sealer.

    history/.quarantine/site=ams-03/date=2026-11-24/log-1-52310.parquet.damaged
    history/.suspects/ams-03~2026-11-24~log-1-52310.parquet

A reader that cannot decode a file leaves it out of its answer and leaves a note; only the sealer
moves files. A note of a file that turns out to be whole is thrown away.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import Final

import structlog

from podtwin.store import parquet
from podtwin.store.checksum import flaw

MAX_SUSPECTS: Final = 1_000  # notes looked at in a round; a reader's next query leaves them anew

_events = structlog.get_logger("podtwin.store.quarantine")


class Suspects:
    """Notes of files that a reader could not read.

    Parameters
    ----------
    root : the folder `history`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / ".suspects"
        self._told: set[Path] = set()  # at most the damaged files of a data directory

    def sound(self, paths: Sequence[Path]) -> list[Path]:
        """Those of some files that are whole; the others are noted and said, each once.

        Raises
        ------
        FileNotFoundError  When one is gone.
        """
        flaws = {path: flaw(path) for path in paths}
        for path, found in flaws.items():
            if found and path not in self._told:
                self._told.add(path)
                _events.warning("damaged_file_left_out", file=str(path), flaw=found)
                self._note(path)
        return [path for path, found in flaws.items() if not found]

    def noted(self) -> list[Path]:
        """The files that notes speak of, as far as they are there."""
        notes = sorted(self._folder.glob("*~*~*.parquet"))[:MAX_SUSPECTS]
        paths = [self._of(note.name) for note in notes]
        return [path for path in paths if path.exists()]

    def forget(self) -> None:
        """Throws all notes away."""
        if self._folder.is_dir():
            for note in self._folder.iterdir():
                note.unlink(missing_ok=True)

    def _note(self, path: Path) -> None:
        site, date = (part.name.partition("=")[2] for part in (path.parents[1], path.parent))
        with contextlib.suppress(OSError):  # a reader that may not write has said it at least
            self._folder.mkdir(exist_ok=True)
            (self._folder / f"{site}~{date}~{path.name}").touch()

    def _of(self, note: str) -> Path:
        site, date, name = note.split("~", 2)
        return self._root / f"site={site}" / f"date={date}" / Path(name).name


def set_apart(root: Path, path: Path, found: str) -> Path:
    """Moves a damaged file into the quarantine, and says so; where it lies now."""
    aside = free(root / ".quarantine" / path.relative_to(root).with_name(f"{path.name}.damaged"))
    parquet.make_folder(aside.parent)
    path.rename(aside)
    for folder in (aside.parent, path.parent):
        parquet.sync(folder)
    _events.error("damaged_file_quarantined", file=str(path), kept=str(aside), flaw=found)
    return aside


def free(path: Path) -> Path:
    """The path, or one beside it that nothing has."""
    others = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in count(2))
    return next(one for one in chain([path], others) if not os.path.lexists(one))
