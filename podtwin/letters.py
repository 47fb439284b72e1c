"""Dead letters as people look at them: what was refused, where, why, and what came of it since."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

PREVIEW_BYTES = 4_096  # of a payload: what a person reads to see what was sent


class Stage(enum.StrEnum):
    """Where on its way it was refused."""

    INTAKE = "intake"  # a message of which nothing could be used
    READING = "reading"  # readings of one kind, each out of a message that came in
    FORWARD = "forward"  # a line that a database did not take; the reading itself is stored


@dataclass(frozen=True, slots=True)
class Letter:
    """What was refused.

    id : its stage's letter and a number. at_ns : when, of the newest where there are several.
    place, value, rule, way_out : of the refusal.
    payload : as sent, its first `PREVIEW_BYTES`. size : of all of it. [bytes]
    why_not : why it cannot be tried again, empty when it can.
    waiting : whether it is to be tried again and was not yet.
    retried_ns, stored, outcome : what came of it the last time.
    """

    id: str
    stage: Stage
    at_ns: int
    first_ns: int
    count: int
    site: str
    node: str
    topic: str
    reason: str
    place: str
    value: str
    rule: str
    way_out: str
    payload: bytes = b""
    size: int = 0
    why_not: str = ""
    waiting: bool = False
    retried_ns: int | None = None
    stored: bool = False
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended, stage by stage: their clocks need not agree. Empty is the beginning."""

    intake: str = ""
    reading: str = ""
    forward: str = ""


@dataclass(frozen=True, slots=True)
class LetterQuery:
    """Which letters, newest first. since_ns : refused then or later."""

    site: str | None = None
    node: str | None = None
    reason: str | None = None
    stage: Stage | None = None
    since_ns: int | None = None
    after: Position = Position()
    limit: int = 100

    def wants(self, letter: Letter) -> bool:
        """Whether it is one of them."""
        return (
            self.site in {None, letter.site}
            and self.node in {None, letter.node}
            and self.reason in {None, letter.reason}
            and self.stage in {None, letter.stage}
            and (self.since_ns is None or letter.at_ns >= self.since_ns)
        )


class LetterBook(Protocol):
    """All that was refused, and where one asks for something to be tried again."""

    def page(self, query: LetterQuery) -> tuple[list[Letter], Position | None]:
        """A page, and where the next one begins; None when there is none."""

    def get(self, letter: str) -> Letter | None:
        """One of them, or None."""

    def retry(self, letter: Letter, by: str, now_ns: int, new_id: str) -> str:
        """Asks for a letter to be tried again; the id of what was asked.

        Raises
        ------
        ConfigError  When it cannot be, or too many wait.
        """


def preview(payload: bytes) -> tuple[str, str]:
    """The payload for a person, and how it is written: `text` or `hex`."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_within_a_character = error.reason == "unexpected end of data"
        if not cut_within_a_character or len(payload) < PREVIEW_BYTES:
            return payload.hex(), "hex"
        text = payload[: error.start].decode("utf-8")
    if all(each.isprintable() or each in "\t\r\n" for each in text):
        return text, "text"
    return payload.hex(), "hex"
