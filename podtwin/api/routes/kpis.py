"""`/api/v1/sites/{site}/kpis`: key figures over a period, with what they stand for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from podtwin.api.context import Live, Shared, SiteId, answer, problems
from podtwin.api.kpis import Period, kpis
from podtwin.api.models import KpisShape
from podtwin.api.ranges import find_span, find_step

router = APIRouter(tags=["sites"])


@router.get(
    "/api/v1/sites/{site}/kpis",
    summary="PUE of a period, with category, boundary and coverage",
    response_model=KpisShape,
    responses=problems(400, 404, 413, 503),
    dependencies=[Live],
)
async def site_kpis(
    site: SiteId,
    context: Shared,
    from_text: Annotated[
        str,
        Query(alias="from", max_length=64, description="now-24h, RFC 3339 or Unix milliseconds"),
    ] = "now-24h",
    to: Annotated[str, Query(max_length=64, description="as from; not included")] = "now",
    step: Annotated[str | None, Query(max_length=16, description="also by step: 1h, 1d")] = None,
) -> Response:
    """A ratio of energies over the time for which both are known; null with a reason."""
    from_ns, to_ns = find_span(context, site, from_text, to)
    period = Period(site, from_ns, to_ns, find_step(step, None))
    return answer(await context.in_thread(lambda: kpis(context, period)))
