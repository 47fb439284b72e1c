"""Templates of ids: literal text and variables, `{tag.host}/cpu_{tag.cpu}_utilization`.

What the operator writes must follow the rules of ids as it stands. What a sender's names put in is
made to: lower case, and each run of other characters becomes one `-` (in a point `_`), none at
an end. What is no id even so is refused by name, when it comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ingest.sample import Names
from podcore.names import did_you_mean

_SPLIT = re.compile(r"\{([^{}]*)\}")
_TOPIC_LEVEL = re.compile(r"topic\.([1-9]\d?)")
_NOT_ID = re.compile(r"[^a-z0-9]+")
KNOWN = ("measurement", "field", "topic", "topic.2", "tag.host")
_FORM = "a variable is {measurement}, {field}, {topic}, {topic.N} for its Nth level, or {tag.NAME}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """One name of a sender: where its value came and what it was called there."""

    topic: str
    names: Names
    field: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A part that a sender's names fill in."""

    kind: Literal["measurement", "field", "topic", "level", "tag"]
    name: str = ""
    level: int = 0

    @classmethod
    def parse(cls, text: str) -> Variable:
        """The variable of that name.

        Raises
        ------
        ValueError  When there is none.
        """
        if text in {"measurement", "field", "topic"}:
            return cls(text)  # type: ignore[arg-type]  # narrowed by the set
        if level := _TOPIC_LEVEL.fullmatch(text):
            return cls("level", text, int(level[1]))
        if text.startswith("tag.") and len(text) > len("tag."):
            return cls("tag", text.removeprefix("tag."))
        raise ValueError(f"{_FORM}; {did_you_mean(text, KNOWN)}")

    def of(self, foreign: Foreign) -> str | None:
        """Its text, or None when the sender's names have no such part."""
        match self.kind:
            case "measurement":
                return foreign.names.measurement
            case "field":
                return foreign.field
            case "topic":
                return foreign.topic
            case "tag":
                return foreign.names.tags.get(self.name)
            case "level":
                levels = foreign.topic.split("/")
                return levels[self.level - 1] if self.level <= len(levels) else None

    def __str__(self) -> str:
        return f"{{tag.{self.name}}}" if self.kind == "tag" else f"{{{self.name or self.kind}}}"


@dataclass(frozen=True, slots=True)
class Template:
    """Text and variables in turn."""

    text: str
    parts: tuple[str | Variable, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """The template in `text`.

        Raises
        ------
        ValueError  When a variable is unknown or a brace has no partner.
        """
        pieces = _SPLIT.split(text)
        literals = pieces[::2]
        if any("{" in piece or "}" in piece for piece in literals):
            raise ValueError(f"a brace has no partner; {_FORM}")
        parts = [
            Variable.parse(piece) if index % 2 else piece for index, piece in enumerate(pieces)
        ]
        return cls(text, tuple(part for part in parts if part))

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables, in order."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    def sample(self) -> str:
        """How it looks when each variable has one letter: what its literal text allows."""
        return "".join(part if isinstance(part, str) else "x" for part in self.parts)

    def fill(self, foreign: Foreign, between: str) -> str | Variable:
        """The id that a name gives, runs of other characters as `between`; or what it lacks."""
        filled = []
        for part in self.parts:
            if isinstance(part, str):
                filled.append(part)
                continue
            clean = _NOT_ID.sub(between, (part.of(foreign) or "").lower()).strip(between)
            if not clean:
                return part
            filled.append(clean)
        return "".join(filled)
