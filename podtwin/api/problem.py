"""Errors as RFC 9457 `application/problem+json`, one shape for all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from podcore.errors import shorten

MEDIA_TYPE = "application/problem+json"
_SHOWN = 200  # characters of a caller's own text that go back to him


class ProblemError(Exception):
    """A refusal with its reason, raised anywhere below a route.

    kind : the last part of the problem's type, for programs: `unknown_point`.
    detail : the place, the value, the rule and the way out, for people.
    fields : what a program may want beside them.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        fields: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.fields = fields or {}
        self.headers = headers or {}


def problem_response(error: ProblemError, path: str) -> Response:
    """The error as an answer to a request for `path`."""
    body = {
        "type": f"urn:podtwin:problem:{error.kind}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": _text(error.detail),
        "instance": _text(path[:_SHOWN]),
        **error.fields,
    }
    headers = {"Cache-Control": "no-store", **error.headers}
    return Response(msgspec.json.encode(body), error.status, headers, MEDIA_TYPE)


def answer_with_problems(app: FastAPI, methods_of: Callable[[str], Collection[str]]) -> None:
    """Makes the app answer its own and the framework's errors as problems.

    methods_of : what may be done at a path of the API; nothing for any other path.
    """

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 - the registration below says so
        return problem_response(error, request.url.path)

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - the registration below says so
        allowed = methods_of(request.scope["path"])
        return problem_response(_from_framework(request, error, allowed), request.url.path)

    async def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - the registration below says so
        return problem_response(_from_validation(error), request.url.path)

    app.add_exception_handler(ProblemError, ours)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, validation)


def _from_framework(
    request: Request, error: HTTPException, allowed: Collection[str]
) -> ProblemError:
    path = shorten(request.url.path)
    kind, detail = {
        404: ("not_found", f"there is nothing at {path}; /docs lists what there is"),
        405: ("method_not_allowed", f"{request.method} is not possible on {path}; see Allow"),
        413: ("body_too_long", str(error.detail)),
    }.get(error.status_code, ("http_error", str(error.detail)))
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and allowed:
        # The framework names the methods of the first route of a path, and it may have several.
        headers["Allow"] = ", ".join(sorted(allowed))
    return ProblemError(error.status_code, kind, detail, headers=headers)


def _from_validation(error: RequestValidationError) -> ProblemError:
    # Path and query are what a caller addresses: 400. A body that fits no shape is 422.
    errors = [
        {"in": str(each["loc"][0]), "name": ".".join(str(part) for part in each["loc"][1:]),
         "rule": _text(str(each["msg"]))[:_SHOWN]}
        for each in error.errors()[:20]
    ]  # fmt: skip
    first = errors[0]
    status = 422 if first["in"] == "body" else 400
    detail = f"{first['in']} parameter {shorten(first['name'])}: {first['rule']}"
    return ProblemError(status, "invalid_parameter", detail, fields={"errors": errors})


def _text(text: str) -> str:
    # A percent-encoded lone surrogate is no text that JSON could carry.
    return text.encode("utf-8", "replace").decode("utf-8")
