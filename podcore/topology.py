"""The graph of a site's assets: edges, cycles, ancestors."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


class Relation(enum.StrEnum):
    """What an edge from one asset to another means."""

    FEEDS = "feeds"
    COOLS = "cools"
    MEASURES = "measures"
    PART_OF = "part_of"


@dataclass(frozen=True, slots=True)
class Edge:
    """A directed relation between two assets."""

    source: str
    target: str
    relation: Relation


def find_cycle(edges: Iterable[tuple[str, str]]) -> list[str] | None:
    """The assets along one cycle, its first asset repeated at the end; None when there is none."""
    targets: dict[str, list[str]] = {}
    for source, target in edges:
        targets.setdefault(source, []).append(target)
    finished: set[str] = set()
    for start in sorted(targets):
        cycle = _walk(start, targets, finished)
        if cycle is not None:
            return cycle
    return None


def _walk(start: str, targets: Mapping[str, Sequence[str]], finished: set[str]) -> list[str] | None:
    # Depth first without recursion: a chain of 2,000 assets is a legal file.
    path: list[str] = []
    on_path: set[str] = set()
    todo: list[tuple[str, bool]] = [(start, False)]
    while todo:
        asset, leaving = todo.pop()
        if leaving:
            path.pop()
            on_path.discard(asset)
            finished.add(asset)
            continue
        if asset in on_path:
            return [*path[path.index(asset) :], asset]
        if asset in finished:
            continue
        path.append(asset)
        on_path.add(asset)
        todo.append((asset, True))
        todo.extend((target, False) for target in targets.get(asset, ()))
    return None


def downstream(asset: str, edges: Iterable[Edge], relation: Relation) -> set[str]:
    """All assets reached from `asset` along edges of one relation."""
    targets: dict[str, list[str]] = {}
    for edge in edges:
        if edge.relation is relation:
            targets.setdefault(edge.source, []).append(edge.target)
    seen: set[str] = set()
    todo = list(targets.get(asset, ()))
    while todo:
        found = todo.pop()
        if found not in seen:
            seen.add(found)
            todo.extend(targets.get(found, ()))
    return seen
