"""The demo: broker, plants, ingest, engine, history and page in one process.

Two hours of simulated past go the normal way first, so that charts and twin are warm; then the
plants go live. Duration and fault times count from the first live value.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ulid import ULID

from ingest.broker import free_port, port_is_free
from podcore.outbox import Endpoint
from podcore.ports import Clock
from podcore.site import Site
from podtwin.agent.simulation import Script, SimulatedNode, node_of, simulated_node
from podtwin.notify.receiver import Received, Receiver
from podtwin.notify.signing import SECRET_BYTES, make_secret
from podtwin.pipeline.assembly import Pipeline
from podtwin.pipeline.demo_sites import require_sites
from podtwin.pipeline.options import PipelineOptions
from podtwin.pipeline.run import End, run_pipeline
from podtwin.store.deliveries import Deliveries
from podtwin.store.outbox import SqliteOutbox
from simulators.faults import FaultSpec, parse_fault

RECEIVER = "demo receiver"
# What a demo shows when nobody asks for something else: found by the normal path, told, resolved.
SCRIPT = ("compressor-trip@60s/for=90s", "sensor-stuck@180s/for=600s")
NO_FAULT = "none"
_FIRED = "SELECT count(DISTINCT alert) FROM notices WHERE kind = 'alert.firing'"
PAST_S = 7_200.0
PAST_EVERY_S = 5.0
FLUSH_S = 2.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What is played.

    port, mqtt_port : taken when free, else any free one; 0 for any.
    process_began_ns : when the command was given, for the time to the first live value.
    on_webhook : told of each message that the built-in receiver got.
    """

    data_dir: Path
    sites: tuple[Site, ...]
    seed: int
    faults: tuple[FaultSpec, ...] = ()
    port: int = 8080
    mqtt_port: int = 1883
    duration_s: float | None = None
    process_began_ns: int = 0
    on_webhook: Callable[[Received], None] = lambda _received: None


class Demo:
    """One demonstration; `run` plays it to its end."""

    def __init__(self, options: DemoOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._nodes: list[SimulatedNode] = []
        secret = make_secret(secrets.token_bytes(SECRET_BYTES))
        self.receiver = Receiver(0, secret, clock, options.on_webhook)
        self._first_value_s: float | None = None
        self._ends_s: float | None = None
        self.pipeline = Pipeline(
            PipelineOptions(
                data_dir=options.data_dir,
                port=_free_or_any(options.port),
                mqtt_port=_free_or_any(options.mqtt_port) or free_port(),
                sites=options.sites,
                outboxes=self._waiting,
            ),
            clock,
        )

    def run(self, on_start: Callable[[], None] = lambda: None) -> dict[str, object]:
        """Plays to a signal or the duration; the summary that `-o json` prints.

        on_start : called when the page can be opened.

        Raises
        ------
        ConfigError  When a port or the data directory cannot be used.
        """
        try:
            end = run_pipeline(
                self.pipeline,
                self._clock,
                after_start=lambda _supervisor: self._begin(on_start),
                until=self._over,
                before_drain=self._drain_nodes,
            )
        finally:
            for node in self._nodes:
                node.stop()
            self.receiver.stop()
        return self._summary(end)

    def _begin(self, on_start: Callable[[], None]) -> None:
        self.receiver.start()
        self._add_endpoint()
        on_start()
        for site in self._options.sites:
            path = self.pipeline.data_dir.outbox(site.id, node_of(site))
            # A data directory that was played before has its past; it goes on live.
            past_s = 0.0 if path.exists() else PAST_S
            node = simulated_node(
                site,
                self.pipeline.broker,
                path,
                self._clock,
                seed=self._options.seed,
                ulid=str(ULID()),
                script=Script(past_s=past_s, past_every_s=PAST_EVERY_S),
                faults=self._options.faults,
            )
            self._nodes.append(node)
        for node in self._nodes:
            node.start()

    def _add_endpoint(self) -> None:
        """The built-in receiver, in the place of the one of an earlier demo on the directory."""
        outbox, now_ns = SqliteOutbox(self.pipeline.state), self._clock.now_ns()
        for old in outbox.endpoints():
            if old.name == RECEIVER:
                outbox.remove(old.id, RECEIVER, now_ns)
        made = Endpoint(
            f"ep_{secrets.token_hex(8)}", self.receiver.url, self.receiver.secret,
            enabled=True, created_ns=now_ns, name=RECEIVER,
        )  # fmt: skip
        outbox.add(made, RECEIVER)

    def _over(self) -> bool:
        """Notes the first live value on the page; whether the duration after it is over."""
        if self._first_value_s is None and self.pipeline.shows_live():
            began_ns = self._options.process_began_ns
            self._first_value_s = (self._clock.now_ns() - began_ns) / 1e9
            if self._options.duration_s is not None:
                self._ends_s = self._clock.monotonic_s() + self._options.duration_s
        return self._ends_s is not None and self._clock.monotonic_s() >= self._ends_s

    def _drain_nodes(self) -> None:
        for node in self._nodes:
            node.end_sampling()
        until_s = self._clock.monotonic_s() + FLUSH_S
        for node in self._nodes:
            node.drain(max(0.0, until_s - self._clock.monotonic_s()))
            node.stop()

    def _waiting(self) -> int:
        return sum(node.waiting for node in self._nodes)

    def _summary(self, end: End) -> dict[str, object]:
        first, store = self._first_value_s, self.pipeline.state
        messages = Deliveries(store).counts()
        return {
            **end.summary(),
            "first_value_s": None if first is None else round(first, 2),
            "sites": len(self._options.sites),
            "alerts_fired": store.rows(_FIRED)[0][0],
            "deliveries_ok": sum(n for (_, state), n in messages.items() if state == "delivered"),
        }


def _free_or_any(port: int) -> int:
    return port if port and port_is_free(port) else 0


def choose_faults(asked: Sequence[str] | None, sites: Sequence[Site]) -> tuple[FaultSpec, ...]:
    """The faults to play: those asked for, each at the first site when it names none.

    asked : None or empty plays `SCRIPT`, one at each of the first sites; `none` plays none.

    Raises
    ------
    ConfigError  When one is not known, or names a site that is not played.
    """
    if not asked:
        scripted = zip(SCRIPT, sites, strict=False)
        return tuple(replace(parse_fault(text), site=site.id) for text, site in scripted)
    faults = [parse_fault(text) for text in asked if text != NO_FAULT]
    require_sites(faults, sites)
    return tuple(f if f.site is not None else replace(f, site=sites[0].id) for f in faults)
