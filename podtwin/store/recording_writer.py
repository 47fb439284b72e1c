"""Writing a recording from the logs, of a data directory that runs or that stands still.

It appears under its name whole or not at all: files are made in a hidden folder beside it. What
is held at once is bounded: two row groups of Frames, and values up to `MAX_VALUES`.
"""

from __future__ import annotations

import heapq
import itertools
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from podcore.clock import rfc3339
from podcore.errors import ConfigError
from podcore.frame import CONFIG, Frame, Kind
from podcore.ports import LogReader
from podcore.site import Site
from podtwin.store import parquet
from podtwin.store import recording_files as files
from podtwin.store.frames_file import write_frames
from podtwin.store.recording_range import READ_FRAMES, CheckpointStore, Range, choose
from podtwin.store.row_file import write_rows
from podtwin.store.rows import RowBuilder

MAX_VALUES: Final = 1_000_000  # 110 MB of columns, with the Frames that they come from 200 MB

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a recording is made from.

    sites : the registry: every configured site as it is now.
    """

    log: LogReader
    derived: LogReader
    store: CheckpointStore
    sites: Sequence[Site] = ()

    def choose(self, from_ns: int | None = None, to_ns: int | None = None) -> Range:
        """The range of receive times [from, to), begun at the checkpoints before it.

        Raises
        ------
        ConfigError  When the log does not hold it; it names what the log does hold.
        """
        return choose(self.log, self.store, [site.id for site in self.sites], from_ns, to_ns)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the manifest says beside what can be counted; all of it comes from outside."""

    version: str
    created_ns: int
    machine: files.Machine
    parameter_digests: dict[str, str] = field(default_factory=dict)
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What was recorded, and from how many sites' checkpoints it starts."""

    path: Path
    manifest: files.Manifest
    checkpoints: int


def write_recording(
    origin: Origin,
    chosen: Range,
    out: Path,
    facts: Facts,
    progress: Progress = lambda _done, _total: None,
) -> Summary:
    """Writes a range to a directory, or to an archive if `out` ends in `.zip`.

    Parameters
    ----------
    chosen : from `Origin.choose`; the log may grow meanwhile, the range does not.
    progress : called with Frames done and Frames in all; from another thread.

    Raises
    ------
    ConfigError  When `out` exists.
    """
    if out.exists():
        raise ConfigError("--out", str(out), "exists already", "choose another name or remove it")
    hidden = out.with_name(f".{out.name}.partial")
    shutil.rmtree(hidden, ignore_errors=True)
    (hidden / files.POINTS).mkdir(parents=True)
    try:
        manifest = _fill(hidden, origin, chosen, facts, progress)
        _publish(hidden, out)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return Summary(out, manifest, len(chosen.checkpoints))


def _fill(
    folder: Path, origin: Origin, chosen: Range, facts: Facts, progress: Progress
) -> files.Manifest:
    points = _Points(folder / files.POINTS)
    commands = _derived(origin.derived, chosen, points)
    seen = _Seen({site.id: site for site in origin.sites})
    frames = _with_commands(origin.log, chosen, commands, seen, points, progress)
    write_frames(frames, folder / files.FRAMES)
    points.flush()
    manifest = files.Manifest(
        version=facts.version,
        created_at=rfc3339(facts.created_ns),
        from_ns=seen.from_ns,
        to_ns=seen.to_ns,
        first_offset=seen.first_offset,
        last_offset=seen.last_offset,
        frames=seen.frames,
        values=points.written,
        sites=[site for _, site in sorted(seen.sites.items())],
        parameter_digests=files.parameter_digests(facts.parameter_digests),
        machine=facts.machine,
        digest=facts.digest,
    )
    files.write_checkpoints(folder, chosen.checkpoints)
    files.write_bookmarks(folder, [])
    files.write_manifest(folder, manifest)
    return manifest


@dataclass(slots=True)
class _Seen:
    """What passed by on the way into the file."""

    sites: dict[str, Site]
    frames: int = 0
    from_ns: int = 0
    to_ns: int = 0
    first_offset: int = 0
    last_offset: int = 0

    def add(self, batch: Sequence[Frame]) -> None:
        self.frames += len(batch)
        self.from_ns = self.from_ns or batch[0].recv_ns
        self.first_offset = self.first_offset or batch[0].offset
        self.to_ns, self.last_offset = batch[-1].recv_ns, batch[-1].offset
        for frame in batch:
            if frame.kind is Kind.CONFIG:
                self.sites[frame.site] = CONFIG.decode(frame.body).site


def _derived(derived: LogReader, chosen: Range, points: _Points) -> list[Frame]:
    """The commands of a range, at their causes; values on the way go to the points."""
    commands = []
    for frame in _all(derived, derived.first_offset() - 1, derived.last_offset()):
        if chosen.after < frame.cause <= chosen.last:
            if frame.kind is Kind.COMMAND:
                commands.append(msgspec.structs.replace(frame, offset=frame.cause))
            else:
                points.add(frame, "derived")
    return sorted(commands, key=lambda command: command.cause)


def _with_commands(
    log: LogReader,
    chosen: Range,
    commands: list[Frame],
    seen: _Seen,
    points: _Points,
    progress: Progress,
) -> Iterator[Sequence[Frame]]:
    """The Frames of a range in batches, each command behind the Frame that it names as cause."""
    measured = _all(log, chosen.after, chosen.last)
    merged = heapq.merge(measured, commands, key=lambda frame: frame.offset)
    while batch := list(itertools.islice(merged, READ_FRAMES)):
        for frame in batch:
            points.add(frame, "log")
        seen.add(batch)
        yield batch
        progress(batch[-1].offset - chosen.after, chosen.last - chosen.after)


def _all(log: LogReader, after: int, last: int) -> Iterator[Frame]:
    while frames := log.read(after, READ_FRAMES):
        for frame in frames:
            if frame.offset > last:
                return
            yield frame
        after = frames[-1].offset


class _Points:
    """Values on their way into `points/`, a file for each log, site, date and flush."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._held: dict[tuple[str, int, str], tuple[RowBuilder, list[int]]] = {}
        self._values = 0
        self.written = 0

    def add(self, frame: Frame, log: str) -> None:
        """Takes the values of a reading."""
        if frame.kind is not Kind.READING:
            return
        key = frame.site, parquet.day_of(frame.ts_ns), log
        rows, span = self._held.setdefault(key, (RowBuilder(), [frame.offset, frame.offset]))
        before = len(rows)
        rows.add(frame)
        span[1] = frame.offset
        self._values += len(rows) - before
        if self._values >= MAX_VALUES:
            self.flush()

    def flush(self) -> None:
        """Writes what is held."""
        for (site, day, log), (rows, (first, last)) in self._held.items():
            table = rows.build()
            self.written += len(table)
            write_rows(table, parquet.sealed_path(self._root, site, day, log, first, last))
        self._held, self._values = {}, 0


def _publish(folder: Path, out: Path) -> None:
    """Gives a finished folder its name, as a folder or as an archive."""
    members = sorted(path for path in folder.rglob("*") if path.is_file())
    if out.suffix == ".zip":
        archive = folder / out.name
        # Parquet is compressed already; stored members cost no time to pack or unpack.
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
            for path in members:
                packed.write(path, path.relative_to(folder).as_posix())
        parquet.sync(archive)
        archive.rename(out)
    else:
        for path in members:
            parquet.sync(path)
        folder.rename(out)
    parquet.sync(out.parent)
