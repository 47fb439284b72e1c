"""`/healthz`, `/readyz` and `/metrics`: for whoever keeps the process running."""

from __future__ import annotations

from fastapi import APIRouter, Response

from podtwin.api.authorize import NOBODY
from podtwin.api.context import Shared, answer, problems
from podtwin.api.metrics import MEDIA_TYPE, metrics_text
from podtwin.api.models import AliveShape, ReadyShape
from podtwin.api.problem import ProblemError
from podtwin.status import Status

router = APIRouter(tags=["health"])


@router.get(
    "/healthz",
    summary="Whether the process answers",
    response_model=AliveShape,
    responses=problems(400),
)
async def healthz(context: Shared) -> Response:
    """200 as long as it can answer at all."""
    del context
    return answer(AliveShape())


@router.get(
    "/readyz",
    summary="Whether every part does its work",
    response_model=ReadyShape,
    responses=problems(400, 503),
)
async def readyz(context: Shared) -> Response:
    """503 while starting, stopping, or when a component or a thread has failed."""
    hub = context.deps.hub
    found = await context.in_thread(context.deps.status)
    # Where keys are asked for, what is open to all names the parts and not what befell them.
    waiting = _not_ready(found, detailed=context.caller is not NOBODY)
    if hub.ended:
        waiting.insert(0, "the server stops")
    if hub.failure:
        waiting.append("hub")
    if waiting or not found.ready:
        detail = f"not ready: {', '.join(waiting) or 'starting or stopping'}"
        raise ProblemError(
            503, "not_ready", detail, fields={"waiting_for": waiting}, headers={"Retry-After": "2"}
        )
    return answer(ReadyShape())


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={
        200: {"description": "Text exposition.", "content": {"text/plain": {}}},
        **problems(400),
    },
)
async def metrics(context: Shared) -> Response:
    """The status of this moment, as counters and gauges."""
    deps = context.deps

    def read() -> bytes:
        alerts, deliveries = deps.alerts.open_counts(), deps.deliveries.counts()
        refused = context.door.attempts.counts
        return metrics_text(deps.status(), deps.hub, alerts, deliveries, refused)

    return Response(await context.in_thread(read), media_type=MEDIA_TYPE)


def _not_ready(status: Status, *, detailed: bool) -> list[str]:
    components = [
        f"{each.name}: {each.detail}" if each.detail and detailed else each.name
        for each in status.components
        if each.state != "running" or not each.ready
    ]
    threads = [f"thread {each.name}" for each in status.threads if not each.alive]
    return components + threads
