from __future__ import annotations

from pathlib import Path

import pytest
from support.api import DATA_DIR_ID, NOW_NS, VALUES, Client, World, air_site, status
from support.frames import NS
from support.memory_alerts import MemoryAlerts, MemoryDeliveries, alert, message, resolved

from podcore.frame import Flag
from podtwin.api.deps import RecordingInfo, ReplayInfo
from podtwin.status import ComponentStatus, ThreadStatus

STEP_NS = NOW_NS - NOW_NS % (5 * NS)
STEP_AT = "2026-11-24T10:00:00Z"


def client(world: World | None = None, *, measured: bool = True) -> Client:
    world = world or World()
    if measured:
        world.measure()
    world.hub.load()
    return Client(world)


def test_status_shows_both_ledgers_and_everything_else_by_name() -> None:
    shown = client().get("/api/v1/status").json()
    ledger = shown["ledger"]
    assert ledger["received"] == sum(
        ledger[each] for each in ("stored", "duplicate", "dead", "pending")
    )
    assert shown["readings"] == {"offered": 300, "stored": 299, "dead": 1}
    assert shown["dead_by_reason"] == {"not_json": 1}
    assert set(shown) == {
        "version", "data_dir_id", "now", "started_at", "roles", "ready", "components", "threads",
        "ledger", "readings", "dead_by_reason", "dead_letters", "births", "states",
        "lag", "backlog", "forward", "history", "twin", "broker", "boots_forgotten", "log",
    }  # fmt: skip


def test_sites_come_by_id_with_state_and_summary() -> None:
    shown = client(World(sites=(air_site("cph-01"), air_site()))).get("/api/v1/sites").json()
    assert [site["id"] for site in shown["sites"]] == ["ams-03", "cph-01"]
    first, second = shown["sites"]
    assert (first["state"], first["clock"], first["age_s"]) == ("normal", "live", 0)
    assert first["summary"] == {
        "it_power_w": 10_000, "facility_power_w": 15_000, "pue": 1.5,
        "pue_note": "instantaneous, facility meter / sum of rack meters",
        "inlet_max_c": 24.5, "outdoor_c": 8.0,
    }  # fmt: skip
    assert (second["state"], second["clock"], second["newest_at"]) == ("new", "none", None)
    assert shown["next"] is None


def test_a_site_has_its_assets_limits_and_model() -> None:
    shown = client().get("/api/v1/sites/ams-03").json()
    racks = [asset for asset in shown["assets"] if asset["class"] == "rack"]
    assert racks[0]["rating"] == {"power_w": 8300}
    assert shown["limits"] == {"ashrae_class": "A2", "edition": 2021}
    assert shown["twin"]["step_s"] == 5
    assert shown["summary"]["it_power_w"] == 10_000


def test_the_topology_is_a_graph_of_known_assets() -> None:
    shown = client().get("/api/v1/sites/ams-03/topology").json()
    ids = {asset["id"] for asset in shown["assets"]}
    assert {"source": "crac-1", "target": "rack-01", "relation": "cools"} in shown["edges"]
    assert all(edge["source"] in ids and edge["target"] in ids for edge in shown["edges"])


def test_points_say_unit_period_kind_role_owner_and_states() -> None:
    shown = client().get("/api/v1/sites/ams-03/points").json()["points"]
    points = {point["id"]: point for point in shown}
    assert points["rack-01/it_power"] == {
        "id": "rack-01/it_power", "asset": "rack-01", "point": "it_power", "class": "rack",
        "quantity": "power", "unit": "W", "period_s": 1, "kind": "gauge", "role": "input",
        "owner": "gw-1", "states": None,
    }  # fmt: skip
    assert points["crac-1/mode"]["states"] == {
        "0": "off",
        "1": "mechanical",
        "2": "partial",
        "3": "free",
    }
    assert points["ups-1/input_power"]["owner"] is None
    assert points["meter-main/energy"]["kind"] == "counter"


def test_state_is_the_newest_of_every_point_with_the_twins_view() -> None:
    world = World()
    world.measure(ago_s=(NOW_NS - STEP_NS) / NS, flags=Flag.OUT_OF_RANGE)
    world.estimate({"rack-01/inlet_temp": 22.0, "twin/recirculation": 0.05}, STEP_NS)
    shown = client(world, measured=False).get("/api/v1/sites/ams-03/state").json()
    inlet = shown["values"]["rack-01/inlet_temp"]
    assert inlet == {
        "v": 22.5, "unit": "Cel", "t": "2026-11-24T10:00:00Z", "quality": "out_of_range",
        "flags": 2, "age_s": 0, "twin": 22.0, "twin_t": STEP_AT, "residual": 0.5,
        "residual_t": STEP_AT, "band": 0.5,
    }  # fmt: skip
    own = shown["values"]["twin/recirculation"]
    assert (own["v"], own["twin"], own["quality"], own["unit"]) == (0.05, 0.05, "good", "1")
    assert (shown["clock"], shown["now"]) == ("live", "2026-11-24T10:00:00Z")
    assert "ups-1/input_power" not in shown["values"]


def test_ages_grow_with_the_clock_and_not_while_recorded() -> None:
    world = World()
    world.measure(recorded=True)
    asked = client(world, measured=False)
    world.clock.advance(60)
    recorded = asked.get("/api/v1/sites/ams-03/state").json()
    assert recorded["values"]["rack-01/it_power"]["quality"] == "good"
    assert recorded["site_time_at"] == "2026-11-24T10:00:00Z"
    world.measure({"crac-1/mode": 1.0})
    world.follow(0)
    live = asked.get("/api/v1/sites/ams-03/state").json()["values"]
    assert (live["rack-01/it_power"]["quality"], live["rack-01/it_power"]["age_s"]) == ("stale", 60)


@pytest.mark.parametrize("path", ("", "/topology", "/points"))
def test_who_has_the_newest_is_told_so_in_a_line(path: str) -> None:
    asked = client()
    whole = asked.get(f"/api/v1/sites/ams-03{path}")
    tag = whole.headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = asked.get(f"/api/v1/sites/ams-03{path}", if_none_match=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert asked.get(f"/api/v1/sites/ams-03{path}", if_none_match='"x"').status_code == 200


def test_recordings_and_replays_are_listed_as_given() -> None:
    world = World(
        recordings=(RecordingInfo("r1", "/d/r1", NOW_NS, NOW_NS + NS, 9, ("ams-03",), None, None),),
        replays=(ReplayInfo("p1", "r1", "done", 9, "9f3c", None, NOW_NS),),
    )
    asked = client(world)
    assert asked.get("/api/v1/recordings").json()["recordings"][0] == {
        "id": "r1", "path": "/d/r1", "from": "2026-11-24T10:00:00Z", "to": "2026-11-24T10:00:01Z",
        "frames": 9, "sites": ["ams-03"], "digest": None, "created_at": None, "rebuilt": False,
    }  # fmt: skip
    assert asked.get("/api/v1/replays").json()["replays"][0]["digest"] == "9f3c"


def test_the_process_is_alive_and_ready_or_says_what_it_waits_for() -> None:
    world = World()
    asked = client(world)
    assert asked.get("/healthz").json() == {"status": "ok"}
    assert asked.get("/readyz").json() == {"ready": True}
    world.status = status(
        ready=False,
        components=(ComponentStatus("mqtt", "failed", "refused"),),
        threads=(ThreadStatus("writer", alive=False),),
    )
    refused = asked.get("/readyz")
    assert refused.status_code == 503
    assert refused.json()["waiting_for"] == ["mqtt: refused", "thread writer"]
    away = ComponentStatus("ingest", "running", "no connection to the broker", ready=False)
    world.status = status(ready=False, components=(away,))
    assert asked.get("/readyz").json()["waiting_for"] == ["ingest: no connection to the broker"]
    world.status = status()
    world.hub.end()
    assert asked.get("/readyz").json()["waiting_for"] == ["the server stops"]
    assert asked.get("/healthz").status_code == 200


def test_metrics_count_alerts_and_messages_by_state() -> None:
    world = World(
        alerts=MemoryAlerts(alert("a1"), alert("a2", severity="critical"), resolved("a3")),
        deliveries=MemoryDeliveries(message("m1"), message("m2", endpoint="ep_2")),
    )
    lines = client(world).get("/metrics").text.splitlines()
    for line in (
        'podtwin_alerts{severity="warning",state="firing"} 1.0',
        'podtwin_alerts{severity="critical",state="firing"} 1.0',
        'podtwin_alerts{severity="critical",state="no_data"} 0.0',
        'podtwin_deliveries{state="delivered"} 2.0',
        'podtwin_deliveries{state="dead"} 0.0',
    ):
        assert line in lines
    assert not any("resolved" in line for line in lines if line.startswith("podtwin_alerts"))


def test_metrics_count_what_the_ledgers_count() -> None:
    answer = client().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    for line in (
        'podtwin_messages_total{outcome="stored"} 6.0',
        'podtwin_messages_total{outcome="duplicate"} 2.0',
        "podtwin_messages_pending 1.0",
        'podtwin_readings_total{outcome="stored"} 299.0',
        'podtwin_dead_total{reason="not_json"} 1.0',
        'podtwin_lag_frames{reader="engine"} 0.0',
        'podtwin_twin_unused_total{reason="gated"} 4.0',
        'podtwin_lag_frames{reader="forward"} 7.0',
        'podtwin_forwarded_frames_total{sink="influx"} 30.0',
        'podtwin_forward_lag_frames{sink="influx"} 7.0',
        'podtwin_forward_refused_total{reason="bucket retention",sink="influx"} 2.0',
        'podtwin_forward_refused_total{reason="too large",sink="influx"} 0.0',
        'podtwin_forward_retries_total{reason="unreachable",sink="influx"} 5.0',
        'podtwin_twin_resets_total{reason="lost"} 1.0',
        "podtwin_history_compactions_total 3.0",
        "podtwin_history_quarantined_total 1.0",
        "podtwin_history_bytes 9000.0",
        'podtwin_thread_alive{thread="writer"} 1.0',
        'podtwin_component_running{component="mqtt"} 1.0',
        "podtwin_ready 1.0",
        "podtwin_stream_clients 0.0",
        f'podtwin_info{{data_dir_id="{DATA_DIR_ID}",version="0.1.0"}} 1.0',
    ):
        assert line in lines


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>the page")
    (tmp_path / "docs.html").write_text("<!doctype html>the docs")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("go()")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "text", "cache"),
    (
        ("/", "the page", "no-cache"),
        ("/sites/ams-03?range=6h", "the page", "no-cache"),
        ("/docs", "the docs", "no-cache"),
        ("/icon.svg", "<svg/>", "no-cache"),
        ("/assets/app-1a2b.js", "go()", "public, max-age=31536000, immutable"),
    ),
)
def test_the_page_is_served_with_its_assets(built: Path, path: str, text: str, cache: str) -> None:
    answer = client(World(static_dir=built)).get(path)
    assert text in answer.text
    assert answer.headers["cache-control"] == cache


@pytest.mark.parametrize(
    "path",
    (
        "/nope.js", "/assets/app-old.js", "/api", "/api/v2/sites", "/..%2f..%2fetc%2fpasswd.txt",
        "/a%00.js", "/%ff.js",
    ),
)  # fmt: skip
def test_what_is_no_page_is_not_found(built: Path, path: str) -> None:
    answer = client(World(static_dir=built)).get(path)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_without_built_files_a_plain_page_says_how_to_build_them() -> None:
    answer = client().get("/")
    assert answer.status_code == 503
    assert "make frontend" in answer.text


def test_only_values_ever_seen_are_in_a_state() -> None:
    shown = client().get("/api/v1/sites/ams-03/state").json()["values"]
    assert shown.keys() == VALUES.keys()
