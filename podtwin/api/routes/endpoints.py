"""`/api/v1/endpoints` and `/api/v1/deliveries`: where messages go, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from podcore.errors import ConfigError, shorten
from podcore.outbox import Endpoint
from podcore.ports import Notice
from podtwin.alerts.delivery import TRANSITIONS, Delivery, DeliveryEvent
from podtwin.alerts.event import TEST_TYPE, trial_body
from podtwin.api.alert_models import (
    AcceptedShape,
    DeliveriesShape,
    DeliveryRawShape,
    EndpointsShape,
    delivery_raw_shape,
    delivery_shape,
    endpoint_shape,
)
from podtwin.api.context import Context, Shared, answer, problems
from podtwin.api.paging import MAX_CURSOR, make_cursor, read_cursor
from podtwin.api.problem import ProblemError
from podtwin.api.routes.alerts import MAX_PAGE
from podtwin.store.deliveries import Message, MessageQuery

router = APIRouter(tags=["deliveries"])
_WORD: Final = r"^[0-9A-Za-z_-]+$"
EndpointId = Annotated[str, Path(min_length=1, max_length=64, pattern=_WORD)]
DeliveryId = Annotated[str, Path(min_length=1, max_length=64, pattern=_WORD)]


@router.get(
    "/api/v1/endpoints",
    summary="Where messages go",
    response_model=EndpointsShape,
    responses=problems(400),
)
async def endpoints(context: Shared) -> Response:
    """With how many messages each has in which state; secrets are never shown."""

    def read() -> tuple[list[Endpoint], Mapping[tuple[str, str], int]]:
        return context.deps.endpoints.endpoints(), context.deps.deliveries.counts()

    known, counts = await context.in_thread(read)
    shapes = [
        endpoint_shape(each, {state: n for (of, state), n in counts.items() if of == each.id})
        for each in known
    ]
    return answer(EndpointsShape(endpoints=shapes))


@router.post(
    "/api/v1/endpoints/{endpoint}/test",
    status_code=202,
    summary="Send a test message",
    response_model=AcceptedShape,
    responses=problems(400, 403, 404, 409),
)
async def test(endpoint: EndpointId, context: Shared) -> Response:
    """Answers with the id of the message; `deliveries/{id}` says what comes of it."""
    known = await context.in_thread(context.deps.endpoints.endpoints)
    found = next((each for each in known if each.id == endpoint), None)
    if found is None:
        detail = f"there is no endpoint {shorten(endpoint)}; /api/v1/endpoints lists what there is"
        raise ProblemError(404, "unknown_endpoint", detail)
    if not found.enabled:
        why = f": {found.reason}" if found.reason else ""
        detail = f"endpoint {found.id} is disabled{why}; nothing is sent there until it is enabled"
        raise ProblemError(409, "endpoint_disabled", detail)
    by, now_ns = context.caller.by, context.deps.clock.now_ns()
    notice = _test_notice(context.deps.new_id(), now_ns)

    def ask() -> str:
        message = context.deps.endpoints.queue(notice, found.id)
        context.deps.audit.add(now_ns, by, "endpoint_tested", found.id, message)
        return message

    message = await context.in_thread(ask)
    context.deps.wake()
    return answer(AcceptedShape(id=message), code=202)


@router.get(
    "/api/v1/deliveries",
    summary="Messages, newest first",
    response_model=DeliveriesShape,
    responses=problems(400),
)
async def deliveries(
    context: Shared,
    endpoint: Annotated[str | None, Query(max_length=64)] = None,
    alert: Annotated[str | None, Query(max_length=64)] = None,
    state: Delivery | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
) -> Response:
    """A page; `next` leads to the one after it."""
    before = read_cursor(cursor, 1)[0] if cursor is not None else None
    query = MessageQuery(endpoint, alert, state, before, limit + 1, context.limited_to())
    found = await context.in_thread(lambda: context.deps.deliveries.messages(query))
    following = make_cursor(found[limit - 1].id) if len(found) > limit else None
    shapes = [delivery_shape(each) for each in found[:limit]]
    return answer(DeliveriesShape(deliveries=shapes, next=following))


@router.get(
    "/api/v1/deliveries/{delivery}",
    summary="A message as it is sent, with its attempts",
    response_model=DeliveryRawShape,
    responses=problems(400, 404),
)
async def delivery(delivery: DeliveryId, context: Shared) -> Response:
    """Body, headers of the newest attempt, and what each attempt was answered."""
    found, log = await _find(context, delivery), context.deps.deliveries
    attempts = await context.in_thread(lambda: log.attempts(found.id))
    return answer(delivery_raw_shape(found, attempts))


@router.post(
    "/api/v1/deliveries/{delivery}/redeliver",
    status_code=202,
    summary="Send a settled message once more",
    response_model=AcceptedShape,
    responses=problems(400, 403, 404, 409),
)
async def redeliver(delivery: DeliveryId, context: Shared) -> Response:
    """Under its own id, so that a receiver that has it already can tell."""
    found = await _find(context, delivery)
    if (Delivery(found.state), DeliveryEvent.ASKED_AGAIN) not in TRANSITIONS:
        raise _on_its_way(found)
    by, now_ns = context.caller.by, context.deps.clock.now_ns()
    try:
        await context.in_thread(lambda: context.deps.endpoints.redeliver(found.id, by, now_ns))
    except ConfigError:  # it was taken up between the look and the deed
        raise _on_its_way(found) from None
    context.deps.wake()
    return answer(AcceptedShape(id=found.id), code=202)


def _on_its_way(message: Message) -> ProblemError:
    rule = "only what is delivered or dead is sent once more"
    detail = f"message {message.id} is {message.state}: {rule}; wait for it"
    return ProblemError(409, "not_settled", detail, fields={"state": message.state})


async def _find(context: Context, delivery: str) -> Message:
    found = await context.in_thread(lambda: context.deps.deliveries.message(delivery))
    if found is None or not context.sees(found.site):
        detail = f"there is no message {shorten(delivery)}; /api/v1/deliveries lists what there is"
        raise ProblemError(404, "unknown_delivery", detail)
    return found


def _test_notice(new_id: str, now_ns: int) -> Notice:
    return Notice(f"test-{new_id}", "", "", "", TEST_TYPE, now_ns, 0, trial_body(now_ns))
