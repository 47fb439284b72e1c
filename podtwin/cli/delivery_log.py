"""`podtwin endpoints log` and `redeliver`: what was sent, what was answered, and once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from podtwin.cli.output import Output, OutputOption, print_json, print_table
from podtwin.cli.state import (
    ConfigOption,
    DataDirOption,
    opened,
    settings_of,
    this_user,
)

if TYPE_CHECKING:
    from podcore.outbox import Attempt
    from podtwin.store.deliveries import Message


def log(
    message: Annotated[str | None, typer.Argument(help="One message, with all attempts.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Newest first.")] = 20,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print what was sent, and what was answered."""
    from podcore.errors import ConfigError
    from podtwin.store.deliveries import Deliveries, MessageQuery

    with opened(settings_of(data_dir, config).data_dir) as store:
        deliveries = Deliveries(store)
        if message is None:
            messages = deliveries.messages(MessageQuery(limit=limit))
        else:
            found = deliveries.message(message)
            if found is None:
                raise ConfigError("MESSAGE", message, "there is none of that id", "see the list")
            messages = [found]
        attempts = {each.id: deliveries.attempts(each.id) for each in messages}
    if output is Output.JSON:
        print_json({"messages": [_message(each, attempts[each.id]) for each in messages]})
        return
    print_table([_row(each, attempts[each.id]) for each in messages])
    if message is not None:
        print_table([_attempt_row(each) for each in attempts[message]])


def redeliver(
    message: Annotated[str, typer.Argument(help="Id of a message that is delivered or dead.")],
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
) -> None:
    """Send a message once more under its id; the running process does so within a second."""
    from podcore.clock import SystemClock
    from podtwin.store.outbox import SqliteOutbox

    with opened(settings_of(data_dir, config).data_dir) as store:
        SqliteOutbox(store).redeliver(message, this_user(), SystemClock().now_ns())
    typer.echo(f"{message} is sent once more")


def _message(message: Message, attempts: list[Attempt]) -> dict[str, object]:
    from podcore.clock import rfc3339

    return {
        "id": message.id,
        "endpoint": message.endpoint,
        "alert": message.alert,
        "site": message.site,
        "type": message.kind,
        "state": message.state,
        "reason": message.reason,
        "body": json.loads(message.body),
        "attempts": [
            {
                "started_at": rfc3339(each.started_ns),
                "took_ms": round(each.took_ms, 1),
                "address": each.address,
                "request_headers": dict(each.request_headers),
                "status": each.status,
                "answer": each.answer.decode("utf-8", "replace"),
                "reason": each.reason,
                "state": each.state,
            }
            for each in attempts
        ],
    }


def _row(message: Message, attempts: list[Attempt]) -> dict[str, str]:
    return {
        "id": message.id,
        "endpoint": message.endpoint,
        "type": message.kind,
        "site": message.site,
        "state": message.state,
        "tries": str(len(attempts)),
        "reason": message.reason or "-",
    }


def _attempt_row(attempt: Attempt) -> dict[str, str]:
    from podcore.clock import rfc3339

    return {
        "at": rfc3339(attempt.started_ns),
        "ms": f"{attempt.took_ms:.0f}",
        "address": attempt.address or "-",
        "status": "-" if attempt.status is None else str(attempt.status),
        "reason": attempt.reason,
        "answer": attempt.answer.decode("utf-8", "replace")[:80],
    }
