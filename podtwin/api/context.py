"""What routes share: the dependencies, the checks of parameters, and how an answer is made."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Path, Query, Request, Response

from podcore.errors import shorten
from podcore.names import ID_PATTERN, did_you_mean
from podtwin.api.authorize import NOBODY, Caller, may
from podtwin.api.deps import ApiDeps
from podtwin.api.door import COOKIE, Door
from podtwin.api.models import Problem, Shape
from podtwin.api.newest import NewestSite
from podtwin.api.problem import MEDIA_TYPE, ProblemError
from podtwin.api.scopes import NEEDS
from podtwin.api.security import CALLER
from podtwin.api.threads import Threads

READ_THREADS = 8  # reads of the history at once; what comes on top waits its turn
LIVE = "live"

Result = TypeVar("Result")


class Context:
    """What routes find on the app, as the caller of one request may see it."""

    def __init__(self, deps: ApiDeps, door: Door) -> None:
        self.deps, self.door = deps, door
        self.caller = NOBODY
        self.parameters: dict[str, frozenset[str]] = {}  # path > names of its query parameters
        self._reads = Threads(READ_THREADS)

    def seen_by(self, caller: Caller) -> Context:
        """The same for one caller."""
        seen = copy.copy(self)
        seen.caller = caller
        return seen

    async def in_thread(self, read: Callable[[], Result]) -> Result:
        """The result of a blocking read, made in one of the reading threads."""
        return await self._reads.run(read)

    def site_ids(self) -> list[str]:
        """Every site that the caller may see, in order."""
        return list(self.caller.sites.among(self.deps.hub.site_ids()))

    def limited_to(self) -> tuple[str, ...] | None:
        """The sites that a query is limited to; None for all, those that are to come too."""
        return None if self.caller.sites.all else tuple(self.site_ids())

    def sees(self, site: str) -> bool:
        """Whether the caller may see what belongs to a site; an empty one stands for none."""
        return self.caller.sites.covers(site)

    def ask(self, site_id: str, question: Callable[[NewestSite], Result]) -> Result:
        """What `question` makes of a site.

        Raises
        ------
        ProblemError  When there is no such site, or it is not the caller's to see.
        """
        seen = self.sees(site_id)
        answer = self.deps.hub.ask(site_id, lambda site: (question(site),)) if seen else None
        if answer is None:
            way_out = did_you_mean(site_id, self.site_ids())
            detail = f"there is no site {shorten(site_id)}; {way_out}"
            raise ProblemError(404, "unknown_site", detail)
        return answer[0]


async def context_of(request: Request) -> Context:
    """The context of the app that answers."""
    context = request.app.state.context
    assert isinstance(context, Context)  # noqa: S101 - create_app put it there
    return context.seen_by(request.scope.get(CALLER, NOBODY))


async def refuse_the_unweighed(request: Request) -> None:
    """Refuses what the guard let in as something else: here is known which route it reached."""
    caller = request.scope.get(CALLER, NOBODY)
    need = NEEDS[request.method, request.scope["route"].path]
    if need is not None and not may(caller, need):
        raise ProblemError(404, "not_found", "there is nothing here; /docs lists what there is")


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
    """Adds problems and keys to the OpenAPI document, and learns parameters from it."""
    document = app.openapi()  # made once, then kept by the app
    document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    if context.deps.access.required:
        _say_keys(document)
    for path, operations in document["paths"].items():
        context.parameters[path] = frozenset(
            parameter["name"]
            for operation in operations.values()
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        )


def _say_keys(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "ptw_<id>_<secret>"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            need = NEEDS[method.upper(), path]
            if need is not None:
                operation["security"] = [{"key": []}, {"cookie": []}]
                operation["x-podtwin-scope"] = need.scope.value


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
        401: "No key, or one that does not hold; `WWW-Authenticate` says how to show one.",
        403: "The page of another origin, or a key that does not allow it.",
        404: "No such thing; the detail names the nearest.",
        406: "No format that is asked for can be given.",
        409: "Not as things are; the detail says how they are.",
        413: "More than one answer may hold; the detail says what to ask instead.",
        422: "A body that fits no shape.",
        429: "Too many wrong keys; `Retry-After` says when to come back.",
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
