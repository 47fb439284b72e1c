"""What routes share: the dependencies, the checks of parameters, and how an answer is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, FastAPI, Path, Query, Request, Response

from podcore.errors import shorten
from podcore.names import ID_PATTERN, did_you_mean
from podtwin.api.deps import ApiDeps
from podtwin.api.models import Problem, Shape
from podtwin.api.newest import NewestSite
from podtwin.api.problem import MEDIA_TYPE, ProblemError

READ_THREADS = 8  # reads of the history at once; what comes on top waits its turn
LIVE = "live"

Result = TypeVar("Result")


class Context:
    """The one object that routes find on the app."""

    def __init__(self, deps: ApiDeps) -> None:
        self.deps = deps
        self.parameters: dict[str, frozenset[str]] = {}  # path > names of its query parameters
        self._reads: anyio.CapacityLimiter | None = None

    async def in_thread(self, read: Callable[[], Result]) -> Result:
        """The result of a blocking read, made in one of the reading threads."""
        if self._reads is None:  # belongs to the loop that runs, so it cannot be made earlier
            self._reads = anyio.CapacityLimiter(READ_THREADS)
        return await anyio.to_thread.run_sync(read, limiter=self._reads)

    def ask(self, site_id: str, question: Callable[[NewestSite], Result]) -> Result:
        """What `question` makes of a site.

        Raises
        ------
        ProblemError  When there is no such site.
        """
        answer = self.deps.hub.ask(site_id, lambda site: (question(site),))
        if answer is None:
            way_out = did_you_mean(site_id, self.deps.hub.site_ids())
            detail = f"there is no site {shorten(site_id)}; {way_out}"
            raise ProblemError(404, "unknown_site", detail)
        return answer[0]


async def context_of(request: Request) -> Context:
    """The context of the app that answers."""
    context = request.app.state.context
    assert isinstance(context, Context)  # noqa: S101 - create_app put it there
    return context


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuses what no route reads: a misspelt filter must not answer as if it were obeyed."""
    context = await context_of(request)
    known = context.parameters.get(request.scope["route"].path, frozenset())
    for name in request.query_params:
        if name not in known:
            way_out = did_you_mean(name, known) if known else "it takes none"
            detail = f"query parameter {shorten(name)} is not known here; {way_out}"
            raise ProblemError(400, "unknown_parameter", detail, fields={"known": sorted(known)})


def finish_document(app: FastAPI, context: Context) -> None:
    """Adds the shape of problems to the OpenAPI document, and learns parameters from it."""
    document = app.openapi()  # made once, then kept by the app
    document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    for path, operations in document["paths"].items():
        context.parameters[path] = frozenset(
            parameter["name"]
            for operation in operations.values()
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        )


async def only_live(
    session: Annotated[
        str, Query(max_length=64, description="live; replays get their own sessions later")
    ] = LIVE,
) -> None:
    """Refuses sessions that there are not."""
    if session != LIVE:
        detail = f"there is no session {shorten(session)}; known is {LIVE}"
        raise ProblemError(404, "unknown_session", detail)


Shared = Annotated[Context, Depends(context_of)]
Live = Depends(only_live)
SiteId = Annotated[
    str, Path(pattern=f"^{ID_PATTERN}$", description="id of a site", examples=["ams-03"])
]


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for OpenAPI; `default` covers those of every route."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    said = {
        400: "A parameter that is unknown or cannot be read.",
        403: "Asked by the page of another origin.",
        404: "No such thing; the detail names the nearest.",
        406: "No format that is asked for can be given.",
        409: "Not as things are; the detail says how they are.",
        413: "More than one answer may hold; the detail says what to ask instead.",
        422: "A body that fits no shape.",
        503: "Not now.",
    }
    answers: dict[int | str, dict[str, Any]] = {
        code: {"description": said[code], "content": content} for code in codes
    }
    # `default` also keeps the framework's own 422 out of the document.
    return answers | {"default": {"description": "Any other error.", "content": content}}


def answer(shape: Shape, request: Request | None = None, *, code: int = 200) -> Response:
    """The shape as JSON; with the request also an ETag, and 304 when the caller has it."""
    body = shape.model_dump_json(by_alias=True).encode()
    if request is None:
        return Response(body, code, media_type="application/json")
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _has(wanted: str, tag: str) -> bool:
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in wanted.split(","))
