"""The app: routes over what it is given, behind the guard."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from podtwin import __version__
from podtwin.api.context import Context, finish_document, refuse_unknown_parameters
from podtwin.api.deps import ApiDeps
from podtwin.api.problem import answer_with_problems
from podtwin.api.routes import (
    alerts,
    docs,
    endpoints,
    health,
    kpis,
    recordings,
    series,
    sites,
    status,
    stream,
)
from podtwin.api.security import Guard

_DESCRIPTION = (
    "Live state, history and stream of modular data centers. Errors are RFC 9457 problems; "
    "a query parameter that is not known is refused."
)


def create_app(deps: ApiDeps) -> FastAPI:
    """The whole, ready for a server."""
    app = FastAPI(
        title="PodTwin",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(refuse_unknown_parameters)],
    )
    context = Context(deps)
    app.state.context = context
    app.add_middleware(Guard)
    answer_with_problems(app)
    nouns = (status, sites, kpis, series, stream, alerts, endpoints, recordings, health)
    for noun in nouns:
        app.include_router(noun.router)
    docs.add_page(app, deps.static_dir)
    finish_document(app, context)
    return app
