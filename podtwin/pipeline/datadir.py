"""The data directory: its paths, its identity, and one process a role."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from ulid import ULID

from ingest.spool_quota import Disk
from podcore.errors import ConfigError, RoleTaken


def disk_of(folder: Path) -> Disk:
    """The file system of a folder; free is what this user may write."""
    found = os.statvfs(folder)
    return Disk(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


class DataDir:
    """Where everything is kept.

    Raises
    ------
    ConfigError  When the folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: list[TextIO] = []
        try:
            (path / "locks").mkdir(parents=True, exist_ok=True)
            self.id = _identity(path / "id")
        except OSError as error:
            raise ConfigError(
                "--data-dir", str(path), f"cannot be used: {error.strerror}",
                "choose a folder that this user may write, on a disk with room",
            ) from None  # fmt: skip

    @property
    def log(self) -> Path:
        """What ingest writes."""
        return self.path / "log.db"

    @property
    def derived(self) -> Path:
        """What the engine writes."""
        return self.path / "derived.db"

    @property
    def state(self) -> Path:
        """Alerts, checkpoints, cursors."""
        return self.path / "state.db"

    @property
    def recordings(self) -> Path:
        """Recordings that the page lists."""
        return self.path / "recordings"

    @property
    def replays(self) -> Path:
        """A directory for each replay."""
        return self.path / "replays"

    @property
    def keys(self) -> Path:
        """The first key, for whoever may read this folder."""
        return self.path / "keys"

    def outbox(self, site: str, node: str) -> Path:
        """The outbox of a node that this machine plays."""
        return self.path / "outbox" / f"{site}.{node}.db"

    def hold(self, roles: Iterable[str]) -> None:
        """Takes the lock of each role for this process; all of them or none.

        Raises
        ------
        RoleTaken  When another process holds one; the message names its pid.
        """
        try:
            for role in roles:
                self._held.append(_lock(self.path / "locks" / role, role))
        except RoleTaken:
            self.release()
            raise

    def release(self) -> None:
        """Gives the locks back; a process that ends in any way does too."""
        for file in self._held:
            file.close()
        self._held.clear()


def _lock(path: Path, role: str) -> TextIO:
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        pid = file.read().strip() or "unknown"
        file.close()
        raise RoleTaken(
            f"{path}: role {role} already runs on this data directory as process {pid}; "
            "stop it, or use another --data-dir"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _identity(path: Path) -> str:
    """The ULID of the directory, made once; it names MQTT session and stream positions."""
    try:
        with path.open("x", encoding="ascii") as file:
            file.write(str(ULID()))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()
