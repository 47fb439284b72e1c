"""`podtwin alerts`: what is wrong, why it is thought so, and saying that one knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from podtwin.cli.output import Output, OutputOption, print_json, print_pairs, print_table
from podtwin.cli.state import (
    ConfigOption,
    DataDirOption,
    opened,
    settings_of,
    this_user,
)

if TYPE_CHECKING:
    from podcore.alert import Alert
    from podtwin.store.alert_rows import Alerts
    from podtwin.store.state import StateStore

app = typer.Typer(no_args_is_help=True, help="Alerts: list, evidence, acknowledgement.")
_FINDING = 1
_PATIENCE_S = 5.0  # a running engine applies a command within 0.2 s
AlertArgument = Annotated[str, typer.Argument(help="Id of an alert, or its first digits.")]


@app.command("list")
def list_(
    site: Annotated[str | None, typer.Option(help="Of one site.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are resolved.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Newest first.")] = 100,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List alerts. Exit 1 when one of them is open."""
    from podtwin.store.alert_rows import AlertQuery, Alerts

    with opened(settings_of(data_dir, config).data_dir) as store:
        found = Alerts(store).page(AlertQuery(site=site, open_only=not all_, limit=limit))
    if output is Output.JSON:
        print_json({"alerts": [_fields(alert) for alert in found]})
    else:
        print_table([_row(alert) for alert in found])
    if any(alert.state != "resolved" for alert in found):
        raise typer.Exit(_FINDING)


@app.command()
def show(
    alert: AlertArgument,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print an alert with its evidence, what happened to it, and where it was sent."""
    from podcore.clock import rfc3339
    from podtwin.store.alert_rows import Alerts
    from podtwin.store.deliveries import Deliveries, MessageQuery

    with opened(settings_of(data_dir, config).data_dir) as store:
        found = _find(store, alert)
        timeline = Alerts(store).timeline(found)
        messages = Deliveries(store).messages(MessageQuery(alert=found.id))
    entries = [
        {"at": rfc3339(e.ts_ns), "what": e.what, "detail": e.detail, "by": e.by} for e in timeline
    ]
    sent = [
        {"id": m.id, "endpoint": m.endpoint, "type": m.kind, "state": m.state, "reason": m.reason}
        for m in messages
    ]
    if output is Output.JSON:
        print_json({**_fields(found), "timeline": entries, "deliveries": sent})
        return
    typer.echo(found.text)
    print_pairs({name: value for name, value in _fields(found).items() if name != "text"})
    print_table(entries)
    print_table(sent)


@app.command()
def ack(
    alert: AlertArgument,
    comment: Annotated[str, typer.Option(help="For whoever reads the timeline.")] = "",
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
) -> None:
    """Say that you know of an alert; it calls again only when it grows worse."""
    from ulid import ULID

    from podcore.clock import SystemClock
    from podcore.ports import Command
    from podtwin.store.alert_rows import Alerts

    clock = SystemClock()
    with opened(settings_of(data_dir, config).data_dir) as store:
        found = _find(store, alert)
        command = Command(
            str(ULID()), found.site, "acknowledge", found.id, this_user(), clock.now_ns(), comment
        )
        alerts = Alerts(store)
        alerts.add_command(command)
        outcome = _wait(alerts, command.id)
    if outcome is None:
        typer.echo("noted; it is applied when the engine runs")
    elif outcome == "applied":
        typer.echo(f"acknowledged: {found.text}")
    else:
        typer.echo(f"not acknowledged: {outcome}", err=True)
        raise typer.Exit(_FINDING)


def _wait(alerts: Alerts, command: str) -> str | None:
    """What the engine made of a command, for as long as one waits at a terminal."""
    import threading

    from podcore.clock import SystemClock

    clock, never = SystemClock(), threading.Event()
    ends_s = clock.monotonic_s() + _PATIENCE_S
    while (outcome := alerts.outcome(command)) is None and clock.monotonic_s() < ends_s:
        clock.wait(never, 0.1)
    return outcome


def _find(store: StateStore, text: str) -> Alert:
    from podcore.errors import ConfigError
    from podtwin.store.alert_rows import Alerts

    found = Alerts(store).starting_with(text)
    if len(found) == 1:
        return found[0]
    rule = "there is none of that id" if not found else "fits several alerts"
    raise ConfigError("ALERT", text, rule, "see `podtwin alerts list --all`")


def _row(alert: Alert) -> dict[str, str]:
    from podcore.clock import rfc3339

    return {
        "id": alert.id,
        "severity": alert.severity,
        "state": alert.state,
        "handling": alert.handling,
        "site": alert.site,
        "since": rfc3339(alert.started_ns),
        "text": alert.text,
    }


def _fields(alert: Alert) -> dict[str, object]:
    from podcore.clock import rfc3339

    ended = None if alert.ended_ns is None else rfc3339(alert.ended_ns)
    return {
        **_row(alert),
        "rule": alert.rule,
        "point": alert.point,
        "handled_by": alert.handled_by,
        "ended": ended,
        "score": alert.score,
        "worst": alert.worst,
        "evidence": json.loads(alert.evidence or b"{}"),
    }
