from __future__ import annotations

from pathlib import Path

import pytest
from support.api import Client, World
from support.memory_alerts import (
    STARTED_NS,
    MemoryAlerts,
    MemoryDeliveries,
    alert,
    attempt,
    message,
    resolved,
)

from podcore.ports import Transition
from podtwin.api.deps import AlertStore, DeliveryLog, EndpointBook
from podtwin.store.alert_rows import AlertQuery, Alerts, TimelineEntry
from podtwin.store.deliveries import Deliveries
from podtwin.store.outbox import SqliteOutbox
from podtwin.store.state import StateStore

MANY = (
    alert("o1", minute=1),
    alert("o2", minute=2, severity="critical", handling="acknowledged"),
    alert("o3", minute=3, site="cph-01", rule="sensor-stuck", state="no_data"),
    resolved("r1", minute=4),
    resolved("r2", minute=5),
)


def client(*alerts: object) -> tuple[Client, World]:
    world = World(alerts=MemoryAlerts(*alerts))  # type: ignore[arg-type]
    world.hub.load()
    return Client(world), world


def ids(asked: Client, query: str = "") -> list[str]:
    return [each["id"] for each in asked.get(f"/api/v1/alerts{query}").json()["alerts"]]


def test_open_ones_come_first_and_the_newest_before_the_older() -> None:
    assert ids(client(*MANY)[0]) == ["o3", "o2", "o1", "r2", "r1"]


@pytest.mark.parametrize("limit", (1, 2, 3, 4, 5))
def test_pages_put_together_are_the_whole_list(limit: int) -> None:
    asked, _ = client(*MANY)
    seen, cursor = [], ""
    while True:
        shown = asked.get(f"/api/v1/alerts?limit={limit}{cursor}").json()
        seen += [each["id"] for each in shown["alerts"]]
        assert len(shown["alerts"]) <= limit
        if shown["next"] is None:
            break
        cursor = f"&cursor={shown['next']}"
    assert seen == ["o3", "o2", "o1", "r2", "r1"]


@pytest.mark.parametrize(
    ("query", "found"),
    (
        ("?site=cph-01", ["o3"]),
        ("?state=resolved", ["r2", "r1"]),
        ("?state=no_data", ["o3"]),
        ("?severity=critical", ["o2"]),
        ("?rule=sensor-stuck", ["o3"]),
        ("?handling=new", ["o3", "o1", "r2", "r1"]),
        ("?site=ams-03&state=firing&severity=warning", ["o1"]),
        ("?site=osl-01", []),
    ),
)
def test_a_filter_leaves_what_fits(query: str, found: list[str]) -> None:
    assert ids(client(*MANY)[0], query) == found


@pytest.mark.parametrize(
    "query",
    ("?state=broken", "?severity=bad", "?cursor=x", "?cursor=%C3%A9", "?cursor=b3BlbgDCsgBh",
     "?cursor=b3BlbgA5MjIzMzcyMDM2ODU0Nzc1ODA4AGE", "?limit=0", "?open=true",
     "?site=A"),
)  # fmt: skip
def test_what_cannot_be_read_is_refused(query: str) -> None:
    answer = client(*MANY)[0].get(f"/api/v1/alerts{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_alert_says_what_was_seen_against_what_and_where_to_look() -> None:
    asked, _ = client(alert())
    whole = asked.get("/api/v1/alerts/a1")
    shown = whole.json()
    assert (shown["severity"], shown["state"], shown["handling"]) == ("warning", "firing", "new")
    assert shown["raised_at"] == "2026-11-24T08:58:00Z"
    evidence = shown["evidence"]
    assert (evidence["value"], evidence["expected"], evidence["band"]) == (25.1, 22.0, 0.4)
    assert evidence["contributions"] == {
        "crac-1/supply_air_temp": 0.7, "crac-1/compressor_power": 0.3,
    }  # fmt: skip
    assert evidence["link"] == "/sites/ams-03?points=crac-1/supply_air_temp"
    again = asked.get("/api/v1/alerts/a1", if_none_match=whole.headers["etag"])
    assert again.status_code == 304


@pytest.mark.parametrize("below", ("", "/timeline", "/deliveries"))
def test_an_unknown_alert_is_not_found(below: str) -> None:
    answer = client(alert())[0].get(f"/api/v1/alerts/nope{below}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:podtwin:problem:unknown_alert")


def test_a_timeline_is_what_happened_by_site_time() -> None:
    asked, world = client(alert())
    world.alerts.entries = [
        TimelineEntry(STARTED_NS - 120, "pending", "inactive"),
        TimelineEntry(STARTED_NS, "firing", "pending"),
        TimelineEntry(STARTED_NS, "acknowledge", "applied", "local"),
    ]
    shown = asked.get("/api/v1/alerts/a1/timeline").json()
    assert [each["what"] for each in shown["entries"]] == ["pending", "firing", "acknowledge"]
    assert shown["entries"][1]["at"] == "2026-11-24T09:00:00Z"
    assert shown["entries"][2]["by"] == "local"


def test_the_deliveries_of_an_alert_come_with_their_tries() -> None:
    world = World(
        alerts=MemoryAlerts(alert()),
        deliveries=MemoryDeliveries(
            message(state="retrying", due_ns=STARTED_NS), message("m2", alert="x")
        ),
    )
    world.deliveries.tried = [attempt()]
    world.hub.load()
    (shown,) = Client(world).get("/api/v1/alerts/a1/deliveries").json()["deliveries"]
    assert (shown["id"], shown["state"], shown["due_at"]) == (
        "msg_1", "retrying", "2026-11-24T09:00:00Z",
    )  # fmt: skip
    assert shown["tries"] == [
        {"started_at": "2026-11-24T09:00:00Z", "took_ms": 12.5, "address": "192.0.2.7",
         "status": 503, "reason": "http_503", "state": "retrying", "answer": "busy"},
    ]  # fmt: skip


@pytest.mark.parametrize("said", (None, {}, {"comment": "on my way"}))
def test_an_acknowledgement_is_a_command_for_the_engine(said: dict[str, str] | None) -> None:
    asked, world = client(alert())
    answer = asked.post("/api/v1/alerts/a1/ack", said)
    (command,) = world.alerts.commands
    assert (answer.status_code, answer.json()) == (202, {"id": command.id})
    assert (command.kind, command.alert, command.site) == ("acknowledge", "a1", "ams-03")
    assert command.comment == (said or {}).get("comment", "")
    assert command.issued_ns == world.clock.ns
    assert world.woken == 1


def test_what_is_resolved_cannot_be_acknowledged() -> None:
    asked, world = client(resolved("r1"))
    answer = asked.post("/api/v1/alerts/r1/ack")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:podtwin:problem:not_open")
    assert answer.json()["state"] == "resolved"
    assert world.alerts.commands == []


@pytest.mark.parametrize("said", ({"comment": 5}, {"coment": "x"}, [], {"comment": "x" * 1_001}))
def test_an_acknowledgement_that_fits_no_shape_is_refused(said: object) -> None:
    asked, world = client(alert())
    assert asked.post("/api/v1/alerts/a1/ack", said).status_code == 422
    assert world.alerts.commands == []


def test_the_page_of_another_origin_acknowledges_nothing() -> None:
    asked, world = client(alert())
    answer = asked.post("/api/v1/alerts/a1/ack", origin="https://evil.example")
    assert answer.status_code == 403
    assert world.alerts.commands == []


def test_the_state_database_is_what_the_api_asks_for(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state.db")
    alerts: AlertStore = Alerts(store)
    deliveries: DeliveryLog = Deliveries(store)
    endpoints: EndpointBook = SqliteOutbox(store)
    assert (deliveries.counts(), endpoints.endpoints()) == ({}, [])
    told = [
        Transition(f"k{i}", a.site, a.fingerprint, "pending", a.state, i, a.started_ns, b"", a)
        for i, a in enumerate(MANY)
    ]
    store.commit(told, [], 1)
    fake = MemoryAlerts(*MANY)
    for query in (
        AlertQuery(), AlertQuery(open_only=True), AlertQuery(state="resolved", limit=1),
        AlertQuery(site="ams-03", handling="new"), AlertQuery(rule="sensor-stuck"),
        AlertQuery(severity="critical"), AlertQuery(before=(MANY[2].started_ns, "o3")),
    ):  # fmt: skip
        assert alerts.page(query) == fake.page(query), query
    assert alerts.open_counts() == fake.open_counts()
    assert alerts.get("o2") == MANY[1]
    store.close()
