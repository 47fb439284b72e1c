"""`/api/v1/stream`: what changes, as server-sent events.

The framework can iterate events by itself, but puts two buffers between them and the socket and
has a ping of its own, every 15 s. Here the next event is made when the last one has been taken,
so that what a slow client has missed is merged instead of waiting for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.sse import EventSourceResponse, format_sse_event

from podcore.errors import shorten
from podcore.names import did_you_mean
from podtwin.api.context import Context, Live, Shared, problems
from podtwin.api.deltas import Event, Wanted
from podtwin.api.problem import ProblemError

PING_S = 2.0  # a page greys itself after 5 s without any event
# Streams at once. Each holds a socket and up to 64 KiB in its send buffer; one browser opens one.
MAX_CLIENTS = 256
MAX_SITES = 500  # site ids in one request, beyond which `sites` is better left out
KINDS = ("sites", "values", "alerts")

router = APIRouter(tags=["stream"])


async def wanted(
    context: Shared,
    sites: Annotated[
        str | None,
        Query(max_length=64 * MAX_SITES, description="site ids, separated by commas; all"),
    ] = None,
    kinds: Annotated[
        str, Query(max_length=64, description="of sites, values, alerts, separated by commas")
    ] = ",".join(KINDS),
) -> Wanted:
    """What the caller wants to hear of."""
    names = frozenset(kinds.split(","))
    for name in sorted(names - {*KINDS}):
        detail = f"kinds has {shorten(name)}; {did_you_mean(name, KINDS)}"
        raise ProblemError(400, "invalid_parameter", detail)
    chosen = frozenset(sites.split(",")) if sites else None
    for site_id in sorted(chosen or ()):
        context.ask(site_id, lambda _: True)
    return Wanted(
        chosen,
        context.caller.sites,
        values="values" in names,
        site_shapes="sites" in names,
        alerts="alerts" in names,
    )


@router.get(
    "/api/v1/stream",
    summary="Server-sent events: a snapshot, then deltas of what changed",
    # Naming EventSourceResponse here would make the framework iterate by itself.
    response_class=Response,
    responses={
        200: {
            "description": "Events snapshot, delta, ping and end.",
            "content": {EventSourceResponse.media_type: {"schema": {"type": "string"}}},
        },
        **problems(400, 401, 404, 503),
    },
    dependencies=[Live],
)
async def stream(
    context: Shared,
    chosen: Annotated[Wanted, Depends(wanted)],
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> EventSourceResponse:
    """Events `snapshot`, `delta`, `ping` every 2 s, `end` when server, key or session ends.

    With `Last-Event-ID` it goes on where the caller was, with one delta of all that changed
    since, as long as that is no more than 4,096 deltas ago; else with a new snapshot.
    """
    if context.deps.hub.ended:
        raise ProblemError(503, "stopping", "the server stops", headers={"Retry-After": "2"})
    if context.deps.hub.clients >= MAX_CLIENTS:
        detail = f"{MAX_CLIENTS} streams are open, as many as there may be; close one"
        raise ProblemError(503, "too_many_streams", detail, headers={"Retry-After": "10"})
    return EventSourceResponse(
        events(context, chosen, last_event_id),
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def events(
    context: Context, chosen: Wanted, last_event_id: str | None
) -> AsyncIterator[bytes]:
    """The stream of one client, as bytes."""
    hub, clock = context.deps.hub, context.deps.clock
    changed, loop = asyncio.Event(), asyncio.get_running_loop()
    leave = hub.listen(lambda: loop.call_soon_threadsafe(changed.set))
    try:
        number = hub.find(last_event_id) if last_event_id else None
        if number is None:
            event = await context.in_thread(lambda: hub.snapshot(chosen))
            number = event.number
            yield _text(event)
        ping_at_s = clock.monotonic_s() + PING_S
        while not hub.ended:
            following = hub.after(number, chosen)
            if following is not None:
                number = following.number
                if not following.empty:
                    yield _text(following)
            if clock.monotonic_s() >= ping_at_s:
                ping_at_s = clock.monotonic_s() + PING_S
                if not await context.door.keyring.still(context.caller):
                    yield _note("end", {"reason": "the key or the session has ended"})
                    return
                yield _note("ping", {"now_ms": clock.now_ns() // 1_000_000})
            if following is None:
                await _wait(changed, ping_at_s - clock.monotonic_s())
        yield _note("end", {"reason": "the server stops"})
    finally:
        leave()


async def _wait(changed: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, timeout_s)):
            await changed.wait()
    except TimeoutError:
        return
    changed.clear()


def _text(event: Event) -> bytes:
    return format_sse_event(data_str=event.data.decode(), event=event.name, id=event.id)


def _note(name: str, data: dict[str, int | str]) -> bytes:
    return format_sse_event(data_str=msgspec.json.encode(data).decode(), event=name)
