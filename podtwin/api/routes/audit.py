"""`/api/v1/audit`: who changed what."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from podtwin.api.context import Shared, answer, problems
from podtwin.api.key_models import AuditShape, audit_entry_shape
from podtwin.api.paging import MAX_CURSOR, make_cursor, read_cursor, read_number
from podtwin.store.audit import AuditQuery

MAX_PAGE: Final = 500

router = APIRouter(tags=["keys"])
Word = Annotated[str | None, Query(max_length=200)]


@router.get(
    "/api/v1/audit",
    summary="Changes, newest first",
    response_model=AuditShape,
    responses=problems(400, 401, 403),
)
async def audit(
    context: Shared,
    by: Word = None,
    what: Word = None,
    target: Word = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
) -> Response:
    """A page; `next` leads to the one after it."""
    before = None if cursor is None else _position(cursor)
    query = AuditQuery(by, what, target, before, limit + 1)
    found = await context.in_thread(lambda: context.deps.audit.page(query))
    following = make_cursor(str(found[limit - 1].position)) if len(found) > limit else None
    entries = [audit_entry_shape(each) for each in found[:limit]]
    return answer(AuditShape(entries=entries, next=following))


def _position(cursor: str) -> int:
    (text,) = read_cursor(cursor, 1)
    return read_number(cursor, text)
