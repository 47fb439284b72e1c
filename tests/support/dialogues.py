"""Recorded dialogues of real senders: messages as they came, mapping, what must become of them.

A case is a folder: `messages.jsonl` with topic and payload of each message, `map.yaml`, the
sender's own configuration, and `expected.json`: the topic filter, each reading as
[site, node, point, unit, ts_ns, value], and the counts of the ledger and of refusals.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from support.sources import ROOT

RECORDINGS = ROOT / "tests" / "recordings"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the broker brought it."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of a dialogue."""

    topics: str
    readings: list[list[object]]
    ledger: dict[str, int]
    refused: dict[str, int]


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


def dialogues(sender: str) -> list[Dialogue]:
    """All cases of a sender."""
    return [_read(folder) for folder in sorted((RECORDINGS / sender).iterdir())]


def _read(folder: Path) -> Dialogue:
    lines = (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    messages = [Message(row["topic"], row["payload"].encode()) for row in rows]
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return Dialogue(folder, messages, Expected(**expected))
