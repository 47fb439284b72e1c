"""`podtwin endpoints`: where webhooks go, what was sent there, and a receiver for trying it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from podtwin.cli.delivery_log import log, redeliver
from podtwin.cli.output import Output, OutputOption, print_json, print_table
from podtwin.cli.state import (
    ConfigOption,
    DataDirOption,
    opened,
    settings_of,
    this_user,
)

if TYPE_CHECKING:
    from podcore.outbox import Endpoint
    from podtwin.config.settings import Settings
    from podtwin.notify.receiver import Received

app = typer.Typer(no_args_is_help=True, help="Webhooks: endpoints, deliveries, a receiver.")
app.command("log")(log)
app.command("redeliver")(redeliver)
_FINDING = 1
NameArgument = Annotated[str, typer.Argument(help="Id or name of an endpoint.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="https://host/path")],
    name: Annotated[str, typer.Option(help="To call it by.")] = "",
    secret: Annotated[str | None, typer.Option(help="whsec_…; one is made when left out.")] = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Add an endpoint; it gets what alerts tell from now on. Its secret is shown once."""
    import secrets

    from podcore.clock import SystemClock
    from podcore.outbox import Endpoint
    from podtwin.notify.address import check_url
    from podtwin.notify.signing import SECRET_BYTES, make_secret, secret_key
    from podtwin.store.outbox import SqliteOutbox

    settings = settings_of(data_dir, config)
    _check_target(check_url(url), settings)
    shown = secret or make_secret(secrets.token_bytes(SECRET_BYTES))
    secret_key(shown)
    made = Endpoint(
        f"ep_{secrets.token_hex(8)}", url, shown, enabled=True,
        created_ns=SystemClock().now_ns(), name=name,
    )  # fmt: skip
    with opened(settings.data_dir, make=True) as store:
        SqliteOutbox(store).add(made, this_user())
    if output is Output.JSON:
        print_json({**_fields(made), "secret": shown})
        return
    typer.echo(f"{made.id}  {url}")
    typer.echo(f"secret, shown this once: {shown}")
    typer.echo(f"try it: podtwin endpoints test {name or made.id}", err=True)


@app.command("list")
def list_(
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List endpoints, and how many of their messages are where."""
    from podtwin.store.deliveries import Deliveries
    from podtwin.store.outbox import SqliteOutbox

    with opened(settings_of(data_dir, config).data_dir) as store:
        endpoints, counts = SqliteOutbox(store).endpoints(), Deliveries(store).counts()
    messages = {
        each.id: {
            state: count for (endpoint, state), count in counts.items() if endpoint == each.id
        }
        for each in endpoints
    }
    if output is Output.JSON:
        print_json({"endpoints": [{**_fields(e), "messages": messages[e.id]} for e in endpoints]})
        return
    print_table(
        [
            {
                "id": each.id,
                "name": each.name or "-",
                "url": each.url,
                "state": "enabled" if each.enabled else f"disabled: {each.reason or 'by hand'}",
                "messages": ", ".join(f"{n} {s}" for s, n in sorted(messages[each.id].items())),
            }
            for each in endpoints
        ]
    )
    if not endpoints:
        typer.echo("no endpoints; podtwin endpoints add https://host/path", err=True)


@app.command("test")
def try_(
    endpoint: NameArgument,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Send a test message now and print what came of it. Exit 1 when it was not accepted."""
    import secrets

    from podcore.clock import SystemClock
    from podtwin.alerts.delivery import DeliveryEvent, decide
    from podtwin.alerts.event import trial_body
    from podtwin.config.targets import target_policy
    from podtwin.notify.sender import HttpSender
    from podtwin.store.audit import AuditLog
    from podtwin.store.outbox import SqliteOutbox

    settings, clock = settings_of(data_dir, config), SystemClock()
    message = f"msg_{secrets.token_hex(12)}"
    with opened(settings.data_dir) as store:
        found = SqliteOutbox(store).endpoint(endpoint)
        AuditLog(store).add(clock.now_ns(), this_user(), "endpoint_tested", found.id, message)
    sender = HttpSender(target_policy(settings), clock)
    sent = sender.send(found.url, found.secret, message, trial_body(clock.now_ns()))
    sender.close()
    decision = decide(sent.answer, 1, 0.0, 0.0)
    good = decision.event is DeliveryEvent.ACCEPTED
    answer = sent.body.decode("utf-8", "replace")
    if output is Output.JSON:
        print_json(
            {"id": message, "url": found.url, "address": sent.address, "accepted": good,
             "status": sent.answer.status, "reason": decision.reason, "answer": answer,
             "took_ms": round(sent.took_ms, 1)}
        )  # fmt: skip
    else:
        word = "accepted" if good else "not accepted"
        typer.echo(f"{word}: {decision.reason} from {sent.address or found.url}"
                   f" in {sent.took_ms:.0f} ms")  # fmt: skip
        if answer:
            typer.echo(answer)
    if not good:
        raise typer.Exit(_FINDING)


@app.command()
def enable(
    endpoint: NameArgument, data_dir: DataDirOption = None, config: ConfigOption = None
) -> None:
    """Send to an endpoint again, first what was left when it was disabled."""
    from podcore.clock import SystemClock
    from podtwin.store.outbox import SqliteOutbox

    with opened(settings_of(data_dir, config).data_dir) as store:
        outbox = SqliteOutbox(store)
        outbox.enable(outbox.endpoint(endpoint).id, this_user(), SystemClock().now_ns())


@app.command()
def remove(
    endpoint: NameArgument, data_dir: DataDirOption = None, config: ConfigOption = None
) -> None:
    """Take an endpoint out; what was still to be sent there is dead."""
    from podcore.clock import SystemClock
    from podtwin.store.outbox import SqliteOutbox

    with opened(settings_of(data_dir, config).data_dir) as store:
        outbox = SqliteOutbox(store)
        outbox.remove(outbox.endpoint(endpoint).id, this_user(), SystemClock().now_ns())


@app.command()
def receive(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="On this machine; 0 is any.")] = 9000,
    secret: Annotated[str | None, typer.Option(help="Of the endpoint; one is made.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Receive webhooks here and print each with whether its signature is right."""
    import secrets
    import threading

    from podcore.clock import SystemClock
    from podcore.errors import ConfigError
    from podtwin.notify.receiver import Receiver
    from podtwin.notify.signing import SECRET_BYTES, make_secret, secret_key

    shown = secret or make_secret(secrets.token_bytes(SECRET_BYTES))
    secret_key(shown)
    try:
        receiver = Receiver(port, shown, SystemClock(), lambda got: _print_received(got, output))
    except OSError as error:
        raise ConfigError("--port", port, f"cannot be taken: {error.strerror}", "choose another"
                          ) from None  # fmt: skip
    receiver.start()
    typer.echo(f"podtwin endpoints add {receiver.url} --secret {shown}", err=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        receiver.stop()


def _check_target(url: str, settings: Settings) -> None:
    """Says at once what each attempt would be refused for; a name may resolve later."""
    import httpx

    from podcore.errors import ConfigError
    from podtwin.config.targets import target_policy
    from podtwin.notify.transport import TargetRefused, check_target

    try:
        check_target(httpx.URL(url), target_policy(settings))
    except TargetRefused as error:
        raise ConfigError("URL", url, str(error)) from None
    except httpx.ConnectError as error:
        typer.echo(f"podtwin: {error}; it is tried again for each message", err=True)


def _print_received(got: Received, output: Output) -> None:
    try:
        said = json.loads(got.body)
    except ValueError:
        said = got.body.decode("utf-8", "replace")
    if output is Output.JSON:
        print_json({"id": got.id, "verdict": got.verdict.value, "again": got.again, "body": said})
        return
    kind = said.get("type", "?") if isinstance(said, dict) else "?"
    data = said.get("data") if isinstance(said, dict) else None
    text = data.get("text", "") if isinstance(data, dict) else ""
    again = ", again" if got.again else ""
    typer.echo(f"{kind}  {got.verdict.value}{again}  {got.id}  {text}")


def _fields(endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "name": endpoint.name,
        "url": endpoint.url,
        "enabled": endpoint.enabled,
        "reason": endpoint.reason,
    }
