"""`podtwin keys`: who may ask the API; works on the data directory, beside whatever runs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from podcore.access import Scope
from podtwin.cli.output import Output, OutputOption, print_json, print_table
from podtwin.cli.state import (
    ConfigOption,
    DataDirOption,
    opened,
    settings_of,
    this_user,
)

if TYPE_CHECKING:
    from podcore.access import Key

app = typer.Typer(no_args_is_help=True, help="Keys of page and API: add, list, revoke.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="To call it by, in lists and in the audit.")],
    scope: Annotated[Scope, typer.Option(help="Each allows all before it.")] = Scope.READ,
    site: Annotated[
        list[str] | None, typer.Option(help="Id of a site, * for any part; all by default.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="30d from now, or RFC 3339; never by default.")
    ] = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make a key. It is shown this once; only a digest of it is kept."""
    import secrets

    from podcore.access import make_key
    from podcore.clock import SystemClock
    from podtwin.store.keys import Keys

    now_ns = SystemClock().now_ns()
    made, token = make_key(
        name, scope, site or (), by=this_user(), now_ns=now_ns,
        expires_ns=_expiry(expires, now_ns), random=secrets.token_bytes,
    )  # fmt: skip
    with opened(settings_of(data_dir, config).data_dir, make=True) as store:
        Keys(store).add(made)
    if output is Output.JSON:
        print_json({**_fields(made, now_ns), "key": token})
        return
    typer.echo(token)
    sites = ", ".join(made.sites.patterns) or "all sites"
    typer.echo(f"key {made.name} ({made.scope}, {sites}), shown this once", err=True)


@app.command("list")
def list_(
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List keys, revoked ones too, and when each was last used."""
    from podcore.clock import SystemClock
    from podtwin.store.keys import Keys

    with opened(settings_of(data_dir, config).data_dir) as store:
        found = Keys(store).all()
    shown = [_fields(each, SystemClock().now_ns()) for each in found]
    if output is Output.JSON:
        print_json({"keys": shown})
        return
    print_table([{name: _text(value) for name, value in each.items()} for each in shown])
    if not found:
        typer.echo("no keys; podtwin keys add NAME", err=True)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id or name of a key.")],
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
) -> None:
    """End a key, its sessions and its streams, within three seconds."""
    from podcore.clock import SystemClock
    from podtwin.store.keys import Keys

    with opened(settings_of(data_dir, config).data_dir) as store:
        keys = Keys(store)
        found = keys.find(key)
        done = keys.revoke(found.id, this_user(), SystemClock().now_ns())
    word = "revoked" if done else "was revoked before"
    typer.echo(f"{word}: {found.name} {found.id}", err=True)


def _expiry(text: str | None, now_ns: int) -> int | None:
    from podcore.errors import ConfigError

    if text is None:
        return None
    try:
        return _instant_ns(text, now_ns)
    except ValueError as error:
        raise ConfigError("--expires", text, str(error)) from None


def _instant_ns(text: str, now_ns: int) -> int:
    from podcore.duration import parse_duration
    from podtwin.api.times import parse_time

    if text[:1].isdigit() and text[-1:].isalpha() and "T" not in text.upper():
        return now_ns + round(parse_duration(text) * 1e9)
    return parse_time(text, now_ns)


def _fields(key: Key, now_ns: int) -> dict[str, object]:
    from podcore.clock import rfc3339

    def at(ns: int | None) -> str | None:
        return None if ns is None else rfc3339(ns)

    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope.value,
        "sites": list(key.sites.patterns) or None,
        "state": key.state(now_ns).value,
        "created_at": at(key.created_ns),
        "created_by": key.created_by,
        "expires_at": at(key.expires_ns),
        "used_at": at(key.used_ns),
    }


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
