"""`/api/v1/alerts`: what is wrong, why it is thought so, and saying that one knows.

An acknowledgement is a row in `commands`, which the engine applies in its order and logs. It is
therefore answered with 202, and the alert itself says when it holds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Body, Path, Query, Request, Response

from podcore.alert import Alert
from podcore.errors import shorten
from podcore.names import ID_PATTERN
from podcore.ports import Command
from podtwin.alerts.conditions import OPEN, State
from podtwin.alerts.handling import Handling, HandlingEvent
from podtwin.alerts.rules import Severity
from podtwin.api.alert_models import (
    AcceptedShape,
    AckShape,
    AlertDeliveriesShape,
    AlertShape,
    AlertsShape,
    TimelineShape,
    alert_shape,
    delivery_detail_shape,
    timeline_shape,
)
from podtwin.api.context import Context, Live, Shared, answer, problems
from podtwin.api.paging import (
    MAX_CURSOR,
    foreign_cursor,
    make_cursor,
    read_cursor,
    read_number,
)
from podtwin.api.problem import ProblemError
from podtwin.store.alert_rows import AlertQuery
from podtwin.store.deliveries import MessageQuery

MAX_PAGE: Final = 500
_MESSAGES: Final = 100  # about one alert: four kinds to some endpoints, and what flaps

router = APIRouter(tags=["alerts"])
AlertId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")]


@router.get(
    "/api/v1/alerts",
    summary="Alerts, open ones first, newest first",
    response_model=AlertsShape,
    responses=problems(400),
    dependencies=[Live],
)
async def alerts(  # noqa: PLR0917 - the framework calls it by names
    context: Shared,
    site: Annotated[str | None, Query(pattern=f"^{ID_PATTERN}$")] = None,
    state: Annotated[State | None, Query(description="open ones are not resolved")] = None,
    severity: Severity | None = None,
    rule: Annotated[str | None, Query(max_length=64)] = None,
    handling: Handling | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
) -> Response:
    """A page; `next` leads to the one after it."""
    query = AlertQuery(
        site=site, severity=severity, state=state, rule=rule, handling=handling,
        limit=limit + 1, sites=context.limited_to(),
    )  # fmt: skip
    found = await context.in_thread(lambda: _page(context, query, cursor))
    shown = found[:limit]
    following = _cursor_after(shown[-1]) if len(found) > limit else None
    return answer(AlertsShape(alerts=[alert_shape(each) for each in shown], next=following))


@router.get(
    "/api/v1/alerts/{alert}",
    summary="An alert with its evidence",
    response_model=AlertShape,
    responses=problems(400, 404),
    dependencies=[Live],
)
async def alert(alert: AlertId, context: Shared, request: Request) -> Response:
    """With an ETag; `evidence.link` is the page that shows it."""
    return answer(alert_shape(await _find(context, alert)), request)


@router.get(
    "/api/v1/alerts/{alert}/timeline",
    summary="All that happened to an alert",
    response_model=TimelineShape,
    responses=problems(400, 404),
    dependencies=[Live],
)
async def timeline(alert: AlertId, context: Shared) -> Response:
    """By time: states, what was told, what people did."""
    found = await _find(context, alert)
    entries = await context.in_thread(lambda: context.deps.alerts.timeline(found))
    return answer(timeline_shape(found, entries))


@router.get(
    "/api/v1/alerts/{alert}/deliveries",
    summary="All messages about an alert, with their attempts",
    response_model=AlertDeliveriesShape,
    responses=problems(400, 404),
    dependencies=[Live],
)
async def deliveries(alert: AlertId, context: Shared) -> Response:
    """Newest first."""
    found, log = await _find(context, alert), context.deps.deliveries

    def read() -> AlertDeliveriesShape:
        messages = log.messages(MessageQuery(alert=found.id, limit=_MESSAGES))
        shapes = [delivery_detail_shape(each, log.attempts(each.id)) for each in messages]
        return AlertDeliveriesShape(alert=found.id, deliveries=shapes)

    return answer(await context.in_thread(read))


@router.post(
    "/api/v1/alerts/{alert}/ack",
    status_code=202,
    summary="Say that one knows of an alert",
    response_model=AcceptedShape,
    responses=problems(400, 403, 404, 409, 422),
)
async def acknowledge(
    alert: AlertId, context: Shared, said: Annotated[AckShape | None, Body()] = None
) -> Response:
    """Answers with the id of the command; the alert's `handling` says when it holds."""
    found = await _find(context, alert)
    if found.state not in OPEN:
        detail = f"alert {found.id} is {found.state}; only what is open can be acknowledged"
        raise ProblemError(409, "not_open", detail, fields={"state": found.state})
    command = Command(
        id=context.deps.new_id(),
        site=found.site,
        kind=HandlingEvent.ACKNOWLEDGE,
        alert=found.id,
        issued_by=context.caller.by,
        issued_ns=context.deps.clock.now_ns(),
        comment=said.comment if said is not None else "",
    )
    await context.in_thread(lambda: context.deps.alerts.add_command(command))
    context.deps.wake()
    return answer(AcceptedShape(id=command.id), code=202)


async def _find(context: Context, alert: str) -> Alert:
    found = await context.in_thread(lambda: context.deps.alerts.get(alert))
    if found is None or not context.sees(found.site):
        detail = f"there is no alert {shorten(alert)}; /api/v1/alerts lists what there is"
        raise ProblemError(404, "unknown_alert", detail)
    return found


def _page(context: Context, query: AlertQuery, cursor: str | None) -> list[Alert]:
    """From the open ones over to the resolved ones, where one page holds both."""
    store, limit = context.deps.alerts, query.limit
    resolved = query.state == State.RESOLVED
    if cursor is not None:
        word, started, alert = read_cursor(cursor, 3)
        if word not in {"open", "resolved"} or not alert:
            raise foreign_cursor(cursor)
        query = replace(query, before=(read_number(cursor, started), alert))
        resolved = resolved or word == "resolved"
    if query.state is not None:
        return store.page(query)
    found = [] if resolved else store.page(replace(query, open_only=True))
    if len(found) < limit:
        before = query.before if resolved else None
        rest = replace(query, state=State.RESOLVED, before=before, limit=limit - len(found))
        found += store.page(rest)
    return found


def _cursor_after(alert: Alert) -> str:
    word = "open" if alert.state in OPEN else "resolved"
    return make_cursor(word, str(alert.started_ns), alert.id)
