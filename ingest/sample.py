"""What a foreign format is read into: samples with the sender's own names, and what was refused.

A format says what stands in a payload; which point a name is, is the mapping's to say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from ingest.reasons import Reason, Rejected, reject
from podcore.frame import Flag

MAX_KEPT = 100  # refusals of a message that are kept with their texts; all are counted


@dataclass(frozen=True, slots=True)
class Came:
    """How a payload came, where that says something of what stands in it.

    ns : when, in ns since 1970; of one that is tried again when it came first.
    """

    topic: str = ""
    ns: int = 0
    again: bool = False


NOT_SAID = Came()


@dataclass(frozen=True, slots=True)
class Names:
    """What a sample is called, beside its fields."""

    measurement: str
    tags: dict[str, str]


class Sample(msgspec.Struct):
    """Fields of one thing at one instant.

    series : measurement and tags as they were sent; the same text is the same names.
    values : of `fields`, in their order.
    ts_ns : source time in ns since 1970, None when not sent.
    line : where it stood in the payload, from 1.
    bad : fields whose value is no reading, with the reason.
    flags : quality that the sender or the format gives all its values.
    """

    series: str
    fields: tuple[str, ...]
    values: list[float]
    ts_ns: int | None
    line: int
    bad: tuple[tuple[str, Rejected], ...] = ()
    flags: Flag = Flag.NONE


@dataclass(slots=True)
class Refusals:
    """What of a message was refused: everything counted, the first hundred kept.

    kept : with site and node where the mapping had named them, else empty.
    """

    kept: list[tuple[str, str, Rejected]] = field(default_factory=list)
    counts: Counter[Reason] = field(default_factory=Counter)

    def add(self, why: Rejected, site: str = "", node: str = "") -> None:
        """One more, which is at hand."""
        self.counts[why.reason] += 1
        if len(self.kept) < MAX_KEPT:
            self.kept.append((site, node, why))

    def refuse(self, reason: Reason, place: str, value: object, hint: str = "") -> None:
        """One more, whose texts are made only if they are kept."""
        if len(self.kept) < MAX_KEPT:
            self.add(reject(reason, place, value, hint))
        else:
            self.counts[reason] += 1

    @property
    def total(self) -> int:
        """How many."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Turn:
    """A sender that comes or goes, by the series of its samples."""

    sender: str
    online: bool


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be published once the message is committed.

    payload : None for what whoever holds the connection says of itself on that topic.
    """

    topic: str
    payload: bytes | None


@dataclass(slots=True)
class Decoded:
    """A payload, read.

    topic : under which its names are known, where that is not the one it came on.
    turns, commands : of formats that have a dialogue.
    """

    samples: list[Sample] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
    topic: str | None = None
    turns: list[Turn] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)


class Format(Protocol):
    """How payloads of one kind are read."""

    def decode(self, payload: bytes, unit_ns: int, came: Came, /) -> Decoded:
        """The samples of a payload; never raises, whatever the bytes.

        unit_ns : one unit of its times, where the format leaves that open. [ns]
        """

    def names(self, series: str) -> Names | str:
        """What a sample's series says, or what is wrong with it."""
