"""`/api/v1/keys`: who may ask, for those who decide that."""

from __future__ import annotations

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from podcore.access import Key, make_key
from podcore.errors import ConfigError, shorten
from podtwin.api.context import Context, Shared, answer, problems
from podtwin.api.key_models import (
    KeysShape,
    MadeKeyShape,
    NewKeyShape,
    key_shape,
)
from podtwin.api.paging import MAX_CURSOR, foreign_cursor, make_cursor, read_cursor
from podtwin.api.problem import ProblemError
from podtwin.api.times import parse_time

MAX_PAGE: Final = 500

router = APIRouter(tags=["keys"])
KeyId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")]


@router.get(
    "/api/v1/keys",
    summary="Keys, oldest first",
    response_model=KeysShape,
    responses=problems(400, 401, 403),
)
async def keys(
    context: Shared,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
) -> Response:
    """Revoked ones too; secrets are kept nowhere."""
    known, start = await context.in_thread(context.deps.keys.all), 0
    if cursor is not None:
        (last,) = read_cursor(cursor, 1)
        start = 1 + next((at for at, each in enumerate(known) if each.id == last), -1)
        if start == 0:
            raise foreign_cursor(cursor)
    shown, now_ns = known[start : start + limit], context.deps.clock.now_ns()
    following = make_cursor(shown[-1].id) if start + limit < len(known) else None
    return answer(KeysShape(keys=[key_shape(each, now_ns) for each in shown], next=following))


@router.post(
    "/api/v1/keys",
    status_code=201,
    summary="Make a key",
    response_model=MadeKeyShape,
    responses=problems(400, 401, 403, 409, 422),
)
async def add(said: NewKeyShape, context: Shared) -> Response:
    """`key` in the answer is the only time that it is shown."""
    made, token = _made(said, context)
    try:
        await context.in_thread(lambda: context.deps.keys.add(made))
    except ConfigError as error:
        raise ProblemError(409, "name_taken", f"{error.rule}; {error.way_out}") from None
    shape = key_shape(made, made.created_ns)
    return answer(MadeKeyShape(**dict(shape), key=token), code=201)


@router.delete(
    "/api/v1/keys/{key}",
    status_code=204,
    summary="Revoke a key",
    response_class=Response,
    responses=problems(400, 401, 403, 404),
)
async def revoke(key: KeyId, context: Shared) -> Response:
    """Its sessions and streams end with it. To revoke it twice is no mistake."""
    deps = context.deps
    if await context.in_thread(lambda: deps.keys.get(key)) is None:
        detail = f"there is no key {shorten(key)}; /api/v1/keys lists what there is"
        raise ProblemError(404, "unknown_key_id", detail)
    now_ns, by = deps.clock.now_ns(), context.caller.by
    await context.in_thread(lambda: deps.keys.revoke(key, by, now_ns))
    context.door.keyring.forget()
    return Response(status_code=204)


def _made(said: NewKeyShape, context: Context) -> tuple[Key, str]:
    now_ns = context.deps.clock.now_ns()
    try:
        return make_key(
            said.name, said.scope, said.sites, by=context.caller.by, now_ns=now_ns,
            expires_ns=_expiry(said.expires, now_ns), random=secrets.token_bytes,
        )  # fmt: skip
    except ConfigError as error:
        raise _invalid(error.place, f"{shorten(error.value)}: {error.rule}") from None


def _expiry(text: str | None, now_ns: int) -> int | None:
    try:
        return None if text is None else parse_time(text, now_ns)
    except ValueError as error:
        raise _invalid("expires", str(error)) from None


def _invalid(name: str, rule: str) -> ProblemError:
    return ProblemError(422, "invalid_parameter", f"body parameter {name!r}: {rule}")
