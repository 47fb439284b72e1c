"""How commands print: data on stdout in the form that was asked for."""

from __future__ import annotations

import enum
import json
from collections.abc import Container, Mapping, Sequence
from typing import Annotated

import typer


class Output(enum.StrEnum):
    """The form of a result."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Form of the data.")]


def print_json(data: Mapping[str, object]) -> None:
    """One object on one line."""
    typer.echo(json.dumps(data))


def print_pairs(pairs: Mapping[str, object]) -> None:
    """Names and values, aligned."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        typer.echo(f"{name:{width}}  {value}")


def print_table(rows: Sequence[Mapping[str, str]], right: Container[str] = ()) -> None:
    """Rows under their names, aligned, some columns to the right; nothing when there are none."""
    if not rows:
        return
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
    for line in ({name: name for name in widths}, *rows):
        cells = (
            line[name].rjust(width) if name in right else line[name].ljust(width)
            for name, width in widths.items()
        )
        typer.echo("  ".join(cells).rstrip())
