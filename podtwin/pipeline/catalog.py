"""What lies in a data directory besides the logs: recordings and replays, for lists of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from podcore.errors import ConfigError
from podtwin.api.deps import RecordingInfo, ReplayInfo
from podtwin.store.recording_files import read_manifest

REPLAY_FILE = "replay.json"
_NS = 1_000_000_000


class ReplayNote(msgspec.Struct, frozen=True):
    """What `podtwin replay` leaves beside its files."""

    recording: str
    state: Literal["running", "done", "failed"]
    frames: int = 0
    digest: str | None = None
    speed: float | None = None
    started_ns: int | None = None


_notes = msgspec.json.Decoder(ReplayNote)


def list_recordings(root: Path) -> list[RecordingInfo]:
    """The recordings directly below a folder, by name; what is none is left out."""
    found = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            manifest = read_manifest(folder)
            created = datetime.fromisoformat(manifest.created_at)
        except (ConfigError, OSError, ValueError):
            continue
        found.append(
            RecordingInfo(
                id=folder.name,
                path=str(folder),
                from_ns=manifest.from_ns,
                to_ns=manifest.to_ns,
                frames=manifest.frames,
                sites=tuple(site.id for site in manifest.sites),
                digest=manifest.digest,
                created_ns=int(created.timestamp()) * _NS,
                rebuilt=manifest.rebuilt,
            )
        )
    return found


def write_replay_note(folder: Path, note: ReplayNote) -> None:
    """Says in a replay's folder how it is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPLAY_FILE).write_bytes(msgspec.json.encode(note))


def list_replays(root: Path) -> list[ReplayInfo]:
    """The replays directly below a folder, by id; what is none is left out."""
    found = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            note = _notes.decode((folder / REPLAY_FILE).read_bytes())
        except (msgspec.DecodeError, OSError):
            continue
        found.append(
            ReplayInfo(
                id=folder.name,
                recording=note.recording,
                state=note.state,
                frames=note.frames,
                digest=note.digest,
                speed=note.speed,
                started_ns=note.started_ns,
            )
        )
    return found
