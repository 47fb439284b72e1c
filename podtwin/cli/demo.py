"""`podtwin demo`: the whole program on simulated sites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podtwin.cli.output import Output, OutputOption, print_json

if TYPE_CHECKING:
    from podtwin.notify.receiver import Received
    from podtwin.pipeline.demo import Demo, DemoOptions


def demo(
    sites: Annotated[int, typer.Option(help="Number of simulated sites.")] = 3,
    seed: Annotated[int, typer.Option(help="Of plants, weather, load and sensors.")] = 42,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME[:site=S]@TIME[/for=DURATION], as compressor-trip@60s; repeat it. "
            "Two faults are played when left out; none for a healthy demo."
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Of the page; when taken, any free one.")] = 8080,
    mqtt_port: Annotated[
        int, typer.Option("--mqtt-port", help="Of the demo broker; when taken, any free one.")
    ] = 1883,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Kept; a temporary one, removed at the end, by default."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help="From the first live value, as 120 or 2m; else Ctrl-C.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Start broker, simulated plants, ingest, twin and page in one process."""
    from podcore.clock import SystemClock
    from podtwin.cli.durations import duration_s
    from podtwin.pipeline.demo import Demo, DemoOptions, choose_faults
    from podtwin.pipeline.demo_sites import demo_sites

    chosen = demo_sites(sites, seed)
    with _directory(data_dir) as path:
        options = DemoOptions(
            data_dir=path,
            sites=tuple(chosen),
            seed=seed,
            faults=choose_faults(fault, chosen),
            port=port,
            mqtt_port=mqtt_port,
            duration_s=duration_s(duration),
            process_began_ns=_process_began_ns(),
            on_webhook=_say_webhook,
        )
        played = Demo(options, SystemClock())
        summary = played.run(lambda: _say(played, options))
    if output is Output.JSON:
        print_json(summary)
    elif summary["ended"] == "failed":
        typer.echo("a part of the demo has failed; see the log above", err=True)
    if summary["ended"] == "failed":
        raise typer.Exit(70)


@contextmanager
def _directory(given: Path | None) -> Iterator[Path]:
    from tempfile import TemporaryDirectory

    if given is not None:
        yield given
        return
    with TemporaryDirectory(prefix="podtwin-demo-", ignore_cleanup_errors=True) as path:
        yield Path(path)


def _say_webhook(received: Received) -> None:
    """A line for each message of the built-in receiver, as whoever is paged would read it."""
    import json

    message = json.loads(received.body)
    data = message.get("data", {})
    text = data.get("text", "")
    typer.echo(f"webhook {message['type']} {data.get('site', '')}: {text}", err=True)


def _process_began_ns() -> int:
    from psutil import Process

    return int(Process().create_time() * 1e9)


def _say(played: Demo, options: DemoOptions) -> None:
    names = ", ".join(site.id for site in options.sites[:5])
    more = len(options.sites) - 5
    lines = [
        f"PodTwin demo: {names}{f' and {more} more' if more > 0 else ''}",
        f"  open   {played.pipeline.url}",
        "  see    two hours of past in a few seconds, then live values every second:",
        "         power and cooling of each site, measured (solid) against the twin (dashed)",
        f"  send   readings of your own to {played.pipeline.broker}, as docs/mqtt.md says",
    ]
    for fault in options.faults:
        when = f"{fault.onset_s:.0f} s after the first live value"
        lines.append(f"  fault  {fault.name} at {fault.site}, {when}")
    typer.echo("\n".join([*lines, "  stop   Ctrl-C"]), err=True)
