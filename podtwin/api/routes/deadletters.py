"""`/api/v1/deadletters`: what was refused, why, and trying it again."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from podcore.errors import ConfigError, shorten
from podcore.names import ID_PATTERN
from podtwin.api.alert_models import AcceptedShape
from podtwin.api.context import Context, Shared, answer, problems
from podtwin.api.letter_models import (
    LetterDetailShape,
    LettersShape,
    letter_detail_shape,
    letter_shape,
)
from podtwin.api.paging import MAX_CURSOR, foreign_cursor, make_cursor, read_cursor
from podtwin.api.problem import ProblemError
from podtwin.api.ranges import time_of
from podtwin.letters import Letter, LetterQuery, Position, Stage

MAX_PAGE: Final = 500
_WORD: Final = r"^[0-9a-z]+$"
_ID: Final = f"^{ID_PATTERN}$"
_NUMBER = re.compile(r"\d{0,18}", re.ASCII)
_READING = re.compile(r"(\d{1,18} r[0-9a-f]{16})?", re.ASCII)

router = APIRouter(tags=["deadletters"])
LetterId = Annotated[str, Path(min_length=2, max_length=20, pattern=_WORD, examples=["i12"])]


@router.get(
    "/api/v1/deadletters",
    summary="What was refused, newest first",
    response_model=LettersShape,
    responses=problems(400, 401, 403),
)
async def deadletters(
    *,
    context: Shared,
    site: Annotated[str | None, Query(pattern=_ID)] = None,
    node: Annotated[str | None, Query(pattern=_ID)] = None,
    reason: Annotated[str | None, Query(max_length=64)] = None,
    stage: Stage | None = None,
    since: Annotated[str | None, Query(max_length=64, examples=["now-1d"])] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
) -> Response:
    """A page; `next` leads to the one after it. Messages, readings and lines of all stages."""
    after = Position() if cursor is None else _position(cursor)
    since_ns = None if since is None else time_of("since", since, context.deps.clock.now_ns())
    query = LetterQuery(site, node, reason, stage, since_ns, after, limit)
    found, following = await context.in_thread(lambda: context.deps.letters.page(query))
    shown = [letter_shape(each) for each in found]
    return answer(LettersShape(deadletters=shown, next=_cursor(following)))


@router.get(
    "/api/v1/deadletters/{deadletter}",
    summary="One refusal with the beginning of what was sent",
    response_model=LetterDetailShape,
    responses=problems(400, 401, 403, 404),
)
async def deadletter(deadletter: LetterId, context: Shared) -> Response:
    """With the rule, the way out, and what came of trying it again."""
    return answer(letter_detail_shape(await _find(context, deadletter)))


@router.post(
    "/api/v1/deadletters/{deadletter}/retry",
    status_code=202,
    summary="Try it again, after what was wrong was put right",
    response_model=AcceptedShape,
    responses=problems(400, 401, 403, 404, 409),
)
async def retry(deadletter: LetterId, context: Shared) -> Response:
    """Written down, and done by the role that owns it; the letter then says what came of it."""
    letter = await _find(context, deadletter)
    deps, by = context.deps, context.caller.by
    now_ns, new_id = deps.clock.now_ns(), deps.new_id()
    try:
        made = await context.in_thread(lambda: deps.letters.retry(letter, by, now_ns, new_id))
    except ConfigError as error:
        detail = f"{letter.id} cannot be tried again: {error.rule}"
        raise ProblemError(409, "not_retried", detail, fields={"why": error.rule}) from None
    return answer(AcceptedShape(id=made), code=202)


async def _find(context: Context, deadletter: str) -> Letter:
    found = await context.in_thread(lambda: context.deps.letters.get(deadletter))
    if found is None:
        rule = "the newest are kept; /api/v1/deadletters lists them"
        detail = f"there is no dead letter {shorten(deadletter)}; {rule}"
        raise ProblemError(404, "unknown_deadletter", detail)
    return found


def _cursor(position: Position | None) -> str | None:
    if position is None:
        return None
    return make_cursor(position.intake, position.reading, position.forward)


def _position(cursor: str) -> Position:
    intake, reading, forward = read_cursor(cursor, 3)
    if not (_NUMBER.fullmatch(intake) and _NUMBER.fullmatch(forward)):
        raise foreign_cursor(cursor)
    if not _READING.fullmatch(reading):
        raise foreign_cursor(cursor)
    return Position(intake, reading, forward)
