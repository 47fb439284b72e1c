from __future__ import annotations

import pytest
from support.api import Client, World
from support.memory_alerts import (
    STARTED_NS,
    MemoryDeliveries,
    MemoryEndpoints,
    attempt,
    endpoint,
    message,
)


def client(world: World) -> Client:
    world.hub.load()
    return Client(world)


def test_an_endpoint_shows_neither_its_secret_nor_what_its_url_hides() -> None:
    world = World(endpoints=MemoryEndpoints(endpoint()), deliveries=MemoryDeliveries(message()))
    answer = client(world).get("/api/v1/endpoints")
    assert answer.json()["endpoints"] == [
        {"id": "ep_1", "name": "ops", "url": "https://example.org/hook?…", "enabled": True,
         "reason": "", "created_at": "2026-11-24T09:00:00Z", "messages": {"delivered": 1}},
    ]  # fmt: skip
    assert "whsec" not in answer.text


def test_a_test_is_a_message_of_its_own() -> None:
    world = World(endpoints=MemoryEndpoints(endpoint()))
    answer = client(world).post("/api/v1/endpoints/ep_1/test")
    assert (answer.status_code, answer.json()) == (202, {"id": "msg_1"})
    (notice, where), = world.endpoints.queued  # fmt: skip
    assert (notice.kind, notice.alert, where) == ("podtwin.test", "", "ep_1")
    assert world.woken == 1


@pytest.mark.parametrize(
    ("name", "code", "kind"),
    (("nope", 404, "unknown_endpoint"), ("ep_2", 409, "endpoint_disabled")),
)
def test_a_test_of_what_is_not_sent_to_is_refused(name: str, code: int, kind: str) -> None:
    world = World(endpoints=MemoryEndpoints(endpoint("ep_2", enabled=False, reason="gone")))
    answer = client(world).post(f"/api/v1/endpoints/{name}/test")
    assert (answer.status_code, answer.json()["type"]) == (code, f"urn:podtwin:problem:{kind}")
    assert world.endpoints.queued == []


@pytest.mark.parametrize("limit", (1, 2, 3))
def test_messages_come_in_pages(limit: int) -> None:
    kept = MemoryDeliveries(message("m3"), message("m2", state="dead"), message("m1"))
    asked = client(World(deliveries=kept))
    seen, cursor = [], ""
    while True:
        shown = asked.get(f"/api/v1/deliveries?limit={limit}{cursor}").json()
        seen += [each["id"] for each in shown["deliveries"]]
        if shown["next"] is None:
            break
        cursor = f"&cursor={shown['next']}"
    assert seen == ["m3", "m2", "m1"]


@pytest.mark.parametrize(
    ("query", "found"),
    (
        ("state=dead", ["m2"]),
        ("alert=a9", ["m1"]),
        ("endpoint=ep_7", []),
        ("state=dead&alert=a9", []),
    ),
)
def test_messages_are_found_by_endpoint_alert_and_state(query: str, found: list[str]) -> None:
    kept = MemoryDeliveries(message("m2", state="dead"), message("m1", alert="a9"))
    shown = client(World(deliveries=kept)).get(f"/api/v1/deliveries?{query}").json()
    assert [each["id"] for each in shown["deliveries"]] == found


def test_a_message_is_shown_as_it_is_sent() -> None:
    world = World(deliveries=MemoryDeliveries(message()))
    world.deliveries.tried = [attempt(), attempt(started_ns=STARTED_NS + 9, status=None)]
    shown = client(world).get("/api/v1/deliveries/msg_1").json()
    assert shown["body"] == '{"type":"alert.firing"}'
    assert shown["request_headers"] == {"webhook-id": "msg_1"}
    assert [each["status"] for each in shown["tries"]] == [503, None]


def test_what_is_settled_is_sent_once_more() -> None:
    world = World(deliveries=MemoryDeliveries(message("m1", state="dead")))
    answer = client(world).post("/api/v1/deliveries/m1/redeliver")
    assert (answer.status_code, answer.json()) == (202, {"id": "m1"})
    assert (world.endpoints.redelivered, world.woken) == (["m1"], 1)


@pytest.mark.parametrize(
    ("name", "code", "kind"), (("m1", 409, "not_settled"), ("nope", 404, "unknown_delivery"))
)
def test_what_is_on_its_way_is_not_sent_twice(name: str, code: int, kind: str) -> None:
    world = World(deliveries=MemoryDeliveries(message("m1", state="sending")))
    answer = client(world).post(f"/api/v1/deliveries/{name}/redeliver")
    assert (answer.status_code, answer.json()["type"]) == (code, f"urn:podtwin:problem:{kind}")
    assert world.endpoints.redelivered == []
