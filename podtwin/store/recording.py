"""A recording, opened: Frames as a `LogReader`, checkpoints, values as a history.

An archive is unpacked into a folder first, since Parquet is read from its end. Only members with
the names of a recording's files are unpacked, to places that are built here, never taken from
the archive, and no more of them than the bounds allow.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Final, Self

from podcore.errors import ConfigError
from podcore.frame import Frame
from podcore.ports import Checkpoint
from podtwin.store import recording_files as files
from podtwin.store.frames_file import FramesFile
from podtwin.store.history import EmbeddedHistory
from podtwin.store.recording_files import WAY_OUT, Manifest
from podtwin.store.recording_writer import Facts, Origin, Summary, write_recording

__all__ = ["Facts", "Origin", "Recording", "Summary", "write_recording"]

MAX_UNPACKED_BYTES: Final = 32 << 30  # a month of ten sites at 200 points a second, with room
MAX_MEMBERS: Final = 100_000  # a year of 250 sites
_COPY_BYTES: Final = 1 << 20


class Recording:
    """A recording on disk; `LogReader` over its Frames.

    Frames keep the offsets of the log they came from. A recording that starts at checkpoints
    begins after the oldest of them: a site ignores Frames up to its own checkpoint, which also
    holds its configuration, so an engine is built from `checkpoints()` and reads all Frames.
    Without checkpoints the recording starts with the log itself, and config Frames come first.

    Parameters
    ----------
    path : a directory, or an archive ending in `.zip`.
    scratch : where an archive is unpacked; a temporary folder when None.

    Raises
    ------
    ConfigError  When it is foreign, damaged, incomplete or of a newer version.
    """

    def __init__(self, path: Path, scratch: Path | None = None) -> None:
        self.path = path
        self._scratch: Path | None = None
        folder = path
        if path.is_file():
            self._scratch = Path(tempfile.mkdtemp(prefix="podtwin-recording-", dir=scratch))
            folder = self._scratch
        elif not path.exists():
            raise ConfigError(str(path), None, "there is no such recording", WAY_OUT)
        try:
            if path.is_file():
                _unpack(path, folder)
            self.manifest: Manifest = files.read_manifest(folder)
            self._checkpoints = files.read_checkpoints(folder)
            self._frames = FramesFile(folder / files.FRAMES, self.manifest.frames)
        except BaseException:
            self.close()
            raise
        self._folder = folder

    def read(self, after: int, limit: int) -> list[Frame]:
        """Frames above `after`, about `limit` at most: commands stay with their Frame."""
        return self._frames.read(after, limit)

    def first_offset(self) -> int:
        """The offset of the first Frame."""
        return self._frames.first_offset()

    def last_offset(self) -> int:
        """The offset of the last Frame."""
        return self._frames.last_offset()

    def checkpoints(self) -> list[Checkpoint]:
        """Where each site goes on from; empty when the recording starts from the beginning."""
        return list(self._checkpoints)

    def bookmarks(self) -> list[files.Bookmark]:
        """Places worth looking at."""
        return files.read_bookmarks(self._folder)

    def history(self) -> EmbeddedHistory:
        """The values as they were recorded."""
        return EmbeddedHistory(self._folder, _NothingWaits(), _NothingWaits(), folder=files.POINTS)

    def close(self) -> None:
        """Removes what an archive was unpacked to."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


class _NothingWaits:
    """The end of a log that is all in files."""

    def between(self, _site: str, _from_ns: int, _to_ns: int, _after: int) -> list[Frame]:
        return []

    def sites(self) -> list[str]:
        return []


def _unpack(archive: Path, folder: Path) -> None:
    """Unpacks a recording's files, which may stand below one folder of the archive."""
    try:
        with zipfile.ZipFile(archive) as packed:
            members = _members(archive, packed)
            for name, member in members.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(packed, member, target)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise files.foreign(archive, f"is no archive that can be read ({error})") from error


def _members(archive: Path, packed: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members to unpack, by their place in the recording."""
    infos = packed.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > MAX_MEMBERS or total > MAX_UNPACKED_BYTES:
        rule = (
            f"unpacks to {len(infos)} files of {total} bytes; at most {MAX_MEMBERS} files"
            f" of {MAX_UNPACKED_BYTES} bytes are unpacked"
        )
        way_out = "unpack it yourself and give the folder, if you trust it"
        raise ConfigError(str(archive), None, rule, way_out)
    roots = [
        p.parent for p in (PurePosixPath(i.filename) for i in infos) if p.name == files.MANIFEST
    ]
    root = min(roots, key=lambda path: len(path.parts), default=PurePosixPath())
    named = {
        PurePosixPath(info.filename).relative_to(root).as_posix(): info
        for info in infos
        if PurePosixPath(info.filename).is_relative_to(root)
    }
    return {name: info for name, info in named.items() if files.MEMBER.fullmatch(name)}


def _copy(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """One member, no longer than it says that it is."""
    left = member.file_size
    with packed.open(member) as source, target.open("wb") as copy:
        while chunk := source.read(_COPY_BYTES):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile(f"{member.filename} is longer than its own size")
            copy.write(chunk)
