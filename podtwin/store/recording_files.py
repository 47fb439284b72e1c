"""What a recording is made of: names, manifest, checkpoints, and their bounds.

    manifest.json       what it is: sites, range, counts, where it was made
    checkpoints.msgpack each site's state at the first Frame; none: from the beginning
    frames.parquet      the Frames, by offset
    points/             the values, laid out as the embedded history
    bookmarks.json      places worth looking at

A recording may come from anybody. Everything read here is bounded and checked, and an error
names the file, what is wrong with it and the way out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from podcore.errors import ConfigError
from podcore.names import ID_PATTERN
from podcore.ports import Checkpoint
from podcore.site import Site

VERSION: Final = 1
SCHEMA: Final = f"podtwin/recording/{VERSION}"
MANIFEST: Final = "manifest.json"
CHECKPOINTS: Final = "checkpoints.msgpack"
FRAMES: Final = "frames.parquet"
BOOKMARKS: Final = "bookmarks.json"
POINTS: Final = "points"
# Whatever else an archive holds is not unpacked.
MEMBER: Final = re.compile(
    rf"manifest\.json|checkpoints\.msgpack|frames\.parquet|bookmarks\.json"
    rf"|points/site={ID_PATTERN}/date=\d{{4}}-\d\d-\d\d/[a-z0-9-]+\.parquet"
)
MAX_MANIFEST_BYTES: Final = 256 << 20  # 1,000 sites of 2,000 points, at 100 bytes a point
MAX_CHECKPOINT_BYTES: Final = 256 << 20  # 1,000 sites at 200 kB, ten times what the largest takes

_SCHEMA = re.compile(r"podtwin/recording/(\d{1,9})")
_T = TypeVar("_T")


class Machine(msgspec.Struct, frozen=True):
    """Where results were calculated; digests are promised on one CPU type only."""

    processor: str
    cpu_features: list[str]
    python: str
    libraries: dict[str, str]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording says of itself.

    sites : each as it was when the recording ends.
    parameter_digests : of each site that has a model, at the first Frame.
    from_ns, to_ns : receive time of the first and the last Frame.
    first_offset, last_offset : of the Frames, as in the log they came from.
    digest : of the live run over these Frames, when it is known.
    rebuilt : made from the history; replays agree with each other, not with the live run.
    """

    schema: str = SCHEMA
    version: str
    created_at: str
    from_ns: int
    to_ns: int
    first_offset: int
    last_offset: int
    frames: int
    values: int
    sites: list[Site]
    parameter_digests: dict[str, str] = {}
    machine: Machine
    digest: str | None = None
    rebuilt: bool = False


class Bookmark(msgspec.Struct, frozen=True):
    """A place in a recording worth looking at."""

    offset: int
    name: str


class _Schema(msgspec.Struct):
    schema: str


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The manifest as indented JSON, for people who look into a recording."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(text)


def write_checkpoints(folder: Path, checkpoints: Sequence[Checkpoint]) -> None:
    """The checkpoints; an empty list says that the recording starts from the beginning."""
    (folder / CHECKPOINTS).write_bytes(msgspec.msgpack.encode(list(checkpoints)))


def write_bookmarks(folder: Path, bookmarks: Sequence[Bookmark]) -> None:
    """The bookmarks as JSON."""
    (folder / BOOKMARKS).write_bytes(msgspec.json.encode(list(bookmarks)))


def read_manifest(folder: Path) -> Manifest:
    """The manifest.

    Raises
    ------
    ConfigError  When the folder is no recording, or one of a newer version.
    """
    file = folder / MANIFEST
    content = read_bounded(file, MAX_MANIFEST_BYTES)
    try:
        schema = msgspec.json.decode(content, type=_Schema).schema
    except msgspec.DecodeError as error:
        raise foreign(file, f"is no manifest of a recording ({error})") from error
    match = _SCHEMA.fullmatch(schema)
    if match is None:
        raise ConfigError("schema", schema, f"must be {SCHEMA}", WAY_OUT, file=str(file))
    if int(match[1]) > VERSION:
        rule = f"this PodTwin reads up to {SCHEMA}"
        way_out = "replay it with the PodTwin that made it, or update this one"
        raise ConfigError("schema", schema, rule, way_out, file=str(file))
    return _decoded(file, msgspec.json.Decoder(Manifest), content)


def read_checkpoints(folder: Path) -> list[Checkpoint]:
    """The checkpoints; none when the recording starts from the beginning."""
    file = folder / CHECKPOINTS
    content = read_bounded(file, MAX_CHECKPOINT_BYTES)
    return _decoded(file, msgspec.msgpack.Decoder(list[Checkpoint]), content)


def read_bookmarks(folder: Path) -> list[Bookmark]:
    """The bookmarks."""
    file = folder / BOOKMARKS
    content = read_bounded(file, MAX_MANIFEST_BYTES)
    return _decoded(file, msgspec.json.Decoder(list[Bookmark]), content)


def read_bounded(file: Path, limit: int) -> bytes:
    """A file's content.

    Raises
    ------
    ConfigError  When it is missing or larger than `limit`.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise foreign(file, "is missing") from error
    if len(content) > limit:
        raise foreign(file, f"is larger than {limit} bytes")
    return content


def foreign(file: Path, what: str) -> ConfigError:
    """The error for a file that is missing, foreign or damaged."""
    return ConfigError(str(file), None, f"{what}, so this is no whole recording", WAY_OUT)


WAY_OUT: Final = "make one with `podtwin record`, or copy it again whole"


def _decoded(
    file: Path, decoder: msgspec.json.Decoder[_T] | msgspec.msgpack.Decoder[_T], content: bytes
) -> _T:
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise foreign(file, f"cannot be read ({error})") from error


def parameter_digests(digests: Mapping[str, str]) -> dict[str, str]:
    """Those that are not empty, by site."""
    return {site: digest for site, digest in sorted(digests.items()) if digest}
