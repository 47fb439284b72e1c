"""Reads of the history for routes: its pieces, or a problem that says who has to act."""

from __future__ import annotations

from collections.abc import Iterator
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
    try:
        yield from context.deps.tables(query)
    except (Unreachable, Refused) as error:
        detail = f"the history cannot be read now: {error}; live values go on, nothing is lost"
        headers = {"Retry-After": str(AGAIN_AFTER_S)}
        raise ProblemError(503, "history_away", detail, headers=headers) from error
