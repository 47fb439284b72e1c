"""What messages alone may bring: past a bound a reading or message is dead, the rest is served."""

from __future__ import annotations

from pathlib import Path

import msgspec
from support.ingesting import (
    BOOT,
    NOON_NS,
    Ingest,
    air_site,
    arrival,
    bear,
    empty_registry,
    topic,
)

from ingest import intake as intake_module
from ingest.bounds import MAX_NODE_POINTS, Bounds
from ingest.intake import Intake
from ingest.ledger import Ledger
from ingest.reasons import Reason, Rejected
from ingest.ticks import Ticks
from podcore.frame import Kind
from podcore.site import SiteType

AIR = "crac-1/supply_air_temp"
TIGHT = Bounds(points=6, node_points=4, nodes=2, sites=1)


def watts(count: int, asset: str = "x") -> list[dict[str, object]]:
    return [{"id": f"{asset}/p_{number}", "unit": "W"} for number in range(count)]


def reasons(bad: list[Rejected]) -> list[Reason]:
    return [why.reason for why in bad]


def birth(points: list[dict[str, object]], boot: str = BOOT) -> bytes:
    return msgspec.json.encode({"v": 1, "boot": boot, "first": 1, "points": points})


def values(points: list[dict[str, object]], **number: object) -> bytes:
    return msgspec.json.encode({"v": 1, **number, "m": {str(p["id"]): 1.0 for p in points}})


def dead(ledger: Ledger, reason: Reason) -> int:
    return ledger.dead_by_reason.get(reason.value, 0)


def test_a_node_adds_its_share_of_a_site_and_no_more() -> None:
    registry = empty_registry(bounds=TIGHT)
    _, bad = bear(registry, watts(5))
    assert reasons(bad) == [Reason.TOO_MANY_POINTS]
    assert "gw-1 brought 4" in str(bad[0])
    _, bad = bear(registry, watts(5))
    assert len(bad) == 1


def test_another_node_finds_room_until_the_site_is_full() -> None:
    registry = empty_registry(bounds=TIGHT)
    bear(registry, watts(4))
    _, bad = bear(registry, watts(3, "y"), node="gw-2")
    assert ["the site has 6" in str(why) for why in bad] == [True]


def test_what_the_site_file_names_is_no_addition() -> None:
    registry = empty_registry(bounds=Bounds(points=60, node_points=2))
    registry.adopt(air_site(site_type=SiteType.NONE), NOON_NS)
    assert bear(registry, [{"id": f"probe/t_{n:02d}"} for n in range(50)])[1] == []


def test_discovery_makes_so_many_sites() -> None:
    registry = empty_registry(bounds=TIGHT)
    registry.adopt(air_site(), NOON_NS)
    assert bear(registry, watts(1), site="lab")[1] == []
    _, bad = bear(registry, watts(1), site="lab-2")
    assert reasons(bad) == [Reason.TOO_MANY_SITES]


def test_a_site_takes_so_many_nodes_and_those_of_its_file() -> None:
    registry = empty_registry(bounds=TIGHT)
    registry.adopt(air_site(nodes=("gw-1", "gw-2", "gw-3")), NOON_NS)
    for name in ("one", "two"):
        bear(registry, [{"id": AIR}], node=name)
    _, bad = bear(registry, [{"id": AIR}], node="three")
    assert reasons(bad) == [Reason.TOO_MANY_NODES]
    assert registry.node("ams-03", "three") is None
    assert bear(registry, [{"id": AIR}], node="gw-3")[1] == []


def test_ten_thousand_series_of_one_node_leave_all_others_served(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site(), discover=True)
    many = watts(10_000)
    for begin in range(0, len(many), 2_500):
        part = many[begin : begin + 2_500]
        ingest.send(topic("birth", site="lab", node="wild"), birth(part))
        ingest.send(topic(site="lab", node="wild"), values(part, boot=BOOT, seq=begin + 1))
    ingest.send(topic("birth", site="lab", node="tame"), birth(watts(3, "y")))
    ingest.send(topic(site="lab", node="tame"), values(watts(3, "y")))
    ingest.send(topic(), values([{"id": AIR}]))
    ledger = ingest.finish()
    assert ledger.readings_stored == MAX_NODE_POINTS + 3 + 1
    assert ledger.readings_offered == 10_000 + 3 + 1
    assert dead(ledger, Reason.TOO_MANY_POINTS) == 10_000 - MAX_NODE_POINTS
    assert {frame.node for frame in ingest.frames(Kind.READING)} == {"wild", "tame", "gw-1"}


def test_invented_nodes_are_dead_letters_and_no_frames(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site(site_type=SiteType.NONE), bounds=TIGHT)
    ingest.send(topic(), values([{"id": AIR}]))
    for number in range(3):
        ingest.send(topic("state", node=f"n-{number}"), b"online")
        ingest.send(topic("birth", node=f"n-{number}"), birth([]))
    ingest.send(topic(node="n-9"), values([{"id": "rack-01/it_power"}]))
    ingest.send(topic(), values([{"id": AIR}]))
    ledger = ingest.finish()
    assert dead(ledger, Reason.TOO_MANY_NODES) == 2 + 2 + 1
    assert (ledger.stored, ledger.dead) == (2, 1)
    assert {f.node for f in ingest.frames(Kind.STATE, Kind.BIRTH)} == {"n-0"}


def test_numbers_of_invented_nodes_are_not_remembered_without_end() -> None:
    registry = empty_registry()
    intake = Intake(registry, Ticks(NOON_NS), lambda _: None)
    most, intake_module.MAX_STRANGERS = intake_module.MAX_STRANGERS, 2
    try:
        sent = [
            arrival(topic(site=f"s-{number}"), values([{"id": AIR}], boot=BOOT, seq=1))
            for number in range(4)
        ]
        batch = intake.take(sent, NOON_NS)
    finally:
        intake_module.MAX_STRANGERS = most
    assert [site for site, _, _ in batch.seen] == ["s-0", "s-1"]
    assert batch.counts["dead"] == 4
