"""Command lines of documents, units and containers, taken as the program would take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from podtwin.cli.app import app


def parse(arguments: Sequence[str]) -> None:
    """Raises what the program would say against what follows `podtwin`; nothing is run."""
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while hasattr(command, "commands"):
        _, rest, _ = command.make_parser(command.context_class(command)).parse_args(rest)
        if not rest:
            return  # a command named on its own, in a sentence
        word = rest.pop(0)
        assert word in command.commands, f"{word!r} is no command"
        command = command.commands[word]
    if rest or not any(parameter.required for parameter in command.params):
        command.make_context("podtwin", rest)
