"""The Dockerfile taken apart, and what `.dockerignore` lets into its context."""

from __future__ import annotations

import functools
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.sources import ROOT


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction: its word in capitals, and what follows."""

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands from a FROM to the next."""

    image: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        """What follows each instruction of that word."""
        return [step.text for step in self.steps if step.word == word]


def stages() -> list[Stage]:
    """The stages in their order; the last is the image."""
    found: list[Stage] = []
    for word, text in _instructions():
        if word == "FROM":
            image, _, name = re.sub(r"--platform=\S+ ", "", text).partition(" AS ")
            found.append(Stage(image, name))
        else:
            found[-1].steps.append(Step(word, text))
    return found


def copies(stage: Stage) -> list[tuple[list[str], str]]:
    """Sources and target of each COPY from the context."""
    return [
        (words[:-1], words[-1])
        for words in (shlex.split(text) for text in stage.all("COPY"))
        if not words[0].startswith("--from=")
    ]


def context() -> set[str]:
    """The files that a build sees: paths in the tree."""
    found = set()
    for folder, folders, files in os.walk(ROOT):
        place = Path(folder).relative_to(ROOT)
        # No line lets in again what lies in a folder that is shut out.
        folders[:] = [name for name in folders if admitted((place / name).as_posix())]
        paths = ((place / name).as_posix() for name in files)
        found |= {path for path in paths if admitted(path)}
    return found


def admitted(path: str) -> bool:
    """Whether `.dockerignore` lets a file in: the last line that fits it or a folder above it."""
    inside = True
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for pattern in _patterns():
        if any(_regex(pattern.removeprefix("!")).fullmatch(place) for place in above):
            inside = pattern.startswith("!")
    return inside


@functools.cache
def _patterns() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@functools.cache
def _regex(pattern: str) -> re.Pattern[str]:
    """Of a pattern: `**/` any folders or none, `*` anything within a name."""
    text = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(text)


def _instructions() -> Iterator[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest
