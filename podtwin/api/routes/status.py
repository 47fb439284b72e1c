"""`/api/v1/status`: how the process is."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response

from podtwin.api.context import Shared, problems
from podtwin.status import Status

router = APIRouter(tags=["status"])


@router.get(
    "/api/v1/status",
    summary="Components, threads, lag, backlog and both ledgers",
    response_model=Status,
    responses=problems(400),
)
async def status(context: Shared) -> Response:
    """Exact at the moment of asking: received = stored + duplicate + dead + pending."""
    shown = await context.in_thread(context.deps.status)
    return Response(msgspec.json.encode(shown), media_type="application/json")
