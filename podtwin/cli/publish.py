"""`podtwin publish`: files of columns, sent as the readings of one node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podcore.errors import ConfigError, PodTwinError, Refused, Unreachable
from podcore.names import ID_RULE, is_id
from podtwin.cli.account import CaFileOption, CertFileOption, KeyFileOption, broker_address
from podtwin.cli.output import Output, OutputOption, print_json
from podtwin.cli.progress import progress_bar

if TYPE_CHECKING:
    from podtwin.agent.publish import Outcome, Publication

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
_INTERRUPTED = 130  # as a shell expects of a program that Ctrl-C ended


def publish(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV or Parquet files."),
    ],
    site: Annotated[str, typer.Option(help="Site that the readings belong to.")],
    node: Annotated[str, typer.Option(help="Node that sends them.")],
    time: Annotated[str, typer.Option(help="Column that holds the time.")],
    maps: Annotated[
        list[str],
        typer.Option(
            "--map", help="column=asset/point:unit; repeat it. The unit may be left to the point."
        ),
    ],
    speed: Annotated[
        str, typer.Option(help="Seconds of the files a second, or max for as fast as it goes.")
    ] = "max",
    broker: Annotated[
        str, typer.Option(help="mqtt://[user@]host:port, or mqtts.")
    ] = DEFAULT_BROKER,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    key_file: KeyFileOption = None,
    output: OutputOption = Output.TABLE,
    max_messages: Annotated[
        int | None, typer.Option(min=1, help="Send at most so many in this run.")
    ] = None,
    give_up: Annotated[
        float, typer.Option(min=1.0, help="Seconds without progress after which to stop.")
    ] = 60.0,
) -> None:
    """Send the rows of CSV or Parquet files as readings, in the order of their time.

    Several files are merged by time. Rows with the same time become one message, and a cell that
    is empty or no number is left out. Run it again and it goes on after what was acknowledged.
    """
    from podcore.clock import SystemClock
    from podtwin.agent.mapping import parse_maps
    from podtwin.agent.publish import Pace, Publisher, prepare

    pace = Pace(speed_of(speed), max_messages, give_up)
    for flag, value in (("--site", site), ("--node", node)):
        if not is_id(value):
            raise ConfigError(flag, value, ID_RULE)
    address = broker_address(broker, ca_file, cert_file, key_file)
    publication = prepare(files, time, parse_maps(maps), site, node)
    for assumed in publication.table.assumed:
        typer.echo(assumed, err=True)
    clock = SystemClock()
    publisher = Publisher(publication, address, clock, pace)
    with progress_bar("acknowledged", clock) as advance:
        outcome = publisher.run(advance)
    _summary(publication, outcome, output)
    leave(outcome, broker)
    leave_refused(outcome.refused, publication.table.points_held, node)


def speed_of(text: str) -> float | None:
    """The speed asked for; None means as fast as it goes.

    Raises
    ------
    ConfigError  When it is neither a number above zero nor max.
    """
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed < float("inf"):
        rule = "a speed is a number above 0, or max"
        raise ConfigError("--speed", text, rule, "1 keeps the pace of the files")
    return speed


def _summary(publication: Publication, outcome: Outcome, output: Output) -> None:
    table = publication.table
    if output is Output.JSON:
        print_json(
            {
                "rows": table.rows_read,
                "messages": len(table),
                "points": table.points_held,
                "acked": outcome.confirmed,
                "acked_before": outcome.before,
                "refused": outcome.refused,
                "skipped_cells": table.bad_cells,
                "skipped_rows": table.bad_times,
                "boot": publication.boot,
            }
        )
        return
    typer.echo(
        f"{table.rows_read} rows, {len(table)} messages, {table.points_held} values; "
        f"acknowledged {outcome.confirmed}, {outcome.before} of them before this run; left out: "
        f"{table.bad_cells} cells without a number, {table.bad_times} rows without a time"
    )


def leave_refused(refused: int, sent: int, node: str) -> None:
    """Ends the command with a finding when the receiver stored less than it was sent."""
    if refused:
        why = f"podtwin deadletter list --node {node} says why"
        typer.echo(f"refused: {refused} of {sent} readings were not stored; {why}", err=True)
        raise typer.Exit(1)


def leave(outcome: Outcome, broker: str) -> None:
    """Ends the command as the run ended: quietly, or with what is left and what to do."""
    from podtwin.agent.publish import End

    where = f"{outcome.confirmed} of {outcome.goal} messages are acknowledged"
    go_on = "the same command goes on from there"
    match outcome.end:
        case End.DONE:
            return
        case End.INTERRUPTED:
            typer.echo(f"interrupted: {where}; {go_on}", err=True)
            raise typer.Exit(_INTERRUPTED)
        case End.REFUSED:
            raise Refused(outcome.detail)
        case End.NO_BROKER:
            raise Unreachable(f"{outcome.detail}; is a broker there? {where}; {go_on}")
        case End.NO_RECEIVER:
            nobody = "the broker takes messages and nobody acknowledges them"
            hint = f"start a receiver with: podtwin run --broker {broker}"
            raise Unreachable(f"{nobody}; {hint}; {where}; {go_on}")
        case End.FAILED:
            raise PodTwinError(f"{outcome.detail}; {where}; {go_on}")
