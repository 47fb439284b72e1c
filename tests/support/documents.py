"""The pages that users read, taken apart: code blocks, tables, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.sources import ROOT

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BETWEEN_CELLS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the page it stands on, its language, its text."""

    page: str
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Its lines that hold something."""
        return [line for line in self.text.splitlines() if line.strip()]


def pages() -> list[Path]:
    """All pages for users; decisions are for developers and name what once was."""
    named = ("README.md", "CHANGELOG.md", "examples/README.md")
    return [*(ROOT / name for name in named), *sorted((ROOT / "docs").glob("*.md"))]


def text_of(page: str) -> str:
    """The text of a page, by its path in the project."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(language: str, *only: str) -> Iterator[Block]:
    """The blocks of a language, of some pages or of all."""
    for path in pages():
        page = path.relative_to(ROOT).as_posix()
        if only and page not in only:
            continue
        for found, text in _BLOCK.findall(text_of(page)):
            if found == language:
                yield Block(page, found, text)


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its rank or a higher one."""
    rank = heading.partition(" ")[0]
    _, _, below = text_of(page).partition(f"\n{heading}\n")
    assert below, f"{page} has no heading {heading!r}"
    return re.split(rf"^#{{2,{len(rank)}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[tuple[str, ...]]:
    """The rows of all tables in a text, without their heads, code marks taken off."""
    found: list[tuple[str, ...]] = []
    for line in text.splitlines():
        if line.startswith("|---"):
            found.pop()  # the head
        elif line.startswith("|"):
            cells = _BETWEEN_CELLS.split(line.strip().strip("|"))
            found.append(tuple(cell.strip().replace("`", "") for cell in cells))
    return found
