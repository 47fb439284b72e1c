"""`/api/v1/recordings` and `/api/v1/replays`: what lies in the data directory.

Who is limited to some sites sees what is of no others.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Response

from podtwin.api.context import Context, Shared, answer, problems
from podtwin.api.deps import RecordingInfo
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
    found = _seen(context, await context.in_thread(context.deps.recordings))
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
    found, of = await context.in_thread(lambda: (context.deps.replays(), context.deps.recordings()))
    if not context.caller.sites.all:
        seen = {each.id for each in _seen(context, of)}
        found = [each for each in found if each.recording in seen]
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


def _seen(context: Context, found: Sequence[RecordingInfo]) -> list[RecordingInfo]:
    if context.caller.sites.all:
        return list(found)
    return [each for each in found if each.sites and all(map(context.sees, each.sites))]
