"""Recorded dialogues of real senders: messages as they came, mapping, what must become of them.

A case is a folder: `messages.jsonl` with topic and payload (`base64` when it is no text) of each
message, `map.yaml`, the sender's own configuration where it has one, and `expected.json`: the topic
filter, each reading as [site, node, point, unit, ts_ns, value], what was said of nodes as [site,
node, online], and the counts of the ledger and of refusals.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import msgspec
from support.sources import ROOT

RECORDINGS = ROOT / "tests" / "recordings"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the broker brought it."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of a dialogue.

    format : of its payloads, as in `ingest.sources`.
    now_ns : when all of it came; without it the time of the newest reading.
    """

    topics: str
    readings: list[list[object]]
    ledger: dict[str, int]
    refused: dict[str, int]
    format: str = "influx"
    now_ns: int | None = None
    states: tuple[list[object], ...] = ()


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One recorded case."""

    folder: Path
    messages: list[Message]
    expected: Expected

    @property
    def map_file(self) -> Path:
        """Its mapping."""
        return self.folder / "map.yaml"


def dialogues(*senders: str) -> list[Dialogue]:
    """All cases of some senders."""
    folders = [folder for sender in senders for folder in (RECORDINGS / sender).glob("*/")]
    return [_read(folder) for folder in sorted(folders)]


def _read(folder: Path) -> Dialogue:
    lines = (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    messages = [Message(row["topic"], _payload(row)) for row in rows]
    expected = (folder / "expected.json").read_bytes()
    return Dialogue(folder, messages, msgspec.json.decode(expected, type=Expected))


def _payload(row: dict[str, str]) -> bytes:
    return base64.b64decode(row["base64"]) if "base64" in row else row["payload"].encode()
