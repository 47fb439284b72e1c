"""An API that asks for keys: two sites, each with an alert, a message and a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from support.api import NOW_NS, Client, World, air_site
from support.memory_alerts import (
    MemoryAlerts,
    MemoryDeliveries,
    MemoryEndpoints,
    alert,
    endpoint,
    message,
)
from support.memory_keys import MemoryKeys, made_key

from podcore.access import Key, Scope
from podtwin.api.attempts import Attempts
from podtwin.api.deps import Access, RecordingInfo, ReplayInfo
from podtwin.api.keyring import Keyring

OWN, OTHER = "ams-03", "osl-01"


def recording(name: str, *sites: str) -> RecordingInfo:
    return RecordingInfo(name, name, None, None, 1, sites, None, None)


def replay(name: str, of: str) -> ReplayInfo:
    return ReplayInfo(name, of, "done", 1, None, None, None)


def keyed_world() -> World:
    world = World(
        sites=(air_site(OWN), air_site(OTHER)),
        access=Access(required=True),
        alerts=MemoryAlerts(alert("a-own"), alert("a-other", site=OTHER)),
        deliveries=MemoryDeliveries(
            message("m-own"),
            message("m-other", site=OTHER, alert="a-other"),
            message("m-test", site="", alert="", kind="podtwin.test"),
        ),
        endpoints=MemoryEndpoints(endpoint()),
        recordings=(
            recording("r-own", OWN),
            recording("r-both", OWN, OTHER),
            recording("r-empty"),
        ),
        replays=(replay("p-own", "r-own"), replay("p-both", "r-both"), replay("p-lost", "gone")),
    )
    for site in (OWN, OTHER):
        world.measure(site=site, ago_s=60.0)
    world.hub.load()
    return world


@dataclass
class Keyed:
    """A client that shows keys."""

    world: World = field(default_factory=keyed_world)

    def __post_init__(self) -> None:
        self.client = Client(self.world)

    def afresh(self) -> Keyed:
        """The same without keys and without a past: an app takes a while to make."""
        self.world.clock.ns = NOW_NS
        self.keys.clear()
        self.world.alerts.commands.clear()
        door = self.client.door
        door.attempts = Attempts()
        door.keyring = Keyring(self.keys, self.world.clock)
        return self

    @property
    def keys(self) -> MemoryKeys:
        return self.world.keys

    def made(
        self,
        scope: Scope = Scope.READ,
        *sites: str,
        name: str = "kim",
        expires_ns: int | None = None,
    ) -> tuple[Key, dict[str, str]]:
        """A key in the book, and the header that shows it."""
        key, token = made_key(name, scope, *sites, expires_ns=expires_ns)
        self.keys.kept[key.id] = key
        return key, {"Authorization": f"Bearer {token}"}

    def log_in(
        self, scope: Scope = Scope.READ, *sites: str, name: str = "kim"
    ) -> tuple[Key, dict[str, str]]:
        """A session, and the header with its cookie."""
        key, shown = self.made(scope, *sites, name=name)
        answer = self.client.post("/api/v1/session", {"key": shown["Authorization"].split()[1]})
        assert answer.status_code == httpx.codes.OK, answer.text
        return key, {"Cookie": cookie_of(answer)}


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def kind_of(answer: httpx.Response) -> str:
    """The last part of a problem's type."""
    body: Mapping[str, str] = answer.json()
    return body["type"].rpartition(":")[2]
