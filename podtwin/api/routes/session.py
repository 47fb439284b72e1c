"""`/api/v1/session`: a browser trades a key for a cookie, asks who it is, and leaves.

The cookie holds a secret of its own, so that the key is kept nowhere in the browser. It is
`Secure` where the request came over https, which a proxy in front of us says
(`http.trusted_proxies`); over plain http a browser would drop such a cookie.
"""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request, Response

from podcore.access import SECRET_BYTES, Session, digest_of, session_token
from podtwin.api.authorize import LOCAL, Caller, Proof
from podtwin.api.context import Shared, answer, problems
from podtwin.api.door import COOKIE, address_of
from podtwin.api.key_models import LoginShape, SessionShape, session_shape

router = APIRouter(tags=["keys"])


@router.post(
    "/api/v1/session",
    summary="Log in: trade a key for a cookie",
    response_model=SessionShape,
    responses=problems(400, 401, 403, 422, 429),
)
async def start(said: LoginShape, context: Shared, request: Request) -> Response:
    """Where no key is asked for it answers who one is, without a cookie."""
    if not context.door.access.required:
        return answer(session_shape(LOCAL))
    caller = await context.door.try_key(said.key.strip(), address_of(request.scope))
    now_ns = context.deps.clock.now_ns()
    token = session_token(secrets.token_bytes(SECRET_BYTES))
    ends_ns = now_ns + context.door.access.session_ns
    if caller.ends_ns is not None:
        ends_ns = min(ends_ns, caller.ends_ns)
    session = Session(digest_of(token), caller.key_id or "", now_ns, ends_ns)
    await context.in_thread(lambda: context.deps.keys.start_session(session, caller.by))
    stays = Caller(caller.by, caller.scope, caller.sites, Proof.COOKIE, caller.key_id,
                   session.digest, ends_ns)  # fmt: skip
    response = answer(session_shape(stays))
    _set_cookie(response, request, token, (ends_ns - now_ns) // 1_000_000_000)
    return response


@router.get(
    "/api/v1/session",
    summary="Who one is, and what that allows",
    response_model=SessionShape,
    responses=problems(400, 401),
)
async def who(context: Shared) -> Response:
    """By key, by cookie, or without any where no key is asked for."""
    return answer(session_shape(context.caller))


@router.delete(
    "/api/v1/session",
    status_code=204,
    summary="Log out",
    response_class=Response,
    responses=problems(400, 401, 403),
)
async def end(context: Shared, request: Request) -> Response:
    """Ends the session of the cookie; a key is not touched."""
    caller, now_ns = context.caller, context.deps.clock.now_ns()
    if caller.proof is Proof.COOKIE:
        await context.in_thread(
            lambda: context.deps.keys.end_session(caller.digest, caller.by, now_ns)
        )
        context.door.keyring.forget()
    response = Response(status_code=204)
    _set_cookie(response, request, "", 0)
    return response


def _set_cookie(response: Response, request: Request, value: str, max_age_s: int) -> None:
    response.set_cookie(
        COOKIE,
        value,
        max_age=max_age_s,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
