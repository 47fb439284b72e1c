"""`podtwin simulate`: plants that publish like real sites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podcore.errors import ConfigError
from podtwin.cli.account import CaFileOption, CertFileOption, KeyFileOption, broker_address
from podtwin.cli.durations import duration_s
from podtwin.cli.nodes import play, require_heard
from podtwin.cli.outboxes import DrainOption, OutboxAgeOption, OutboxBytesOption, keeping
from podtwin.cli.output import Output, OutputOption, print_json, print_pairs
from podtwin.cli.publish import DEFAULT_BROKER, speed_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.address import BrokerAddress
    from podcore.ports import Clock
    from podcore.site import Site
    from podtwin.agent.simulation import Script, SimulatedNode, TellFaults
    from podtwin.cli.outboxes import Keeping
    from simulators.faults import FaultSpec


def simulate(
    site_files: Annotated[
        list[Path] | None,
        typer.Option("--site-file", exists=True, help="Site files of type air-dx; repeat it."),
    ] = None,
    sites: Annotated[
        int | None, typer.Option(help="Instead: so many variants of the air-dx module.")
    ] = None,
    broker: Annotated[
        str, typer.Option(help="mqtt://[user@]host:port, or mqtts.")
    ] = DEFAULT_BROKER,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    key_file: KeyFileOption = None,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 42,
    faults: Annotated[
        list[str] | None,
        typer.Option("--fault", help="NAME[:key=value,...]@TIME[/ramp=D][/for=D]; repeat it."),
    ] = None,
    speed: Annotated[
        str,
        typer.Option(
            help="1 is live. Another number, or max, plays --duration of the past at that speed."
        ),
    ] = "1",
    duration: Annotated[
        str | None, typer.Option(help="Simulated time, as 90s or 2h; without end by default.")
    ] = None,
    past: Annotated[
        str | None,
        typer.Option(help="So much of the past first, as 2h; not for an outbox that is there."),
    ] = None,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="Where the outboxes are kept.")
    ] = Path("data"),
    truth: Annotated[
        Path | None,
        typer.Option(help="File that gets a line of JSON for each fault; never published."),
    ] = None,
    drain_rate: DrainOption = None,
    outbox_bytes: OutboxBytesOption = None,
    outbox_age: OutboxAgeOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Publish the readings of simulated sites, with an outbox that survives a restart."""
    from podcore.clock import SystemClock
    from podtwin.agent.truth_file import TruthFile
    from simulators.faults import parse_fault

    clock, address = SystemClock(), broker_address(broker, ca_file, cert_file, key_file)
    length_s = duration_s(duration)
    script = _script(speed_of(speed), length_s, duration_s(past, "--past"))
    wanted = _sites(site_files, sites, seed)
    specs = [parse_fault(text) for text in faults or ()]
    told = None if truth is None else TruthFile(truth)
    tell = told.tell if told else None
    kept = keeping(drain_rate, outbox_bytes, outbox_age)
    what = _Play(seed, script, specs, tell, kept)
    nodes = _nodes(wanted, data_dir, address, clock, what)
    play(nodes, clock, length_s if script.live else None, endless=script.live)
    if told is not None:
        told.close()
    _summary(nodes, output, broker)


@dataclass(frozen=True, slots=True)
class _Play:
    """What is played, whatever the site."""

    seed: int
    script: Script
    faults: Sequence[FaultSpec]
    tell: TellFaults | None
    kept: Keeping


def _nodes(
    sites: Sequence[Site], data_dir: Path, address: BrokerAddress, clock: Clock, what: _Play
) -> list[SimulatedNode]:
    """A node a site, each with the outbox that it alone may use."""
    from ulid import ULID

    from podtwin.agent.simulation import node_of, simulated_node
    from podtwin.pipeline.datadir import DataDir
    from podtwin.pipeline.demo_sites import require_sites

    require_sites(what.faults, sites)
    folder = DataDir(data_dir)
    folder.hold(f"outbox-{site.id}.{node_of(site)}" for site in sites)
    outboxes = [folder.outbox(site.id, node_of(site)) for site in sites]
    return [
        simulated_node(
            site,
            address,
            outbox,
            clock,
            seed=what.seed,
            ulid=str(ULID()),
            script=_not_again(what.script, outbox),
            faults=what.faults,
            on_faults=what.tell or (lambda _labels: None),
            patience=what.kept.patience,
            quota=what.kept.quota,
        )
        for site, outbox in zip(sites, outboxes, strict=True)
    ]


def _script(speed: float | None, duration_s: float | None, past_s: float | None = None) -> Script:
    from podtwin.agent.simulation import LIVE, Script

    if speed == 1.0:
        return LIVE if past_s is None else Script(past_s=past_s)
    if past_s is not None:
        rule = "a speed other than 1 plays the past alone"
        raise ConfigError("--past", past_s, rule, "leave one out; --duration says how much of it")
    if duration_s is None:
        rule = "a speed other than 1 plays a stretch of the past, which must be given"
        raise ConfigError("--speed", speed or "max", rule, "add e.g. --duration 2h")
    return Script(past_s=duration_s, past_every_s=1.0, past_speed=speed, live=False)


def _not_again(script: Script, outbox: Path) -> Script:
    """Of a live script, only the present where the outbox has already played its past."""
    from podtwin.agent.simulation import LIVE

    return LIVE if script.live and outbox.exists() else script


def _sites(files: list[Path] | None, count: int | None, seed: int) -> list[Site]:
    from podtwin.config.sites import load_site_files
    from podtwin.pipeline.demo_sites import demo_sites

    if files and count is not None:
        raise ConfigError("--sites", count, "stands instead of --site-file", "leave one out")
    if files:
        return [loaded.site for loaded in load_site_files(files)]
    return demo_sites(1 if count is None else count, seed)


def _summary(nodes: Sequence[SimulatedNode], output: Output, broker: str) -> None:
    waiting = sum(node.waiting for node in nodes)
    counts: dict[str, object] = {
        "sites": len(nodes),
        "messages": sum(node.samples for node in nodes),
        "waiting": waiting,
        "dropped": sum(node.given_up for node in nodes),
    }
    (print_json if output is Output.JSON else print_pairs)(counts)
    require_heard(nodes, broker)
