"""`/api/v1/recordings` and `/api/v1/replays`: what lies in the data directory."""

from __future__ import annotations

from fastapi import APIRouter, Response

from podtwin.api.context import Shared, answer, problems
from podtwin.api.models import RecordingShape, RecordingsShape, ReplayShape, ReplaysShape
from podtwin.api.summary import text_of

router = APIRouter(tags=["recordings"])


@router.get(
    "/api/v1/recordings",
    summary="Recordings in the data directory",
    response_model=RecordingsShape,
    responses=problems(400),
)
async def recordings(context: Shared) -> Response:
    """As their manifests say."""
    found = await context.in_thread(context.deps.recordings)
    shapes = [
        RecordingShape(
            id=each.id,
            path=each.path,
            from_=text_of(each.from_ns),
            to=text_of(each.to_ns),
            frames=each.frames,
            sites=list(each.sites),
            digest=each.digest,
            created_at=text_of(each.created_ns),
            rebuilt=each.rebuilt,
        )
        for each in found
    ]
    return answer(RecordingsShape(recordings=shapes))


@router.get(
    "/api/v1/replays",
    summary="Replays in the data directory",
    response_model=ReplaysShape,
    responses=problems(400),
)
async def replays(context: Shared) -> Response:
    """Running and done; the same digest means the same result."""
    found = await context.in_thread(context.deps.replays)
    shapes = [
        ReplayShape(
            id=each.id,
            recording=each.recording,
            state=each.state,
            frames=each.frames,
            digest=each.digest,
            speed=each.speed,
            started_at=text_of(each.started_ns),
        )
        for each in found
    ]
    return answer(ReplaysShape(replays=shapes))
