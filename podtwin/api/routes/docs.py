"""The page and the documentation: built files of the dashboard, nothing from another host.

Names of built assets carry a hash of their content, so they may be kept for ever; `index.html`
names them and is asked for anew each time. A path without a dot belongs to the page's own
addresses and answers with `index.html`.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

IMMUTABLE = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>PodTwin</title></head>
<body><h1>The page is not built</h1>
<p>The API works: see <a href="/openapi.json">openapi.json</a>.</p>
<p>To build the page run <code>make frontend</code> in the checkout (it needs Node 20 or newer, or
takes its own), or install PodTwin from a wheel, which holds it.</p></body></html>
"""


def add_page(app: FastAPI, static_dir: Path | None) -> None:
    """Serves the page below everything that the API answers itself."""
    files = StaticFiles(directory=static_dir) if static_dir is not None else None

    async def page(request: Request) -> Response:
        path = request.path_params["path"]
        if path.partition("/")[0] == "api":
            raise HTTPException(404)
        if files is None:
            return _not_built(path)
        return await _file(files, request, path)

    async def docs(request: Request) -> Response:
        if files is None:
            return _not_built("docs")
        return await _file(files, request, "docs.html")

    app.add_route("/docs", docs, methods=["GET"], include_in_schema=False)
    app.add_route("/{path:path}", page, methods=["GET"], include_in_schema=False)


async def _file(files: StaticFiles, request: Request, path: str) -> Response:
    name = path.rpartition("/")[2]
    wanted = path if "." in name else "index.html"
    if "\0" in wanted:
        raise HTTPException(404)
    response = await files.get_response(wanted, request.scope)
    hashed = wanted.startswith("assets/")
    response.headers["Cache-Control"] = IMMUTABLE if hashed else "no-cache"
    return response


def _not_built(path: str) -> Response:
    if "." in path:
        raise HTTPException(404)
    return HTMLResponse(_NOT_BUILT, 503)
