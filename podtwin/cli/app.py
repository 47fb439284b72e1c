"""The Typer application: one command a file, and what each kind of failure exits with.

0 ok, 1 a finding, 2 usage, 3 unreachable, 4 denied, 70 our own fault.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from podcore.errors import ConfigError, PodTwinError, Refused, RoleTaken, Unreachable
from podtwin.cli import (
    agent,
    alerts,
    config,
    deadletter,
    demo,
    doctor,
    endpoints,
    export,
    import_,
    keys,
    publish,
    query,
    record,
    replay,
    run_roles,
    simulate,
    twin,
    version,
)

USAGE, UNREACHABLE, DENIED, OUR_FAULT = 2, 3, 4, 70

app = typer.Typer(
    name="podtwin",
    help="A live digital twin for modular data centers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.demo)
app.command("run")(run_roles.run)
app.command("simulate")(simulate.simulate)
app.command("agent")(agent.agent)
app.command("publish")(publish.publish)
app.command("record")(record.record)
app.command("replay")(replay.replay)
app.command("query")(query.query)
app.command("export")(export.export)
app.command("import")(import_.import_)
app.add_typer(alerts.app, name="alerts")
app.add_typer(endpoints.app, name="endpoints")
app.add_typer(deadletter.app, name="deadletter")
app.add_typer(keys.app, name="keys")
app.add_typer(twin.app, name="twin")
app.add_typer(config.app, name="config")
app.command("doctor")(doctor.doctor)
app.command("version")(version.version)


@app.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    log_json: Annotated[
        bool | None, typer.Option("--log-json/--log-text", help="Form of the log on stderr.")
    ] = None,
) -> None:
    """Options that every command takes, before its name."""
    from podtwin.pipeline.logs import configure_logging

    configure_logging(verbose=verbose, json=log_json)


def run() -> NoReturn:
    """Runs the command of this process and exits with its code."""
    try:
        app()
    except (ConfigError, RoleTaken) as error:
        _leave(error, USAGE)
    except Unreachable as error:
        _leave(error, UNREACHABLE)
    except Refused as error:
        _leave(error, DENIED)
    except PodTwinError as error:
        _leave(error, OUR_FAULT)
    sys.exit(0)


def _leave(error: PodTwinError, code: int) -> NoReturn:
    sys.stderr.write(f"podtwin: {error}\n")
    sys.exit(code)
