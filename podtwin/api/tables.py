"""Reads of the history for routes: its pieces, or a problem that says who has to act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import polars as pl

from podcore.errors import Refused, Unreachable
from podcore.ports import SeriesQuery
from podtwin.api.context import Context
from podtwin.api.problem import ProblemError

AGAIN_AFTER_S: Final = 5


def read_pieces(context: Context, query: SeriesQuery) -> Iterator[pl.DataFrame]:
    """A range as pieces ascending in time.

    Raises
    ------
    ProblemError  503 when the history is away; live values come from elsewhere and go on.
    """
    yield from _answered(lambda: context.deps.tables(query))


def read_bins(context: Context, query: SeriesQuery, step_ns: int) -> Iterator[pl.DataFrame]:
    """A range as bins of a step, in tables of which each bin of a series is in one.

    Raises
    ------
    ProblemError  As `read_pieces` does.
    """
    yield from _answered(lambda: context.deps.bins(query, step_ns))


def _answered(asked: Callable[[], Iterator[pl.DataFrame]]) -> Iterator[pl.DataFrame]:
    try:
        yield from asked()
    except (Unreachable, Refused) as error:
        detail = f"the history cannot be read now: {error}; live values go on, nothing is lost"
        headers = {"Retry-After": str(AGAIN_AFTER_S)}
        raise ProblemError(503, "history_away", detail, headers=headers) from error
