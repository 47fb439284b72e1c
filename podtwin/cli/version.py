"""`podtwin version`."""

from __future__ import annotations

import platform

from podtwin import __version__
from podtwin.cli.output import Output, OutputOption, print_json, print_pairs


def version(output: OutputOption = Output.TABLE) -> None:
    """Print the versions of PodTwin and of Python."""
    facts = {"podtwin": __version__, "python": platform.python_version()}
    if output is Output.JSON:
        print_json(facts)
    else:
        print_pairs(facts)
