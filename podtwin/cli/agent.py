"""`podtwin agent`: this host, and devices beside it, as a node."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podcore.errors import ConfigError
from podcore.names import ID_RULE, is_id
from podtwin.cli.account import CaFileOption, CertFileOption, KeyFileOption, broker_address
from podtwin.cli.device_table import devices_as_json, show_devices
from podtwin.cli.durations import duration_s
from podtwin.cli.host_table import show_sight, sight_as_json
from podtwin.cli.nodes import play, require_heard
from podtwin.cli.outboxes import DrainOption, OutboxAgeOption, OutboxBytesOption, keeping
from podtwin.cli.output import Output, OutputOption, print_json, print_pairs
from podtwin.cli.publish import DEFAULT_BROKER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.address import BrokerAddress
    from podcore.frame import BirthPoint
    from podcore.ports import Clock
    from podtwin.agent.devices.file import LoadedDevices
    from podtwin.agent.devices.poller import Asked
    from podtwin.agent.host.collector import Sight
    from podtwin.agent.host.host import Host
    from podtwin.agent.host_node import HostNode
    from podtwin.cli.outboxes import Keeping

NOTHING_SEEN = 1
SHORTEST_S, LONGEST_S = 1.0, 60.0  # utilisation is counted in 1/100 s; see agent/host/energy.py
_FIRST_LOOK_S = 1.0  # what rates of --check are taken over


def agent(
    site: Annotated[str | None, typer.Option(help="Site that this host belongs to.")] = None,
    node: Annotated[
        str | None, typer.Option(help="Name of this node; that of the host by default.")
    ] = None,
    broker: Annotated[
        str, typer.Option(help="mqtt://[user@]host:port, or mqtts.")
    ] = DEFAULT_BROKER,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    key_file: KeyFileOption = None,
    asset: Annotated[
        str | None, typer.Option(help="Asset that the points belong to; the node by default.")
    ] = None,
    period: Annotated[str, typer.Option(help="Between two samples, 1s to 60s.")] = "10s",
    duration: Annotated[
        str | None, typer.Option(help="As 90s or 2h; without end by default.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Print what can be seen, and what not; send nothing.")
    ] = False,
    devices: Annotated[
        Path | None,
        typer.Option(help="YAML file of devices beside the host: meters, cooling units, boards."),
    ] = None,
    root: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, help="Where the host's /proc and /sys are, if not at /."
        ),
    ] = Path("/"),
    data_dir: Annotated[Path, typer.Option("--data-dir", help="Where the outbox is kept.")] = Path(
        "data"
    ),
    drain_rate: DrainOption = None,
    outbox_bytes: OutboxBytesOption = None,
    outbox_age: OutboxAgeOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Publish what this host says of itself, and what devices beside it say."""
    from podcore.clock import SystemClock
    from podtwin.agent.host.files import HostFiles
    from podtwin.agent.host.host import Host, this_host
    from podtwin.agent.host.surroundings import surroundings
    from podtwin.agent.host_node import birth_points

    node = _id("--node", node or _host_name())
    asset = _id("--asset", asset or node)
    period_s = _period_s(period)
    clock, files = SystemClock(), HostFiles(root)
    beside = _devices(devices, clock)
    host = this_host(files) if beside.host else Host(())
    sight = host.look()
    points = birth_points(sight, asset, period_s)
    if check:
        values = _values(host, clock) if points else {}
        runs_in = surroundings(files) if beside.host else ()
        asked = _asked(beside, clock)
        if output is Output.JSON:
            said = sight_as_json(runs_in, sight, points, values)
            print_json(said | ({"devices": devices_as_json(asked)} if asked else {}))
        else:
            show_sight(runs_in, sight, points, values)
            show_devices(asked)
        seen = (points or not beside.host) and all(one.fault is None for one in asked)
        raise typer.Exit(0 if seen else NOTHING_SEEN)
    if not points and not beside.devices:
        typer.echo("nothing of this host can be seen; podtwin agent --check says why", err=True)
        raise typer.Exit(NOTHING_SEEN)
    if site is None:
        raise ConfigError("--site", None, "a node belongs to a site", "name one, as --site lab-01")
    length_s, address = duration_s(duration), broker_address(broker, ca_file, cert_file, key_file)
    kept = keeping(drain_rate, outbox_bytes, outbox_age)
    running = _node(
        _id("--site", site), node, host, points, address, data_dir, clock, period_s, beside, kept
    )
    _announce(sight, points, period_s, beside)
    play([running], clock, length_s, endless=True)
    _summary(running, output, broker)


def _devices(file: Path | None, clock: Clock) -> LoadedDevices:
    from podtwin.agent.devices.file import LoadedDevices, load_devices

    return LoadedDevices(host=True, devices=[]) if file is None else load_devices(file, clock)


def _asked(beside: LoadedDevices, clock: Clock) -> list[Asked]:
    from podtwin.agent.devices.poller import ask_all

    asked = ask_all(beside.devices, clock)
    for one in asked:
        one.device.close()
    return asked


def _host_name() -> str:
    return socket.gethostname().partition(".")[0].lower()


def _id(flag: str, text: str) -> str:
    if not is_id(text):
        raise ConfigError(flag, text, ID_RULE, f"name one, as {flag} server-01")
    return text


def _period_s(text: str) -> float:
    from podcore.duration import parse_duration

    try:
        period_s = parse_duration(text)
    except ValueError as error:
        raise ConfigError("--period", text, str(error)) from None
    if not SHORTEST_S <= period_s <= LONGEST_S:
        rule = f"a sample is taken every {SHORTEST_S:g} to {LONGEST_S:g} s"
        raise ConfigError("--period", text, rule, "10s is the usual one")
    return period_s


def _values(host: Host, clock: Clock) -> dict[str, float]:
    """What it gives after a second, for rates need two samples."""
    import threading

    host.read(clock.monotonic_s())
    clock.wait(threading.Event(), _FIRST_LOOK_S)
    return host.read(clock.monotonic_s())


def _node(
    site: str,
    node: str,
    host: Host,
    points: Mapping[str, BirthPoint],
    address: BrokerAddress,
    data_dir: Path,
    clock: Clock,
    period_s: float,
    beside: LoadedDevices,
    kept: Keeping,
) -> HostNode:
    from ulid import ULID

    from podtwin.agent.devices.poller import Pollers
    from podtwin.agent.host_node import host_node
    from podtwin.pipeline.datadir import DataDir

    folder = DataDir(data_dir)
    folder.hold([f"outbox-{site}.{node}"])
    outbox = folder.outbox(site, node)
    return host_node(
        site,
        node,
        host,
        points,
        address,
        outbox,
        clock,
        ulid=str(ULID()),
        period_s=period_s,
        patience=kept.patience,
        quota=kept.quota,
        beside=Pollers(beside.devices, clock) if beside.devices else None,
    )


def _announce(
    sight: Sight, points: Mapping[str, BirthPoint], period_s: float, beside: LoadedDevices
) -> None:
    import structlog

    log = structlog.get_logger(__name__)
    for absent in sight.absent:
        log.info("point_absent", point=absent.point, why=absent.why, way_out=absent.way_out)
    log.info("agent_running", points=len(points), devices=len(beside.devices), period_s=period_s)


def _summary(node: HostNode, output: Output, broker: str) -> None:
    counts: dict[str, object] = {
        "messages": node.samples,
        "waiting": node.waiting,
        "dropped": node.dropped.total() + node.given_up,
    }
    (print_json if output is Output.JSON else print_pairs)(counts)
    require_heard([node], broker)
