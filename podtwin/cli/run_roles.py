"""`podtwin run`: the roles of a production process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podtwin.cli.durations import duration_s
from podtwin.cli.output import Output, OutputOption, print_json

if TYPE_CHECKING:
    from podtwin.config.settings import Settings
    from podtwin.pipeline.options import PipelineOptions


def run(
    broker: Annotated[
        str | None, typer.Option(help="mqtt://host:port; the embedded broker when left out.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Of page and API; 0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="Address of page and API.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where everything is kept.")
    ] = None,
    sites: Annotated[
        list[Path] | None, typer.Option("--sites", help="Site files or folders of them.")
    ] = None,
    roles: Annotated[
        str | None,
        typer.Option(help="Of broker,ingest,engine,seal,forward,notify,api; all by default."),
    ] = None,
    mqtt_port: Annotated[
        int | None, typer.Option("--mqtt-port", help="Of the embedded broker; 0 takes a free one.")
    ] = None,
    history: Annotated[
        str | None, typer.Option(help="Where it is kept: embedded, influx or both.")
    ] = None,
    discover: Annotated[
        bool | None,
        typer.Option("--discover/--no-discover", help="Whether a birth may create a site."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help="Stop after this long, as 90s; never by default.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Instead of podtwin.yaml.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run broker, ingest, engine, history and API until told to stop, then print the ledger."""
    from podtwin.config.load import load_settings

    flags: dict[str, object] = {
        "broker.url": broker,
        "broker.port": mqtt_port,
        "http.port": port,
        "http.host": host,
        "data_dir": data_dir,
        "roles": roles,
        "history": history,
        "ingest.discover": discover,
    }
    settings = load_settings(config, flags).settings
    summary = serve(_options(settings, sites), duration_s(duration))
    if output is Output.JSON:
        print_json(summary)


def serve(options: PipelineOptions, duration_s: float | None) -> dict[str, object]:
    """Runs a pipeline to its end; what it says at the end. Exits 70 when a role has died."""
    from podcore.clock import SystemClock
    from podtwin.pipeline.assembly import Pipeline
    from podtwin.pipeline.run import run_pipeline

    clock = SystemClock()
    end = run_pipeline(Pipeline(options, clock), clock, duration_s)
    if end.ended.failure is not None:
        raise typer.Exit(70)
    return end.summary()


def _options(settings: Settings, sites: list[Path] | None) -> PipelineOptions:
    from ingest.broker import free_port
    from podcore.hosts import LOOPBACK_HOSTS
    from podtwin.config.access import access_of
    from podtwin.config.bounds import bounds_of
    from podtwin.config.broker import broker_of
    from podtwin.config.influx import influx_targets
    from podtwin.config.quota import quota_of
    from podtwin.config.rules import load_rules
    from podtwin.config.sites import load_site_files
    from podtwin.config.sources import load_sources
    from podtwin.config.targets import target_policy
    from podtwin.pipeline.options import PipelineOptions

    loopback = settings.http.host in LOOPBACK_HOSTS
    address = broker_of(settings)
    if address is not None:
        loopback = loopback and address.host in LOOPBACK_HOSTS
    given = settings.ingest.discover
    places = sites or ([settings.sites_dir] if settings.sites_dir.is_dir() else [])
    known = tuple(site for site, _ in load_site_files(places)) if places else ()
    return PipelineOptions(
        data_dir=settings.data_dir,
        roles=settings.roles,
        history=settings.history,
        history_keep_ns=None if (keep := settings.history_keep) is None else int(keep * 1e9),
        sinks=influx_targets(settings),
        broker=address,
        mqtt_port=settings.broker.port or free_port(),
        host=settings.http.host,
        port=settings.http.port,
        discover=loopback if given is None else given,
        bounds=bounds_of(settings),
        sites=known,
        sources=load_sources(settings.ingest.sources, known),
        rules=load_rules(settings.alerts.rules_file, known),
        targets=target_policy(settings),
        access=access_of(settings),
        keep_ns=int(settings.log.keep * 1e9),
        max_bytes=settings.log.max_bytes,
        quota=quota_of(settings),
    )
