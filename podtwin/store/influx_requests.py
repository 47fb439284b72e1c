"""Frames' lines dealt out over requests: bounded, a few at once, each site in one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

LINES: Final = 5_000  # a request, by InfluxDB's own advice; 780 kB of text, 180 kB gzipped
MAX_BYTES: Final = 4 * 1024 * 1024  # of text a request, where lines are long
IN_FLIGHT: Final = 4


class Part(NamedTuple):
    """All lines of a Frame."""

    offset: int
    text: bytes
    lines: int


def lanes(sites: Iterable[list[Part]]) -> list[list[Part]]:
    """Sites dealt out over as many lanes as their lines fill, at most `IN_FLIGHT`."""
    sized = sorted(((sum(p.lines for p in parts), parts) for parts in sites), key=_size)
    wanted = min(IN_FLIGHT, -(-sum(size for size, _ in sized) // LINES))
    dealt: list[list[Part]] = [[] for _ in range(wanted)]
    filled = [0] * wanted
    for size, parts in reversed(sized):
        lane = filled.index(min(filled))
        dealt[lane] += parts
        filled[lane] += size
    return [lane for lane in dealt if lane]


def _size(sized: tuple[int, list[Part]]) -> int:
    return sized[0]


def requests(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in order, cut where a request is full; a Frame is never cut."""
    request: list[Part] = []
    lines = size = 0
    for part in parts:
        if request and (lines + part.lines > LINES or size + len(part.text) > MAX_BYTES):
            yield request
            request, lines, size = [], 0, 0
        request.append(part)
        lines += part.lines
        size += len(part.text)
    if request:
        yield request
