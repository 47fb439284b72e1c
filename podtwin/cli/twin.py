"""`podtwin twin`: the twin on files, without a running program."""

from __future__ import annotations

import typer

from podtwin.cli import nowcast

app = typer.Typer(help="The twin on files.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Commands of the twin stand below its name."""


app.command("nowcast")(nowcast.nowcast)
