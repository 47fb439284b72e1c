"""What a range request asks for: points, times, step, sources; parsed and looked up."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from podcore.errors import shorten
from podcore.frame import Source
from podcore.names import did_you_mean, is_id
from podcore.ports import SeriesQuery
from podtwin.api.aggregate import Agg
from podtwin.api.context import Context
from podtwin.api.problem import ProblemError
from podtwin.api.times import parse_span, parse_time

MAX_POINTS = 500  # points of one request, after * is filled in
_SOURCES = {source.word: source for source in Source}


@dataclass(frozen=True, slots=True)
class Range:
    """A request that can be read.

    points : local ids by site.
    step_ns : None for rows as they are.
    agg : None for what each point's kind asks for.
    """

    points: dict[str, tuple[str, ...]]
    from_ns: int
    to_ns: int
    sources: tuple[Source, ...]
    step_ns: int | None
    agg: Agg | None

    def queries(self) -> list[SeriesQuery]:
        """One query a site."""
        return [
            SeriesQuery(site, points, self.from_ns, self.to_ns, self.sources)
            for site, points in self.points.items()
        ]


def find_points(context: Context, patterns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The points that the patterns name, by site in the order named.

    Raises
    ------
    ProblemError  For a site or point that there is not, and for too many.
    """
    found: dict[str, dict[str, None]] = {}
    for pattern in patterns:
        site_pattern, _, local = pattern.partition("/")
        sites = _matching_sites(context, site_pattern)
        named = [(site, point) for site in sites for point in _matching(context, site, local)]
        if not named:
            raise _unknown_point(context, pattern, sites)
        for site, point in named:
            found.setdefault(site, {})[point] = None
    total = sum(map(len, found.values()))
    if total > MAX_POINTS:
        detail = f"{total} points are asked for, at most {MAX_POINTS} may be; ask in several parts"
        raise ProblemError(413, "too_many_points", detail)
    return {site: tuple(points) for site, points in found.items()}


def find_span(context: Context, site: str, from_text: str, to_text: str) -> tuple[int, int]:
    """The span [from, to); relative times count from the site's own now.

    Raises
    ------
    ProblemError  For a time that cannot be read, and for a span that is empty.
    """
    clock_ns = context.deps.clock.now_ns()
    now_ns = context.ask(site, lambda newest: newest.now_ns(clock_ns))
    from_ns, to_ns = time_of("from", from_text, now_ns), time_of("to", to_text, now_ns)
    if from_ns >= to_ns:
        detail = f"from {shorten(from_text)} is not before to {shorten(to_text)}; swap them"
        raise ProblemError(400, "empty_span", detail)
    return from_ns, to_ns


def find_step(step: str | None, agg: Agg | None) -> int | None:
    """The step in ns, None for rows as they are.

    Raises
    ------
    ProblemError  For a step that cannot be read, and for an aggregation without one.
    """
    if step is None:
        if agg is not None:
            raise _invalid("agg", "it needs a step, as in step=1m")
        return None
    try:
        return parse_span(step)
    except ValueError as error:
        raise _invalid("step", str(error)) from None


def find_sources(text: str) -> tuple[Source, ...]:
    """The sources named, separated by commas.

    Raises
    ------
    ProblemError  For a word that is none.
    """
    words = list(dict.fromkeys(text.split(",")))
    for word in words:
        if word not in _SOURCES:
            raise _invalid("source", f"{shorten(word)} is none; {did_you_mean(word, _SOURCES)}")
    return tuple(_SOURCES[word] for word in words)


def matches(pattern: str, text: str) -> bool:
    """Whether * in the pattern can be filled in to give the text; in time linear to both."""
    head, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    *middle, tail = rest
    if not text.startswith(head) or len(text) < len(head) + len(tail):
        return False
    at, end = len(head), len(text) - len(tail)
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return text.endswith(tail)


def _matching_sites(context: Context, pattern: str) -> list[str]:
    if "*" in pattern:
        return [site for site in context.site_ids() if matches(pattern, site)]
    if not is_id(pattern):
        raise _invalid("point", f"{shorten(pattern)} is no site id; write site/asset/point")
    context.ask(pattern, lambda _: True)
    return [pattern]


def _matching(context: Context, site: str, local: str) -> list[str]:
    known = context.ask(site, lambda newest: newest.point_ids())
    if "*" not in local:
        return [local] if local in known else []
    asset, _, point = local.partition("/")
    split = [(each, *each.split("/", 1)) for each in sorted(known)]
    return [each for each, of, name in split if matches(asset, of) and matches(point, name)]


def _unknown_point(context: Context, pattern: str, sites: list[str]) -> ProblemError:
    known = [
        f"{site}/{point}"
        for site in sites[:1]
        for point in context.ask(site, lambda newest: newest.point_ids())
    ]
    near = difflib.get_close_matches(pattern, known, n=3, cutoff=0.6)
    way_out = f"nearest are {', '.join(near)}" if near else "see /api/v1/sites/{site}/points"
    return ProblemError(
        404,
        "unknown_point",
        f"there is no point {shorten(pattern)}; {way_out}",
        fields={"near": near},
    )


def time_of(name: str, text: str, now_ns: int) -> int:
    """The instant that a query parameter names. [ns]

    Raises
    ------
    ProblemError  When it is none.
    """
    try:
        return parse_time(text, now_ns)
    except ValueError as error:
        raise _invalid(name, str(error)) from None


def _invalid(name: str, rule: str) -> ProblemError:
    return ProblemError(400, "invalid_parameter", f"query parameter {name!r}: {rule}")
