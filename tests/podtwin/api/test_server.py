"""The real server on a real port, and its stream over a real socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from support.api import DATA_DIR_ID
from support.live_api import LiveWorld
from support.memory_keys import made_key

from podcore.errors import ConfigError
from podcore.role import RoleState
from podtwin.api.deps import Access
from podtwin.api.server import ApiServer

POINT = "ams-03/rack-01/it_power"
SLOW_ENOUGH = 100  # deltas of 300 kB: more than a socket's buffers take


@dataclass(frozen=True)
class Heard:
    name: str
    id: str
    data: Any


def events(response: httpx.Response) -> Iterator[Heard]:
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield Heard(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
            fields = {}


def until(stream: Iterator[Heard], name: str) -> Heard:
    return next(event for event in stream if event.name == name)


@pytest.fixture
def world() -> LiveWorld:
    world = LiveWorld()
    world.tell({"rack-01/it_power": 1.0})
    return world


@pytest.fixture
def server(world: LiveWorld) -> Iterator[ApiServer]:
    server = ApiServer(world.deps(), port=0)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server: ApiServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=10) as client:
        yield client


def test_it_answers_on_a_free_port_and_says_which(server: ApiServer, client: httpx.Client) -> None:
    assert server.port > 0
    assert client.get("/healthz").status_code == 200
    health = server.health()
    assert (health.name, health.state, health.ready) == ("api", RoleState.RUNNING, True)
    assert {"api", "api-hub"} <= {thread.name for thread in threading.enumerate()}


def test_it_ends_when_stopped_and_not_twice(world: LiveWorld) -> None:
    server = ApiServer(world.deps(), port=0)
    assert server.health().state is RoleState.STOPPED
    server.start()
    server.stop()
    server.stop()
    assert server.health().state is RoleState.STOPPED
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_it_may_be_stopped_before_it_was_started(world: LiveWorld) -> None:
    ApiServer(world.deps(), port=0).stop()


def test_a_port_in_use_is_named_with_the_way_out(server: ApiServer) -> None:
    second = ApiServer(LiveWorld().deps(), port=server.port)
    with pytest.raises(ConfigError, match=f"{server.port}: another program listens .* --port 0"):
        second.start()
    second.stop()


def test_what_others_could_reach_is_not_bound(world: LiveWorld) -> None:
    with pytest.raises(ConfigError, match="without keys"):
        ApiServer(world.deps(), host="0.0.0.0", port=0)  # noqa: S104


def test_a_stream_begins_with_everything_and_goes_on_with_what_changes(
    world: LiveWorld, client: httpx.Client
) -> None:
    with client.stream("GET", "/api/v1/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = events(response)
        snapshot = next(stream)
        assert (snapshot.name, snapshot.id) == ("snapshot", f"{DATA_DIR_ID}.1.0")
        assert snapshot.data["values"][POINT][1:] == [1.0, 0, *[None] * 5]
        assert snapshot.data["sites"]["ams-03"]["clock"] == "live"
        world.tell({"rack-02/it_power": 2.0})
        delta = until(stream, "delta")
        assert list(delta.data["values"]) == ["ams-03/rack-02/it_power"]
        assert delta.id == f"{DATA_DIR_ID}.2.0"


def test_a_ping_comes_every_two_seconds(client: httpx.Client) -> None:
    with client.stream("GET", "/api/v1/stream?kinds=values") as response:
        stream = events(response)
        first, second = until(stream, "ping"), until(stream, "ping")
        assert 1_900 <= second.data["now_ms"] - first.data["now_ms"] <= 3_000


def test_who_was_away_goes_on_with_what_changed_meanwhile(
    world: LiveWorld, client: httpx.Client
) -> None:
    with client.stream("GET", "/api/v1/stream?kinds=values") as response:
        last = next(events(response)).id
    with client.stream("GET", "/api/v1/stream?kinds=values") as watching:
        stream = events(watching)
        next(stream)
        for value in (2.0, 3.0):
            world.tell({"rack-02/it_power": value})
            until(stream, "delta")
    again = {"Last-Event-ID": last}
    with client.stream("GET", "/api/v1/stream?kinds=values", headers=again) as response:
        seen: dict[str, float] = {}
        for event in events(response):
            assert event.name == "delta"
            seen |= {point: row[1] for point, row in event.data["values"].items()}
            if event.id == f"{DATA_DIR_ID}.3.0":
                break
    assert seen["ams-03/rack-02/it_power"] == 3.0


def test_who_comes_from_elsewhere_begins_anew(client: httpx.Client) -> None:
    unknown = {"Last-Event-ID": "01OTHER.5.5"}
    with client.stream("GET", "/api/v1/stream", headers=unknown) as response:
        assert next(events(response)).name == "snapshot"


def test_a_stream_may_be_of_one_site(world: LiveWorld, client: httpx.Client) -> None:
    with client.stream("GET", "/api/v1/stream?sites=ams-03&kinds=sites&session=live") as response:
        snapshot = next(events(response))
        assert snapshot.data["values"] == {}
        assert list(snapshot.data["sites"]) == ["ams-03"]


def test_streams_end_by_themselves_when_the_server_drains(
    world: LiveWorld, server: ApiServer, client: httpx.Client
) -> None:
    with client.stream("GET", "/api/v1/stream") as response:
        stream = events(response)
        next(stream)
        server.drain(5)
        assert world.hub.clients == 0
        rest = list(stream)
    assert (rest[-1].name, rest[-1].data) == ("end", {"reason": "the server stops"})
    assert client.get("/readyz").status_code == 503
    assert client.get("/api/v1/stream").json()["type"].endswith("stopping")


def test_a_client_that_goes_away_is_forgotten(world: LiveWorld, client: httpx.Client) -> None:
    with client.stream("GET", "/api/v1/stream") as response:
        stream = events(response)
        next(stream)
        assert world.hub.clients == 1
    assert world.hub.wait_for_no_clients(5)


def test_a_slow_client_gets_the_newest_merged_and_never_a_queue(
    world: LiveWorld, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podtwin.api.hub.DELTA_EVERY_S", 0.0)
    names = [f"rack-01/value_{number}" for number in range(6_000)]
    published = threading.Event()
    world.hub.listen(published.set)
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"GET /api/v1/stream?kinds=values HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for value in range(SLOW_ENOUGH):
            published.clear()
            world.tell(dict.fromkeys(names, float(value)))
            assert published.wait(5)
        slow.settimeout(10)
        text = b""
        while f",{SLOW_ENOUGH - 1}.0,".encode() not in text:
            part = slow.recv(1 << 20)
            assert part
            text = text[-1_000:] + part
    assert world.hub.merged > 0


def test_only_so_many_streams_are_open(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podtwin.api.routes.stream.MAX_CLIENTS", 1)
    with client.stream("GET", "/api/v1/stream") as response:
        stream = events(response)
        next(stream)
        refused = client.get("/api/v1/stream")
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:podtwin:problem:too_many_streams"
        assert refused.headers["retry-after"] == "10"


@pytest.mark.parametrize(
    "begun",
    (
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ",
        b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    ),
)
def test_who_never_ends_a_request_is_cut_off(
    server: ApiServer, client: httpx.Client, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr("podtwin.api.connection.REQUEST_S", 0.05)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        slow.sendall(begun)
        assert slow.recv(1) == b""
    refused = 'podtwin_requests_refused_total{reason="request_too_slow"} 1.0'
    assert refused in client.get("/metrics").text


def test_what_is_no_http_is_counted_and_writes_nothing(
    server: ApiServer, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    upgrade = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    for sent, status in ((b"garbage\r\n\r\n", b"400"), (upgrade, b"503")):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
            caller.sendall(sent)
            assert caller.recv(12) == b"HTTP/1.1 " + status
    assert 'reason="malformed_request"} 1.0' in client.get("/metrics").text
    assert caplog.records == []


def test_a_stream_lasts_longer_than_a_request_may(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podtwin.api.connection.REQUEST_S", 0.05)
    with client.stream("GET", "/api/v1/stream?kinds=values") as response:
        assert until(events(response), "ping").name == "ping"


def test_one_connection_too_many_is_closed_at_once(
    server: ApiServer, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podtwin.api.connection.MAX_CONNECTIONS", 1)
    assert client.get("/healthz").status_code == 200  # and stays open
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as second:
        assert second.recv(1) == b""
    assert 'reason="too_many_connections"} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize(("trusted", "secure"), ((("127.0.0.1",), True), ((), False)))
def test_a_proxy_is_believed_where_it_is_named(trusted: tuple[str, ...], secure: bool) -> None:
    world = LiveWorld(access=Access(required=True, trusted_proxies=trusted))
    key, token = made_key(now_ns=world.clock.now_ns())
    world.keys.add(key)
    server = ApiServer(world.deps(), port=0)
    server.start()
    try:
        said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
        answer = httpx.post(f"{server.url}/api/v1/session", json={"key": token}, headers=said)
    finally:
        server.stop()
    assert ("Secure" in answer.headers["set-cookie"]) is secure


def test_with_keys_any_address_may_be_bound() -> None:
    world = LiveWorld(access=Access(required=True))
    server = ApiServer(world.deps(), host="0.0.0.0", port=0)  # noqa: S104 - what is tested
    server.start()
    try:
        assert server.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{server.url}/api/v1/sites", headers={"Host": "x"}).status_code == 401
    finally:
        server.stop()
