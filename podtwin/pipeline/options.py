"""What a process runs, with which files and ports; made from settings, flags or by a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ingest.address import BrokerAddress
from ingest.bounds import DEFAULT_BOUNDS, Bounds
from ingest.foreign import Source
from ingest.retention import KEEP_NS, MAX_BYTES
from ingest.spool_quota import DEFAULT_LIMITS, Limits
from podcore.site import Site
from podtwin.alerts.rules import RuleSet
from podtwin.api.deps import Access
from podtwin.notify.address import Policy
from podtwin.store.influx_client import InfluxTarget

EMBEDDED, INFLUX = "embedded", "influx"  # the third is both of them
ROLES = ("broker", "ingest", "engine", "seal", "forward", "notify", "api")


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """What a process runs, with which files and ports.

    broker : an external broker; None starts the embedded one on `mqtt_port`.
    rules : when alerts are raised. targets : where webhooks may go.
    history : where it is kept, as the setting says; roles that it does not need are left out.
    history_keep_ns : how long, where it is embedded; None is for ever.
    sinks : what is forwarded to, unless history is `embedded`; history is read from the first.
    access : how callers of the API are told apart; keys are asked for beyond loopback in any case.
    bounds : how much messages alone may bring.
    quota : of the log; past it nothing is taken in.
    outboxes : how many messages wait in the outboxes of this process.
    """

    data_dir: Path
    roles: tuple[str, ...] = ROLES
    history: str = EMBEDDED
    history_keep_ns: int | None = None
    sinks: tuple[InfluxTarget, ...] = ()
    broker: BrokerAddress | None = None
    mqtt_port: int = 1883
    host: str = "127.0.0.1"
    port: int = 8080
    discover: bool = True
    bounds: Bounds = DEFAULT_BOUNDS
    sites: tuple[Site, ...] = ()
    sources: tuple[Source, ...] = ()
    keep_ns: int = KEEP_NS
    max_bytes: int = MAX_BYTES
    quota: Limits = DEFAULT_LIMITS
    rules: RuleSet = field(default_factory=RuleSet)
    targets: Policy = field(default_factory=Policy)
    access: Access = field(default_factory=Access)
    outboxes: Callable[[], int] = field(default=lambda: 0)

    def needed_roles(self) -> tuple[str, ...]:
        """Those asked for that have something to do, given broker and history."""
        idle = {
            "broker": self.broker is not None,
            "seal": self.history == INFLUX,
            "forward": self.history == EMBEDDED,
        }
        return tuple(name for name in self.roles if not idle.get(name, False))
