"""Messages of a source, from bytes to Frames, ledger and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ingesting import NOON_NS, NS, Ingest, air_site, bear, empty_registry, topic
from support.lines import Written, payload

from ingest.bounds import Bounds
from ingest.foreign import ForeignReader, ForeignSource, Taken
from ingest.inbox import Arrival
from ingest.ledger import Ledger
from ingest.line_protocol import LineProtocol
from ingest.mapping import Mapping, Match, Place, Rule, Sent
from ingest.native import MAX_PAYLOAD
from ingest.reasons import Reason
from ingest.registry import Registry
from ingest.topic_filter import TopicFilter
from ingest.validate import Validator
from podcore.frame import BIRTH, CONFIG, READING, Flag, Frame, Kind
from podcore.site import MAX_POINTS, SiteType

HERE = "telegraf/node-01/cpu"
CORES = Rule(
    Match("cpu", "usage"),
    Place.parse("lab", "{tag.host}", "{tag.host}/{tag.cpu}_utilization"),
    Sent("%", "utilization", 5.0),
)
MEMORY = Rule(
    Match("mem", "used_k*"),
    Place.parse("lab", "{tag.host}", "{tag.host}/{field}"),
    Sent("KiBy", None, 60.0),
)
ROOM = Rule(
    Match("room", "f"), Place.parse("ams-03", "gw-1", "crac-1/supply_air_temp"), Sent("[degF]")
)
POWER = Rule(
    Match("em", "p"), Place.parse("ams-03", "gw-1", "meter-1/power"), Sent("W", scale=100.0)
)
IGNORED = Rule(Match("cpu", "idle"))
RULES = (CORES, MEMORY, ROOM, POWER, IGNORED)


def source(*rules: Rule) -> ForeignSource:
    return ForeignSource(TopicFilter.parse("telegraf/#"), LineProtocol(), Mapping(rules or RULES))


def cpu(number: int = 0, usage: float = 12.5, host: str = "node-01", ts: int = NOON_NS) -> Written:
    return Written("cpu", {"cpu": f"cpu{number}", "host": host}, {"usage": usage}, ts)


def reader(registry: Registry, *rules: Rule) -> ForeignReader:
    return ForeignReader(source(*rules), registry, Validator(registry))


def take(of: ForeignReader, text: bytes, at: str = HERE, recv_ns: int = NOON_NS) -> Taken:
    return of.take(Arrival(1, 1, 1, at, text, len(text), recv_ns))


def readings(frames: list[Frame]) -> dict[str, float]:
    found: dict[str, float] = {}
    for frame in frames:
        if frame.kind is Kind.READING:
            body = READING.decode(frame.body)
            found |= dict(zip(body.points, body.values, strict=True))
    return found


def refused(taken: Taken) -> list[tuple[Reason, str]]:
    return [(why.reason, why.place) for _, _, why in taken.refusals.kept]


def test_a_first_message_makes_site_birth_and_reading() -> None:
    taken = take(reader(empty_registry()), payload([cpu(0), cpu(1, 50.0)]))
    assert [frame.kind for frame in taken.frames] == [Kind.CONFIG, Kind.BIRTH, Kind.READING]
    config, birth, reading = taken.frames
    site = CONFIG.decode(config.body).site
    assert (site.id, site.type, site.discovered) == ("lab", SiteType.NONE, True)
    assert {p.id: (p.quantity, p.unit, p.period_s) for p in BIRTH.decode(birth.body).points} == {
        "node-01/cpu0_utilization": ("utilization", "%", 5.0),
        "node-01/cpu1_utilization": ("utilization", "%", 5.0),
    }
    assert (reading.site, reading.node, reading.boot, reading.seq) == ("lab", "node-01", "", None)
    assert (reading.ts_ns, reading.recv_ns, reading.flags) == (NOON_NS, NOON_NS, 0)
    assert readings(taken.frames) == {
        "node-01/cpu0_utilization": 12.5,
        "node-01/cpu1_utilization": 50.0,
    }


def test_what_is_known_is_not_announced_again() -> None:
    registry = empty_registry()
    known = reader(registry)
    take(known, payload([cpu(0)]))
    again = take(known, payload([cpu(0, ts=NOON_NS + NS)]))
    after_a_restart = take(reader(registry), payload([cpu(0, ts=NOON_NS + 2 * NS)]))
    assert [f.kind for f in (*again.frames, *after_a_restart.frames)] == [Kind.READING] * 2


def test_a_new_name_is_added_to_the_birth_of_its_node() -> None:
    registry = empty_registry()
    known = reader(registry)
    take(known, payload([cpu(0)]))
    taken = take(known, b"mem,host=node-01 used_kib=4i\n")
    birth = next(frame for frame in taken.frames if frame.kind is Kind.BIRTH)
    assert [(p.id, p.period_s) for p in BIRTH.decode(birth.body).points] == [
        ("node-01/cpu0_utilization", 5.0),
        ("node-01/used_kib", 60.0),
    ]
    assert readings(taken.frames) == {"node-01/used_kib": 4_096.0}


def test_units_and_factors_are_those_of_the_rule() -> None:
    registry = empty_registry(discover=False)
    registry.adopt(air_site(), NOON_NS)
    taken = take(reader(registry), b"room f=68\nem p=12.5\n")
    assert readings(taken.frames) == pytest.approx(
        {"crac-1/supply_air_temp": 20.0, "meter-1/power": 1_250.0}
    )
    assert taken.refusals.total == 0


def test_a_message_becomes_a_frame_for_each_node_and_instant() -> None:
    lines = [
        cpu(0),
        cpu(1),
        cpu(0, host="node-02"),
        cpu(0, ts=NOON_NS - NS),
        Written("cpu", {"cpu": "c", "host": "node-01"}, {"usage": 1.0}, None),
    ]
    taken = take(reader(empty_registry()), payload(lines))
    frames = [frame for frame in taken.frames if frame.kind is Kind.READING]
    assert [(f.node, f.ts_ns - NOON_NS, f.flags) for f in frames] == [
        ("node-01", 0, 0),
        ("node-02", 0, 0),
        ("node-01", -NS, 0),
        ("node-01", 0, Flag.NO_SOURCE_TIME),
    ]
    assert taken.readings == 5


def test_ignored_names_are_no_readings() -> None:
    taken = take(
        reader(empty_registry()), b'cpu idle=1,usage=5,cpu="x"\ncpu,cpu=a,host=b idle="x"\n'
    )
    assert (taken.readings, taken.readings_dead) == (0, 2)
    assert refused(taken) == [(Reason.BAD_NAME, "cpu usage"), (Reason.UNMAPPED, "cpu cpu")]
    only = take(reader(empty_registry()), b"cpu,cpu=a,host=b idle=1\n")
    assert (only.is_dead, only.frames, only.refusals.total) == (False, [], 0)


def test_text_where_a_number_is_meant_is_a_dead_reading() -> None:
    taken = take(reader(empty_registry()), b'cpu,cpu=a,host=b usage="full"\n')
    assert taken.is_dead
    assert taken.readings_dead == 1
    (site, node, why) = taken.refusals.kept[0]
    assert (site, node, why.reason) == ("lab", "b", Reason.WRONG_TYPE)


def test_names_that_cannot_be_read_cost_their_line() -> None:
    taken = take(reader(empty_registry()), b"cpu,host usage=1\n" + payload([cpu(0)]))
    assert refused(taken) == [(Reason.BAD_LINE, "line 1")]
    assert (taken.readings, taken.readings_dead) == (1, 1)


def test_two_names_of_one_message_do_not_fill_one_point() -> None:
    taken = take(reader(empty_registry()), payload([cpu(0), cpu(0, 99.0), cpu(1)]))
    assert refused(taken) == [(Reason.POINT_TWICE, "node-01/cpu0_utilization")]
    assert readings(taken.frames)["node-01/cpu0_utilization"] == 12.5
    assert (taken.readings, taken.readings_dead) == (2, 1)


def test_two_fields_of_one_line_do_not_fill_one_point() -> None:
    taken = take(reader(empty_registry()), b"mem,host=a used_k-a=1,used_k.a=2\n")
    assert refused(taken) == [(Reason.POINT_TWICE, "a/used_k_a")]
    assert readings(taken.frames) == {"a/used_k_a": 1_024.0}


def test_two_names_at_one_time_are_found_over_messages() -> None:
    known = reader(empty_registry())
    upper, lower = cpu(host="Node-01"), cpu(host="node-01", usage=99.0)
    first, second = take(known, payload([upper])), take(known, payload([lower]))
    assert (refused(first), refused(second)) == (
        [],
        [(Reason.POINT_TWICE, "node-01/cpu0_utilization")],
    )
    later = cpu(host="node-01", ts=NOON_NS + NS)
    assert refused(take(known, payload([later]))) == []
    assert refused(take(known, payload([cpu(host="Node-01", ts=NOON_NS + NS)]))) != []


def test_what_comes_again_is_taken_again() -> None:
    known = reader(empty_registry())  # the broker brings it twice: the store settles it by its time
    assert [take(known, payload([cpu()])).readings for _ in range(3)] == [1, 1, 1]


def test_without_discovery_a_site_must_be_known() -> None:
    taken = take(reader(empty_registry(discover=False)), payload([cpu()]))
    assert taken.is_dead
    assert refused(taken) == [(Reason.UNKNOWN_SITE, "site")]


def test_a_site_file_gives_its_points_and_its_nodes() -> None:
    registry = empty_registry()
    registry.adopt(air_site(nodes=("gw-2",)), NOON_NS)
    wrong = Rule(
        Match("x", "y"), Place.parse("ams-03", "gw-2", "crac-1/supply_air_tmp"), Sent("Cel")
    )
    taken = take(reader(registry, ROOM, wrong), b"room f=68\nx y=1\n")
    assert refused(taken) == [
        (Reason.OWNED_BY_OTHER_NODE, "crac-1/supply_air_temp"),
        (Reason.UNKNOWN_POINT, "crac-1/supply_air_tmp"),
    ]


def test_a_unit_that_the_point_does_not_have_is_refused() -> None:
    registry = empty_registry()
    registry.adopt(air_site(), NOON_NS)
    wrong = Rule(
        Match("room", "f"), Place.parse("ams-03", "gw-1", "crac-1/supply_air_temp"), Sent("W")
    )
    assert refused(take(reader(registry, wrong), b"room f=68\n")) == [
        (Reason.WRONG_UNIT, "crac-1/supply_air_temp")
    ]


def test_a_node_with_an_outbox_speaks_for_itself() -> None:
    registry = empty_registry()
    bear(registry, [{"id": "node-01/cpu0_utilization", "unit": "%"}], site="lab", node="node-01")
    row = registry.node("lab", "node-01")
    taken = take(reader(registry), payload([cpu(0), cpu(1)]))
    assert (taken.readings, taken.readings_dead) == (0, 2)
    assert refused(taken) == [(Reason.OWNED_BY_OTHER_NODE, "node")]
    assert registry.node("lab", "node-01") == row


def test_a_site_that_is_full_takes_no_more_and_its_birth_does_not_grow() -> None:
    registry = empty_registry(bounds=Bounds(node_points=MAX_POINTS))
    known = reader(registry)
    take(known, payload([cpu(number) for number in range(MAX_POINTS)]))
    row, version = registry.node("lab", "node-01"), registry.version
    taken = take(known, payload([cpu(number) for number in (3, MAX_POINTS + 1)]))
    assert refused(taken) == [(Reason.TOO_MANY_POINTS, f"node-01/cpu{MAX_POINTS + 1}_utilization")]
    assert (taken.readings, taken.readings_dead) == (1, 1)
    assert (registry.node("lab", "node-01"), registry.version) == (row, version)


def test_a_time_in_another_unit_is_told() -> None:
    taken = take(reader(empty_registry()), payload([cpu(ts=NOON_NS // NS)]))
    assert "the mapping's precision" in str(taken.refusals.kept[0][2])
    assert (taken.is_dead, taken.readings_dead) == (True, 1)


def played(tmp_path: Path, *messages: tuple[str, bytes]) -> tuple[Ingest, Ledger]:
    ingest = Ingest(tmp_path, air_site(), sources=(source(),), discover=True)
    for to, text in messages:
        ingest.send(to, text)
    return ingest, ingest.finish()


def test_a_message_counts_once_whatever_it_is_split_into(tmp_path: Path) -> None:
    lines = [cpu(0), cpu(0, host="node-02"), cpu(0, ts=NOON_NS - NS)]
    _, ledger = played(
        tmp_path,
        (HERE, payload(lines) + b"no line\n"),
        (HERE, b"disk used=1\n"),
        (HERE, b""),
        (HERE, b"x" * (MAX_PAYLOAD + 1)),
        ("elsewhere/x", b"cpu usage=1\n"),
        (topic(), b'{"v":1,"m":{"rack-01/it_power":1}}'),
    )
    assert ledger.messages() == {
        "received": 6, "stored": 2, "duplicate": 0, "dead": 4, "pending": 0,
    }  # fmt: skip
    assert ledger.readings() == {"offered": 7, "stored": 4, "dead": 3}
    assert ledger.dead_by_reason == {
        "bad_line": 1, "bad_topic": 1, "empty": 1, "too_large": 1, "unmapped": 1,
    }  # fmt: skip


def test_all_of_a_source_is_acknowledged_once_it_is_committed(tmp_path: Path) -> None:
    ingest, _ = played(tmp_path, (HERE, payload([cpu()])), (HERE, b"no line"))
    assert ingest.told.acknowledged == [1, 2]
    assert [f.kind for f in ingest.frames() if f.kind is not Kind.TICK][-1] is Kind.READING


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(0, 3))
def test_whatever_comes_the_counts_agree(noise: list[bytes], good: int) -> None:
    text = b"\n".join([*noise, payload([cpu(number) for number in range(good)])])
    taken = take(reader(empty_registry()), text)
    assert taken.readings == len(readings(taken.frames)) >= 0
    assert taken.is_dead == (not taken.readings and taken.refusals.total > 0)
    assert taken.readings + taken.readings_dead > 0 or not taken.refusals.total


@pytest.mark.parametrize(("sent", "kept"), ((b"1.7e308", False), (b"1.7e306", True)))
def test_what_a_factor_takes_past_all_numbers_is_refused_alone(sent: bytes, kept: bool) -> None:
    registry = empty_registry()
    registry.adopt(air_site(), NOON_NS)
    rack = Rule(Match("em", "r"), Place.parse("ams-03", "gw-1", "rack-01/it_power"), Sent("W"))
    taken = take(reader(registry, POWER, rack), b"em p=%s,r=1e308" % sent)
    assert ("meter-1/power" in readings(taken.frames)) is kept
    assert readings(taken.frames)["rack-01/it_power"] == 1e308
    assert refused(taken) == ([] if kept else [(Reason.NOT_FINITE, "meter-1/power")])
    assert (taken.readings, taken.readings_dead) == ((2, 0) if kept else (1, 1))
