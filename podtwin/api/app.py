"""The app: routes over what it is given, behind the guard."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from podtwin import __version__
from podtwin.api.context import (
    Context,
    finish_document,
    refuse_the_unweighed,
    refuse_unknown_parameters,
)
from podtwin.api.deps import ApiDeps
from podtwin.api.door import Door
from podtwin.api.problem import answer_with_problems
from podtwin.api.routes import (
    alerts,
    audit,
    deadletters,
    docs,
    endpoints,
    health,
    keys,
    kpis,
    recordings,
    series,
    session,
    sites,
    status,
    stream,
)
from podtwin.api.scopes import NeedTable, undeclared
from podtwin.api.security import Guard

_DESCRIPTION = (
    "Live state, history and stream of modular data centers. Errors are RFC 9457 problems; "
    "a query parameter that is not known is refused."
)
ROUTERS: tuple[APIRouter, ...] = (
    status.router,
    sites.router,
    kpis.router,
    series.router,
    stream.router,
    alerts.router,
    endpoints.router,
    deadletters.router,
    recordings.router,
    session.router,
    keys.router,
    audit.router,
    health.router,
)


def create_app(deps: ApiDeps) -> FastAPI:
    """The whole, ready for a server.

    Raises
    ------
    RuntimeError  When a route stands in no line of `podtwin.api.scopes`: nobody knows who may ask.
    """
    app = FastAPI(
        title="PodTwin",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(refuse_the_unweighed), Depends(refuse_unknown_parameters)],
    )
    door = Door(deps.keys, deps.access, deps.clock)
    context = Context(deps, door)
    app.state.context = context
    app.add_middleware(Guard, door=door)
    answer_with_problems(app, NeedTable().methods)
    for router in ROUTERS:
        app.include_router(router)
    if forgotten := undeclared(ROUTERS):
        raise RuntimeError(f"podtwin/api/scopes.py says not who may ask {forgotten}")
    docs.add_page(app, deps.static_dir)
    finish_document(app, context)
    return app
