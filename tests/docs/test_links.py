"""Every link from page to page leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.documents import pages
from support.sources import ROOT

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")  # pictures apart


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[tuple[str, str]]:
    """Pages and where they lead, other hosts left out."""
    return [
        (page.relative_to(ROOT).as_posix(), target)
        for page in pages()
        for target in _LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target
    ]


@pytest.mark.parametrize(("page", "target"), sorted(set(links())))
def test_a_link_leads_somewhere(page: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    assert file.exists()
    assert not anchor or anchor in anchors(file)
