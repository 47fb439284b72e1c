"""`podtwin doctor`: what is well and what is not, with the way out. Exit 1 when something fails."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podtwin.cli.output import Output, OutputOption, print_json


def doctor(
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port to be proved.")] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="To be looked at.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Instead of podtwin.yaml.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Check clock, disk, databases, site files, page, ports, the broker's queue and InfluxDB."""
    from ulid import ULID

    from podcore.clock import SystemClock
    from podtwin.config.load import load_settings
    from podtwin.pipeline.checks import Verdict
    from podtwin.pipeline.doctor import examine

    settings = load_settings(config, {"broker.url": broker, "data_dir": data_dir}).settings
    checks = []
    for check in examine(settings, SystemClock(), f"podtwin-doctor-{ULID()}"):
        checks.append(check)
        if output is Output.TABLE:
            tail = f"; {check.way_out}" if check.way_out else ""
            typer.echo(f"{check.verdict.value:4}  {check.name:15}  {check.found}{tail}")
    if output is Output.JSON:
        rows = [
            {"name": c.name, "verdict": c.verdict.value, "found": c.found, "way_out": c.way_out}
            for c in checks
        ]
        print_json({"checks": rows})
    if any(check.verdict is Verdict.FAIL for check in checks):
        raise typer.Exit(1)
