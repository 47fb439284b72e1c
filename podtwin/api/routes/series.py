"""`/api/v1/series`: ranges of points, as JSON or as tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Annotated, Final

import polars as pl
from fastapi import APIRouter, Header, Query, Response
from starlette.responses import StreamingResponse

from podcore.clock import NS, rfc3339
from podtwin.api import formats
from podtwin.api.aggregate import COLUMNS, Agg, finish, finish_as_is_usual, thin
from podtwin.api.context import Context, Live, Shared, answer, problems
from podtwin.api.models import SeriesEntryShape, SeriesShape
from podtwin.api.newest import NewestSite
from podtwin.api.problem import ProblemError
from podtwin.api.ranges import Range, find_points, find_sources, find_span, find_step
from podtwin.api.tables import read_bins, read_pieces
from podtwin.store.bins import BINS

MAX_JSON_VALUES: Final = 50_000  # 1.5 MB of text, which a browser parses in about 20 ms
MAX_PARQUET_ROWS: Final = 5_000_000  # its index stands at the end, so the file is held: 250 MB
MAX_BINS: Final = 1_000_000  # 100 MB of parts
THIN_ABOVE: Final = 500_000  # rows held before a range that may be thinned is thinned: 40 MB

router = APIRouter(tags=["series"])
PointText = Annotated[str, Query(min_length=1, max_length=200)]


@router.get(
    "/api/v1/series",
    summary="Ranges of points, whole, in steps or thinned",
    response_model=SeriesShape,
    responses={
        200: {
            "description": f"JSON by columns, or long rows of {', '.join(COLUMNS)}.",
            "content": {
                formats.CSV: {"schema": {"type": "string"}},
                formats.PARQUET: {"schema": {"type": "string", "format": "binary"}},
                formats.ARROW: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **problems(400, 404, 406, 413, 503),
    },
    dependencies=[Live],
)
async def series(  # noqa: PLR0917 - the framework calls it by names
    context: Shared,
    point: Annotated[
        list[PointText],
        Query(min_length=1, max_length=100, description="site/asset/point; * stands for any part"),
    ],
    from_text: Annotated[
        str,
        Query(alias="from", max_length=64, description="now-6h, RFC 3339 or Unix milliseconds"),
    ] = "now-1h",
    to: Annotated[str, Query(max_length=64, description="as from; not included")] = "now",
    step: Annotated[str | None, Query(max_length=16, description="width of a bin: 10s, 1m")] = None,
    agg: Annotated[
        Agg | None, Query(description="what a bin comes to; mean, of counters and states last")
    ] = None,
    source: Annotated[
        str, Query(max_length=64, description="of measured, twin, forecast, whatif")
    ] = "measured",
    max_points: Annotated[
        int | None, Query(ge=10, le=MAX_JSON_VALUES, description="JSON: thin longer series")
    ] = None,
    accept: Annotated[str, Header(max_length=1_000, include_in_schema=False)] = formats.JSON,
) -> Response:
    """Values in [from, to).

    Relative times count from now, or from the newest value of the first named site while that
    is recorded. A bin is named by its start. Thinning keeps extremes.
    """
    media_type = formats.chosen_format(accept)
    if media_type is None:
        detail = (
            f"none of what Accept names can be given; there are {', '.join(formats.MEDIA_TYPES)}"
        )
        raise ProblemError(406, "no_such_format", detail)
    step_ns = find_step(step, agg)
    # A hundred patterns over thousands of points take a second.
    points = await context.in_thread(lambda: find_points(context, point))
    from_ns, to_ns = find_span(context, next(iter(points)), from_text, to)
    asked = Range(points, from_ns, to_ns, find_sources(source), step_ns, agg)
    if media_type == formats.JSON:
        return answer(await context.in_thread(lambda: _json(context, asked, max_points)))
    if max_points is not None:
        detail = "query parameter 'max_points': it thins JSON alone; for tables use step"
        raise ProblemError(400, "invalid_parameter", detail)
    return await _table(context, asked, media_type)


def _json(context: Context, asked: Range, max_points: int | None) -> SeriesShape:
    rows = _rows(context, asked, max_points)
    _require(rows.height, MAX_JSON_VALUES, "use step or max_points, or Accept an Arrow stream")
    entries = [
        _entry(context, part)
        for part in rows.partition_by("site", "asset", "point", "source", maintain_order=True)
    ]
    return SeriesShape(
        from_=rfc3339(asked.from_ns),
        to=rfc3339(asked.to_ns),
        step_s=asked.step_ns / NS if asked.step_ns else None,
        series=entries,
    )


def _entry(context: Context, rows: pl.DataFrame) -> SeriesEntryShape:
    site, asset, point, source = rows.select("site", "asset", "point", "source").row(0)
    flags, sd = rows["flags"], rows["sd"]
    return SeriesEntryShape(
        point=f"{site}/{asset}/{point}",
        source=source,
        unit=context.ask(site, lambda newest: newest.unit_of(f"{asset}/{point}")),
        t_ms=(rows["ts"].cast(pl.Int64) // 1_000_000).to_list(),
        v=rows["value"].to_list(),
        flags=flags.to_list() if (flags != 0).any() else None,
        sd=None if sd.null_count() == len(sd) else sd.to_list(),
    )


async def _table(context: Context, asked: Range, media_type: str) -> Response:
    name = {formats.CSV: "csv", formats.PARQUET: "parquet", formats.ARROW: "arrow"}[media_type]
    headers = {"Content-Disposition": f'attachment; filename="series.{name}"'}
    if media_type == formats.PARQUET:
        body = await context.in_thread(
            lambda: formats.parquet_bytes(_bounded(_table_pieces(context, asked)))
        )
        return Response(body, headers=headers, media_type=media_type)
    make = formats.csv_parts if media_type == formats.CSV else formats.arrow_parts
    parts = make(_table_pieces(context, asked))
    first = await context.in_thread(lambda: [next(parts), next(parts, b"")])  # a refusal comes here
    return StreamingResponse(
        _streamed(context, first, parts), headers=headers, media_type=media_type
    )


async def _streamed(
    context: Context, first: list[bytes], parts: Iterator[bytes]
) -> AsyncIterator[bytes]:
    for part in first:
        yield part
    while part := await context.in_thread(lambda: next(parts, b"")):
        yield part


def _table_pieces(context: Context, asked: Range) -> Iterator[pl.DataFrame]:
    if asked.step_ns is None:
        return _pieces(context, asked)
    return iter([_binned(context, asked, asked.step_ns, MAX_BINS)])


def _rows(context: Context, asked: Range, max_points: int | None) -> pl.DataFrame:
    if asked.step_ns is not None:
        rows = _binned(context, asked, asked.step_ns, MAX_BINS if max_points else MAX_JSON_VALUES)
        return rows if max_points is None else thin(rows, max_points, asked.from_ns, asked.to_ns)
    held = [pl.DataFrame(schema=formats.SCHEMA)]
    for piece in _pieces(context, asked):
        held.append(piece)
        height = sum(each.height for each in held)
        if max_points is None:
            _require(height, MAX_JSON_VALUES, "use step or max_points, or Accept an Arrow stream")
        elif height > THIN_ABOVE:
            held = [thin(pl.concat(held), max_points, asked.from_ns, asked.to_ns)]
    rows = pl.concat(held).sort("site", "asset", "point", "source", "ts")
    return rows if max_points is None else thin(rows, max_points, asked.from_ns, asked.to_ns)


def _binned(context: Context, asked: Range, step_ns: int, limit: int) -> pl.DataFrame:
    held, height = [pl.DataFrame(schema=BINS)], 0
    for query in asked.queries():
        for part in read_bins(context, query, step_ns):
            held.append(part)
            height += part.height
            _require(height, limit, "use a longer step or a shorter span")
    bins = pl.concat(held)
    if asked.agg is not None:
        return finish(bins, asked.agg)
    return finish_as_is_usual(bins, _gauges(context, asked))


def _gauges(context: Context, asked: Range) -> list[str]:
    def of_site(site: NewestSite) -> list[str]:
        name = site.site.id
        return [f"{name}/{point}" for point in asked.points[name] if site.is_gauge(point)]

    return [point for site in asked.points for point in context.ask(site, of_site)]


def _pieces(context: Context, asked: Range) -> Iterator[pl.DataFrame]:
    for query in asked.queries():
        for piece in read_pieces(context, query):
            yield piece.select(list(formats.SCHEMA))


def _bounded(pieces: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    rows = 0
    for piece in pieces:
        rows += piece.height
        _require(rows, MAX_PARQUET_ROWS, "Accept an Arrow stream, which has no limit")
        yield piece


def _require(count: int, limit: int, way_out: str) -> None:
    if count > limit:
        detail = f"more than {limit} values lie in this range, the most for one answer; {way_out}"
        raise ProblemError(413, "too_many_values", detail, fields={"limit": limit})
