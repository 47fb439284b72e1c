"""`podtwin simulate`: plants that publish like real sites."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from podcore.errors import ConfigError, PodTwinError, Unreachable
from podtwin.cli.output import Output, OutputOption, print_json, print_pairs
from podtwin.cli.publish import DEFAULT_BROKER, speed_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podcore.ports import Clock
    from podcore.site import Site
    from podtwin.agent.simulation import Script, SimulatedNode

FLUSH_S = 2.0
GIVE_UP_S = 60.0  # without progress, when there is an end to come to


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
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 42,
    faults: Annotated[
        list[str] | None,
        typer.Option("--fault", help="NAME[:site=S,point=P]@TIME[/for=DURATION]; repeat it."),
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
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="Where the outboxes are kept.")
    ] = Path("data"),
    output: OutputOption = Output.TABLE,
) -> None:
    """Publish the readings of simulated sites, with an outbox that survives a restart."""
    from ulid import ULID

    from ingest.address import BrokerAddress
    from podcore.clock import SystemClock
    from podtwin.agent.simulation import node_of, simulated_node
    from podtwin.pipeline.datadir import DataDir
    from podtwin.pipeline.demo_sites import require_sites
    from simulators.faults import parse_fault

    clock, address = SystemClock(), BrokerAddress.parse(broker)
    duration_s = _duration_s(duration)
    script = _script(speed_of(speed), duration_s)
    wanted = _sites(site_files, sites, seed)
    specs = [parse_fault(text) for text in faults or ()]
    require_sites(specs, wanted)
    folder = DataDir(data_dir)
    folder.hold(f"outbox-{site.id}.{node_of(site)}" for site in wanted)
    nodes = [
        simulated_node(
            site,
            address,
            folder.outbox(site.id, node_of(site)),
            clock,
            seed=seed,
            ulid=str(ULID()),
            script=script,
            faults=specs,
        )
        for site in wanted
    ]
    _play(nodes, clock, duration_s if script.live else None)
    _summary(nodes, output, broker)


def _duration_s(text: str | None) -> float | None:
    from podcore.duration import parse_duration

    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError("--duration", text, str(error)) from None


def _script(speed: float | None, duration_s: float | None) -> Script:
    from podtwin.agent.simulation import LIVE, Script

    if speed == 1.0:
        return LIVE
    if duration_s is None:
        rule = "a speed other than 1 plays a stretch of the past, which must be given"
        raise ConfigError("--speed", speed or "max", rule, "add e.g. --duration 2h")
    return Script(past_s=duration_s, past_every_s=1.0, past_speed=speed, live=False)


def _sites(files: list[Path] | None, count: int | None, seed: int) -> list[Site]:
    from podtwin.config.sites import load_site_files
    from podtwin.pipeline.demo_sites import demo_sites

    if files and count is not None:
        raise ConfigError("--sites", count, "stands instead of --site-file", "leave one out")
    if files:
        return [loaded.site for loaded in load_site_files(files)]
    return demo_sites(1 if count is None else count, seed)


def _play(nodes: Sequence[SimulatedNode], clock: Clock, duration_s: float | None) -> None:
    """Plays until told, until the duration is over, or until all is played and acknowledged."""
    told = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        told.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    for node in nodes:
        node.start()
    began_s = moved_s = clock.monotonic_s()
    confirmed = 0
    try:
        while not clock.wait(told, 0.2):
            now_s = clock.monotonic_s()
            _check_health(nodes)
            if all(node.finished for node in nodes):
                break
            if duration_s is not None and now_s - began_s >= duration_s:
                break
            moved = sum(node.status().confirmed for node in nodes)
            if moved != confirmed or nodes[0].script.live:
                confirmed, moved_s = moved, now_s
            if now_s - moved_s > GIVE_UP_S:
                break
    finally:
        _end(nodes, clock)


def _check_health(nodes: Sequence[SimulatedNode]) -> None:
    from podcore.role import RoleState

    for node in nodes:
        health = node.health()
        if health.state is RoleState.FAILED:
            raise PodTwinError(f"{health.name} {health.detail}")


def _end(nodes: Sequence[SimulatedNode], clock: Clock) -> None:
    for node in nodes:
        node.end_sampling()
    until_s = clock.monotonic_s() + FLUSH_S
    for node in nodes:
        node.drain(max(until_s - clock.monotonic_s(), 0.0))
    for node in nodes:
        node.stop()


def _summary(nodes: Sequence[SimulatedNode], output: Output, broker: str) -> None:
    waiting = sum(node.waiting for node in nodes)
    counts: dict[str, object] = {
        "sites": len(nodes),
        "messages": sum(node.samples for node in nodes),
        "waiting": waiting,
    }
    (print_json if output is Output.JSON else print_pairs)(counts)
    if waiting and not any(node.heard for node in nodes):
        why = f"nobody acknowledged anything; start a receiver with: podtwin run --broker {broker}"
        raise Unreachable(f"{why}; {waiting} messages wait in the outboxes for the next run")
