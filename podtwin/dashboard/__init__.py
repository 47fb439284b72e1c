"""The page: TypeScript sources in `frontend/`, what Vite built from them in `static/`."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


class NotBuiltError(FileNotFoundError):
    """The built page is not where it should be."""


def static_dir(root: Path = _HERE) -> Path:
    """Directory that holds the built page: `index.html`, `docs.html`, `assets/`.

    Raises
    ------
    NotBuiltError  When there is no `index.html`; the message says how to build it.
    """
    static = root / "static"
    if not (static / "index.html").is_file():
        raise NotBuiltError(
            f"{static} has no index.html: the page is not built; run `npm ci` and `npm run build` "
            f"in {root / 'frontend'} (Node 20 or newer), or install a wheel, which holds it"
        )
    return static


def built_static_dir(root: Path = _HERE) -> Path | None:
    """The built page's directory, or None; the server then says how to build it."""
    try:
        return static_dir(root)
    except NotBuiltError:
        return None
