"""`podtwin deadletter`: what was refused, why, and trying it again once that was put right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
    from podtwin.letters import Letter, LetterBook, LetterQuery

app = typer.Typer(no_args_is_help=True, help="Dead letters: list, show, try again.")
_FINDING = 1
_PATIENCE_S = 5.0  # without any coming to an end; a running ingest takes up fifty a second
_PAGE = 500
_MAX_VALUE = 40  # characters of a value in a table

LetterArgument = Annotated[str, typer.Argument(help="Id of a letter, as i12.")]
SiteOption = Annotated[str | None, typer.Option(help="Of one site.")]
NodeOption = Annotated[str | None, typer.Option(help="Of one node.")]
ReasonOption = Annotated[str | None, typer.Option(help="As unknown_point; see docs/mqtt.md.")]
StageOption = Annotated[str | None, typer.Option(help="intake, reading or forward.")]
SinceOption = Annotated[str | None, typer.Option(help="Refused then or later, as now-1d.")]


@app.command("list")
def list_(
    site: SiteOption = None,
    node: NodeOption = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Newest first.")] = 50,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what was refused: messages, single readings, lines that a database did not take."""
    query = _query((site, node, reason, stage, since), limit)
    with _letters(data_dir, config) as letters:
        found, following = letters.page(query)
    if output is Output.JSON:
        from podtwin.api.letter_models import letter_fields

        print_json({"deadletters": [letter_fields(each) for each in found]})
        return
    print_table([_row(each) for each in found])
    if not found:
        typer.echo("nothing was refused that fits", err=True)
    elif following is not None:
        typer.echo(f"the newest {limit}; --limit shows more", err=True)


@app.command()
def show(
    letter: LetterArgument,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print one letter: what was sent, which rule it broke, the way out."""
    from podtwin.api.letter_models import letter_fields
    from podtwin.letters import preview

    with _letters(data_dir, config) as letters:
        found = _find(letters, letter)
    payload, form = preview(found.payload)
    fields = {**letter_fields(found), "payload": payload, "payload_form": form}
    if output is Output.JSON:
        print_json(fields)
        return
    retry = fields.pop("retry")
    fields.pop("payload")
    print_pairs({name: value for name, value in fields.items() if value != ""})
    if isinstance(retry, dict):
        print_pairs({name: value for name, value in retry.items() if value not in {"", None}})
    typer.echo(payload)


@app.command()
def retry(
    letters: Annotated[
        list[str] | None, typer.Argument(help="Ids; or all that fit, with --all.")
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="All that fit the filters and can be.")
    ] = False,
    site: SiteOption = None,
    node: NodeOption = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    since: SinceOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Try letters again, for instance after a site file was put right. Exit 1 when one fails."""
    from podcore.errors import ConfigError

    filters = (site, node, reason, stage, since)
    if bool(letters) == all_ or (not all_ and any(filters)):
        rule = "name ids, or give --all and filters"
        raise ConfigError("LETTERS", " ".join(letters or ()), rule, "see podtwin deadletter list")
    with _letters(data_dir, config) as book:
        if all_:
            chosen = [each for each in _every(book, filters) if not each.why_not]
        else:
            chosen = [_find(book, each) for each in letters or ()]
        _ask(book, chosen)
        done = _wait(book, chosen)
    _say(done, output)


@contextmanager
def _letters(data_dir: Path | None, config: Path | None) -> Iterator[LetterBook]:
    from podtwin.pipeline.letters import DeadLetters

    folder = settings_of(data_dir, config).data_dir
    with opened(folder) as store:
        yield DeadLetters(folder / "log.db", store)


def _query(filters: tuple[str | None, ...], limit: int) -> LetterQuery:
    from podcore.clock import SystemClock
    from podcore.errors import ConfigError
    from podcore.names import ID_RULE, did_you_mean, is_id
    from podtwin.api.times import parse_time
    from podtwin.letters import LetterQuery, Stage

    site, node, reason, stage, since = filters
    for flag, value in (("--site", site), ("--node", node)):
        if value is not None and not is_id(value):
            raise ConfigError(flag, value, ID_RULE)
    words = [each.value for each in Stage]
    if stage is not None and stage not in words:
        raise ConfigError("--stage", stage, "is no stage", did_you_mean(stage, words))
    try:
        since_ns = None if since is None else parse_time(since, SystemClock().now_ns())
    except ValueError as error:
        raise ConfigError("--since", since, str(error)) from None
    which = None if stage is None else Stage(stage)
    return LetterQuery(site, node, reason, which, since_ns, limit=limit)


def _every(book: LetterBook, filters: tuple[str | None, ...]) -> Iterator[Letter]:
    from dataclasses import replace

    query = _query(filters, _PAGE)
    while True:
        found, following = book.page(query)
        yield from found
        if following is None:
            return
        query = replace(query, after=following)


def _find(book: LetterBook, letter: str) -> Letter:
    from podcore.errors import ConfigError

    found = book.get(letter)
    if found is None:
        raise ConfigError("LETTER", letter, "there is none of that id", "podtwin deadletter list")
    return found


def _ask(book: LetterBook, chosen: list[Letter]) -> None:
    from ulid import ULID

    from podcore.clock import SystemClock

    clock = SystemClock()
    for letter in chosen:
        book.retry(letter, this_user(), clock.now_ns(), str(ULID()))


def _wait(book: LetterBook, chosen: list[Letter]) -> list[Letter]:
    """The letters once they were tried, or as they are when nobody takes them up."""
    import threading

    from podcore.clock import SystemClock

    clock, never = SystemClock(), threading.Event()
    done: dict[str, Letter] = {}
    moved_s = clock.monotonic_s()
    while len(done) < len(chosen) and clock.monotonic_s() - moved_s < _PATIENCE_S:
        for letter in chosen:
            now = None if letter.id in done else book.get(letter.id)
            if now is not None and not now.waiting:
                done[letter.id] = now
                moved_s = clock.monotonic_s()
        if len(done) < len(chosen):
            clock.wait(never, 0.2)
    return [done.get(letter.id) or _still(book, letter) for letter in chosen]


def _still(book: LetterBook, letter: Letter) -> Letter:
    return book.get(letter.id) or letter


def _say(done: list[Letter], output: Output) -> None:
    waiting = [each for each in done if each.waiting]
    refused = [each for each in done if not each.waiting and not each.stored]
    counts: dict[str, object] = {
        "stored": len(done) - len(waiting) - len(refused),
        "refused": len(refused),
        "waiting": len(waiting),
    }
    if output is Output.JSON:
        outcomes = {each.id: "waiting" if each.waiting else each.outcome for each in done}
        print_json({**counts, "outcomes": outcomes})
    else:
        for letter in refused:
            typer.echo(f"{letter.id}: {letter.outcome}")
        print_pairs(counts)
    if waiting:
        typer.echo("those that wait are tried when the role that owns them runs", err=True)
    if refused:
        raise typer.Exit(_FINDING)


def _row(letter: Letter) -> dict[str, str]:
    from podcore.clock import rfc3339

    since = "waiting" if letter.waiting else "stored" if letter.stored else "refused again"
    value = letter.value if len(letter.value) <= _MAX_VALUE else letter.value[:_MAX_VALUE] + "…"
    return {
        "id": letter.id,
        "at": rfc3339(letter.at_ns),
        "count": str(letter.count),
        "site": letter.site or "-",
        "node": letter.node or "-",
        "reason": letter.reason,
        "what": f"{letter.place} is {value}",
        "retried": since if letter.waiting or letter.retried_ns is not None else "-",
    }
