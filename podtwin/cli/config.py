"""`podtwin config`: schemas, checks of site and mapping files, and where settings come from."""

from __future__ import annotations

import enum
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podcore.errors import ConfigError
from podtwin.cli.map_check import fields_of, preview_of, print_preview
from podtwin.cli.output import Output, OutputOption, print_json, print_pairs

if TYPE_CHECKING:
    from podtwin.config.sites import LoadedSite

app = typer.Typer(no_args_is_help=True, help="Schemas and checks of files; settings in force.")
_FINDING = 1
_PACKED = "native-msgpack"  # the one format whose names need no mapping
_STARS = "*" * 10  # as pydantic shows a secret
_IN_ADDRESS = re.compile(r"(://[^/@:]*:)[^/@]*@")


class SchemaOf(enum.StrEnum):
    """What there is a JSON Schema of."""

    SITE = "site"
    MAP = "map"


@app.command()
def schema(of: Annotated[SchemaOf, typer.Argument(help="Which kind of file.")]) -> None:
    """Print the JSON Schema that editors check a file against."""
    from podcore.site import site_schema
    from podtwin.config.mapping import map_schema

    match of:
        case SchemaOf.SITE:
            typer.echo(json.dumps(site_schema(), indent=2))
        case SchemaOf.MAP:
            typer.echo(json.dumps(map_schema(), indent=2))


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Site files, or directories of them.")
    ] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="A mapping file of another format.")
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(help="A payload: show what the mapping makes of it.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="How the sample is read, as in ingest.sources.")
    ] = "influx",
    topic: Annotated[str, typer.Option(help="The topic that the sample came on.")] = "sample",
    output: OutputOption = Output.TABLE,
) -> None:
    """Check site files and a mapping; each mistake with its line, rule and way out.

    Exit 1 when there is one, and when anything of a sample is refused.
    """
    if not files and map_file is None and sample is None:
        raise ConfigError("FILES", None, "name site files, or a mapping with --map")
    if sample is not None and map_file is None and form != _PACKED:
        raise ConfigError(
            "--sample", str(sample), "what becomes of it is said by a mapping", "--map"
        )
    good, mistakes = _check_sites(files or [])
    shown = None
    if map_file is not None or sample is not None:
        try:
            shown = preview_of(map_file, sample, form, topic, [site for site, _ in good])
        except ConfigError as error:
            mistakes.append(error)
    if output is Output.JSON:
        sites = [{"id": site.id, "points": len(site.points), "file": name} for site, name in good]
        print_json({"sites": sites, "mistakes": [_fields(e) for e in mistakes], **fields_of(shown)})
    else:
        for site, name in good:
            typer.echo(f"{name}: {site.id}, {site.type.value}, {len(site.points)} points")
        print_preview(shown)
        for mistake in mistakes:
            typer.echo(str(mistake))
    if mistakes or (shown is not None and shown.refused_in_all):
        raise typer.Exit(_FINDING)


def _check_sites(files: list[Path]) -> tuple[list[LoadedSite], list[ConfigError]]:
    from podtwin.config.sites import load_site_files

    good: list[LoadedSite] = []
    mistakes: list[ConfigError] = []
    for file in files:
        try:
            good += load_site_files(file)
        except ConfigError as error:
            mistakes.append(error)
    if files and not mistakes:
        try:
            load_site_files(files)
        except ConfigError as shared:  # an id that two files give
            mistakes.append(shared)
    return good, mistakes


@app.command()
def show(
    origin: Annotated[
        bool, typer.Option("--origin", help="Say where each value came from.")
    ] = False,
    file: Annotated[Path | None, typer.Option("--config", help="Instead of podtwin.yaml.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print the settings in force. Secrets are shown as stars."""
    from podtwin.config.load import load_settings, setting_names

    loaded = load_settings(file)
    values = loaded.settings.model_dump(mode="json")
    origins = loaded.origins()
    rows = {name: _hidden(_inside(values, name)) for name in setting_names()}
    if output is Output.JSON:
        print_json(
            {
                name: {"value": value, "origin": str(origins[name])} if origin else value
                for name, value in rows.items()
            }
        )
        return
    print_pairs(
        {
            name: f"{_shown(value)}  ({origins[name]})" if origin else _shown(value)
            for name, value in rows.items()
        }
    )


def _inside(values: object, name: str) -> object:
    for step in name.split("."):
        values = values[step] if isinstance(values, dict) else None
    return values


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(_shown, value)) or "-"
    if isinstance(value, dict):  # one of several, such as a source of `ingest.sources`
        return " ".join(_shown(each) for each in value.values() if each is not None)
    return "-" if value is None else str(value)


def _hidden(value: object) -> object:
    """The value without a password that stands in an address."""
    if isinstance(value, list):
        return [_hidden(each) for each in value]
    if isinstance(value, dict):  # one of several, such as a sink of `sinks`
        return {name: _hidden(each) for name, each in value.items()}
    return _IN_ADDRESS.sub(f"\\1{_STARS}@", value) if isinstance(value, str) else value


def _fields(error: ConfigError) -> dict[str, object]:
    value = error.value if isinstance(error.value, str | int | float | None) else str(error.value)
    return {
        "file": error.file,
        "line": error.line,
        "place": error.place,
        "value": value,
        "rule": error.rule,
        "way_out": error.way_out,
    }
