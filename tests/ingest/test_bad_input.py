"""Every kind of bad payload: refused with a reason, counted, and nothing else lost by it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.ingesting import BOOT, NOON, NOON_NS, NS, Ingest, air_site, topic

from ingest.ledger import Ledger
from ingest.native import MAX_PAYLOAD
from ingest.reasons import Reason, reject
from podcore.frame import READING, Kind
from podcore.site import SiteType

GOOD = b'{"v":1,"m":{"crac-1/supply_air_temp":22.5}}'
FIFTY = {f"probe/t_{number:02d}": 20.0 for number in range(50)}


def message(**fields: object) -> bytes:
    return json.dumps({"v": 1, "m": {"crac-1/supply_air_temp": 22.5}, **fields}).encode()


def with_value(value: str) -> bytes:
    return b'{"v":1,"m":{"crac-1/supply_air_temp":' + value.encode() + b"}}"


def one_of_fifty(value: str) -> bytes:
    text = json.dumps({"v": 1, "ts": NOON, "m": FIFTY | {"probe/t_17": "HERE"}})
    return text.replace('"HERE"', value).encode()


def birth(*points: object, **fields: object) -> bytes:
    return json.dumps({"v": 1, "boot": BOOT, "first": 1, "points": points, **fields}).encode()


@dataclass(frozen=True)
class Case:
    """A bad message, what it does to the ledgers, and what is said about it.

    messages : stored, duplicate, dead.  readings : stored, dead.
    says : pieces of the text of the refusal: the place, the value.
    """

    name: str
    payload: bytes
    reason: Reason | None
    messages: tuple[int, int, int] = (0, 0, 1)
    readings: tuple[int, int] = (0, 0)
    says: tuple[str, ...] = ()
    to: str = topic()
    before: Sequence[tuple[str, bytes]] = ()
    size: int | None = None


@dataclass(frozen=True)
class BirthCase(Case):
    """The same for a birth, or where `to` says so for a state."""

    to: str = topic("birth")


DEAD = (0, 0, 1)
KEPT = (1, 0, 0)
AIR = "crac-1/supply_air_temp"

CASES = (
    Case("0 bytes", b"", Reason.EMPTY, says=("payload",)),
    Case("not JSON", b"t=22.5", Reason.NOT_JSON, says=("t=22.5", "Expecting value")),
    Case("half a message", GOOD[:-3], Reason.NOT_JSON),
    Case("an array", b"[1,2]", Reason.NOT_JSON, says=("[1,2]",)),
    Case("invalid UTF-8", b'{"v":1,"m":{"\xff":1}}', Reason.NOT_UTF8, says=("byte 13", "xff")),
    Case("100,000 levels", b"[" * 100_000 + b"]" * 100_000, Reason.TOO_DEEP, says=("[[[",)),
    Case("levels in a value", with_value("[" * 100_000 + "]" * 100_000), Reason.TOO_DEEP),
    Case("10 MB", b"x" * 1024, Reason.TOO_LARGE, size=10_000_000, says=("10000000 bytes",)),
    Case(
        "no v", b'{"m":{"crac-1/supply_air_temp":1}}', Reason.MISSING_FIELD, says=("v is None",)
    ),
    Case("v of tomorrow", message(v=2), Reason.WRONG_VERSION, says=("v is 2",)),
    Case("v as text", message(v="1"), Reason.WRONG_VERSION, says=("v is '1'",)),
    Case("v as a boolean", message(v=True), Reason.WRONG_VERSION, says=("v is True",)),
    Case("neither m nor a", b'{"v":1}', Reason.MISSING_FIELD, says=("m is None",)),
    Case("m is a number", message(m=5), Reason.WRONG_TYPE, says=("m is 5",)),
    Case("m is an array", message(m=[1]), Reason.WRONG_TYPE, says=("m is an array",)),
    Case("text as value", with_value('"22.5"'), Reason.WRONG_TYPE, DEAD, (0, 1), (AIR, "22.5")),
    Case("boolean as value", with_value("true"), Reason.WRONG_TYPE, DEAD, (0, 1), ("True",)),
    Case("object as value", with_value("{}"), Reason.WRONG_TYPE, DEAD, (0, 1), ("an object",)),
    Case("NaN", with_value("NaN"), Reason.NOT_FINITE, DEAD, (0, 1), (AIR, "nan")),
    Case("Infinity", with_value("-Infinity"), Reason.NOT_FINITE, DEAD, (0, 1), (AIR, "-inf")),
    Case("1e400", with_value("1e400"), Reason.NOT_FINITE, DEAD, (0, 1), (AIR, "inf")),
    Case("an integer of 350 digits", with_value("9" * 350), Reason.NOT_FINITE, DEAD, (0, 1)),
    Case("an integer of 5,000 digits", with_value("9" * 5_000), Reason.NOT_FINITE, DEAD, (0, 1)),
    *(
        Case(f"{bad} among fifty", one_of_fifty(bad), reason, KEPT, (49, 1), ("probe/t_17",))
        for bad, reason in (
            ("NaN", Reason.NOT_FINITE),
            ("1e400", Reason.NOT_FINITE),
            ("9" * 5_000, Reason.NOT_FINITE),
            ('"warm"', Reason.WRONG_TYPE),
            ("false", Reason.WRONG_TYPE),
            ("[[1]]", Reason.WRONG_TYPE),
        )
    ),
    Case(
        "unknown site", GOOD, Reason.UNKNOWN_SITE, DEAD, (0, 1),
        ("'ams-30'", "nearest is 'ams-03'"), to=topic(site="ams-30"),
    ),
    Case(
        "unknown point", message(m={"crac-1/suply_air_temp": 1.0}), Reason.UNKNOWN_POINT, DEAD,
        (0, 1), ("crac-1/suply_air_temp", "nearest is 'crac-1/supply_air_temp'"),
    ),
    Case(
        "unknown point beside a known one", message(m={AIR: 22.5, "crac-9/speed": 1.0}),
        Reason.UNKNOWN_POINT, KEPT, (1, 1), ("crac-9/speed",),
    ),
    Case(
        "NUL in a name", message(m={"a\0b/c": 1.0}), Reason.BAD_NAME, DEAD, (0, 1), (r"a\x00b/c",),
    ),
    Case(
        "half a character in a name", b'{"v":1,"m":{"\\ud800":1}}', Reason.BAD_NAME, DEAD, (0, 1),
        (r"\ud800",),
    ),
    Case("name of another form", message(m={"Rack 1": 1.0}), Reason.BAD_NAME, DEAD, (0, 1)),
    Case("bad topic", GOOD, Reason.BAD_TOPIC, says=("Ams_03",), to=topic(site="Ams_03")),
    Case(
        "ts in s", message(ts=NOON_NS // NS), Reason.TS_RANGE, DEAD, (0, 1), ("looks like s, ms",),
    ),
    Case("ts in ms", message(ts=NOON_NS // 10**6), Reason.TS_RANGE, DEAD, (0, 1), ("looks like",)),
    Case("ts in µs", message(ts=NOON_NS // 10**3), Reason.TS_RANGE, DEAD, (0, 1), ("looks like",)),
    Case(
        "ts in fractions of a second", message(ts=1.7e9), Reason.TS_FORMAT, says=("1700000000.0",),
    ),
    Case("1970", message(ts="1970-01-01T00:00:00Z"), Reason.TS_RANGE, DEAD, (0, 1), ("ts is 0",)),
    Case("2100", message(ts="2100-01-01T00:00:00Z"), Reason.TS_RANGE, DEAD, (0, 1), ("one day",)),
    Case("ts of 26 digits", message(ts=10**26), Reason.TS_RANGE, DEAD, (0, 1)),
    Case("ts without a zone", message(ts="2026-11-24T12:00:00"), Reason.TS_FORMAT, DEAD, (0, 1)),
    Case(
        "ts on the 31st of November", message(ts="2026-11-31T12:00:00Z"), Reason.TS_FORMAT, DEAD,
        (0, 1),
    ),
    Case("ts as a boolean", message(ts=True), Reason.TS_FORMAT, says=("ts is True",)),
    Case("absent ts", GOOD, None, KEPT, (1, 0)),
    Case(
        "duplicate keys", b'{"v":1,"m":{"rack-01/it_power":1,"rack-01/it_power":2}}', None, KEPT,
        (1, 0),
    ),
    Case("seq below one", message(boot=BOOT, seq=-5), Reason.WRONG_TYPE, says=("seq is -5",)),
    Case("seq as a fraction", message(boot=BOOT, seq=1.5), Reason.WRONG_TYPE, says=("seq is 1.5",)),
    Case("seq of 20 digits", message(boot=BOOT, seq=10**20), Reason.WRONG_TYPE, says=("seq",)),
    Case("boot too long", message(boot="B" * 65, seq=1), Reason.WRONG_TYPE, says=("boot", "64")),
    Case(
        "boot with half a character", b'{"v":1,"boot":"\\ud800","seq":1,"m":{}}', Reason.WRONG_TYPE,
    ),
    Case("boot as a number", message(boot=5, seq=1), Reason.WRONG_TYPE, says=("boot is 5",)),
    Case(
        "seq going back", message(boot=BOOT, seq=3), None, KEPT, (1, 0),
        before=((topic(), message(boot=BOOT, seq=5)),),
    ),
    Case(
        "seq jumping by a million", message(boot=BOOT, seq=1_000_001), None, KEPT, (1, 0),
        before=((topic(), message(boot=BOOT, seq=1)),),
    ),
    Case(
        "the same seq twice", message(boot=BOOT, seq=1), None, (0, 1, 0),
        before=((topic(), message(boot=BOOT, seq=1)),),
    ),
    Case(
        "two nodes claiming one point", GOOD, Reason.OWNED_BY_OTHER_NODE, DEAD, (0, 1),
        (AIR, "it belongs to gw-1"), to=topic(node="gw-2"), before=((topic(), GOOD),),
    ),
    Case(
        "the compact form without a birth", b'{"v":1,"a":[1,2]}', Reason.NO_BIRTH, DEAD, (0, 2),
        ("publish a birth",),
    ),
    Case(
        "the compact form of another length", b'{"v":1,"a":[1,2]}', Reason.WRONG_LENGTH, DEAD,
        (0, 2), ("the birth has 1",), before=((topic("birth"), birth({"id": AIR})),),
    ),
    Case(
        "a value in a unit that its birth had refused", GOOD, Reason.WRONG_UNIT, DEAD, (0, 1),
        (AIR, "'psi'"), before=((topic("birth"), birth({"id": AIR, "unit": "psi"})),),
    ),
    Case(
        "too large after conversion", message(m={"meter-1/power": 1e308}), Reason.NOT_FINITE, DEAD,
        (0, 1), ("meter-1/power", "after unit conversion"),
    ),
)  # fmt: skip

NO_MESSAGE = (0, 0, 0)
BIRTHS = (
    BirthCase("birth that is no JSON", b"hello", Reason.NOT_JSON),
    BirthCase("birth without points", b'{"v":1}', Reason.WRONG_TYPE, says=("points",)),
    BirthCase("birth of wrong types", birth({"id": 5}), Reason.WRONG_TYPE, says=("points[0].id",)),
    BirthCase("birth of another version", birth(v=2), Reason.WRONG_VERSION, says=("v is 2",)),
    BirthCase(
        "birth with first below one", birth(first=0), Reason.WRONG_TYPE, says=("first is 0",),
    ),
    BirthCase(
        "birth with a clock of its own", birth(clock="mine"), Reason.WRONG_TYPE, says=("clock",),
    ),
    BirthCase("birth of 10 MB", b"x" * 1024, Reason.TOO_LARGE, size=10_000_000),
    BirthCase("birth of 100,000 levels", b"[" * 100_000, Reason.TOO_DEEP),
    BirthCase(
        "birth with half a character", b'{"v":1,"points":[{"id":"\\ud800"}]}', Reason.WRONG_TYPE,
    ),
    BirthCase("birth started never", birth(started="never"), Reason.TS_FORMAT, says=("'never'",)),
    BirthCase(
        "birth started past all numbers", birth(started=10**20), Reason.TS_RANGE,
        says=("started is 1000",),
    ),
    BirthCase(
        "birth started before all numbers", birth(started="0001-01-01T00:00:00+23:59"),
        Reason.TS_RANGE, says=("started is -62",),
    ),
    BirthCase(
        "birth of an unknown point", birth({"id": "crac-1/supply"}), Reason.UNKNOWN_POINT,
        says=("crac-1/supply", "nearest is 'crac-1/supply_air_temp'"),
    ),
    BirthCase("birth of a bad name", birth({"id": "Rack 1"}), Reason.BAD_NAME, says=("'Rack 1'",)),
    BirthCase(
        "birth of a wrong unit", birth({"id": AIR, "unit": "W"}), Reason.WRONG_UNIT,
        says=(AIR, "'W'", "the quantity is temperature", "Cel"),
    ),
    BirthCase(
        "birth of an unknown quantity", birth({"id": "a/b", "quantity": "warmth"}),
        Reason.UNKNOWN_QUANTITY, says=("a/b", "'warmth'"), to=topic("birth", site="lab"),
    ),
    BirthCase(
        "birth of a point of another node", birth({"id": AIR}), Reason.OWNED_BY_OTHER_NODE,
        says=(AIR, "it belongs to gw-1"), to=topic("birth", node="gw-2"),
        before=((topic("birth"), birth({"id": AIR})),),
    ),
    BirthCase(
        "birth of a site that nobody knows", birth({"id": "a/b", "unit": "W"}),
        Reason.UNKNOWN_SITE, says=("'ams-30'", "ingest.discover"), to=topic("birth", site="ams-30"),
    ),
    BirthCase("empty birth", birth(), None),
    BirthCase("cleared birth", b"", None),
    BirthCase("cleared state", b"", None, to=topic("state")),
    BirthCase("garbage as state", b"\xffup", Reason.NOT_UTF8, to=topic("state")),
    BirthCase(
        "another word as state", b'{"v":1,"state":"up"}', Reason.WRONG_TYPE, says=("'up'",),
        to=topic("state"),
    ),
    BirthCase(
        "state of another version", b'{"v":2,"state":"online"}', Reason.WRONG_VERSION,
        to=topic("state"),
    ),
    BirthCase(
        "state of an unknown site", b"online", Reason.UNKNOWN_SITE, to=topic("state", site="x"),
    ),
    BirthCase("a topic of nobody", GOOD, Reason.BAD_TOPIC, to="podtwin/v1/ams-03/gw-1/birth/more"),
    BirthCase("an ack from a sender", b"{}", Reason.BAD_TOPIC, to=topic("ack")),
)  # fmt: skip


STILL_GOOD = json.dumps({"v": 1, "ts": NOON, "m": {"rack-01/it_power": 4_200.0}}).encode()


def played(folder: Path, case: Case, *, with_bad: bool) -> tuple[Ingest, Ledger]:
    """What came before the case, the case, and a good message after it."""
    folder.mkdir()
    ingest = Ingest(folder, air_site(), air_site("lab", site_type=SiteType.NONE))
    for to, payload in case.before:
        ingest.send(to, payload)
    if with_bad:
        ingest.send(case.to, case.payload, size=case.size)
    ingest.send(topic(), STILL_GOOD)
    return ingest, ingest.finish()


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_bad_message_is_counted_and_named(case: Case, tmp_path: Path) -> None:
    _, without = played(tmp_path / "without", case, with_bad=False)
    ingest, ledger = played(tmp_path / "with", case, with_bad=True)
    assert change(without, ledger) == (case.messages, case.readings)
    assert ledger.pending == 0
    refused = ingest.refusals()
    assert {one.reason for one in refused} == ({case.reason} if case.reason else set())
    assert all(piece in str(refused[0]) for piece in case.says), str(refused[0])


@pytest.mark.parametrize("case", BIRTHS, ids=named)
def test_a_bad_birth_or_state_is_named_and_in_no_ledger_of_telemetry(
    case: Case, tmp_path: Path
) -> None:
    _, without = played(tmp_path / "without", case, with_bad=False)
    ingest, ledger = played(tmp_path / "with", case, with_bad=True)
    assert change(without, ledger) == (NO_MESSAGE, (0, 0))
    refused = ingest.refusals()
    assert [one.reason for one in refused] == ([case.reason] if case.reason else [])
    assert all(piece in str(one) for piece in case.says for one in refused), refused


@pytest.mark.parametrize("case", (*CASES, *BIRTHS), ids=named)
def test_nothing_else_is_lost_by_it(case: Case, tmp_path: Path) -> None:
    ingest, _ = played(tmp_path / "with", case, with_bad=True)
    bodies = [READING.decode(frame.body) for frame in ingest.frames(Kind.READING)]
    assert (bodies[-1].points, bodies[-1].values) == (["rack-01/it_power"], [4_200.0])
    assert len(ingest.told.acknowledged) == len(case.before) + 2  # all that came, bad ones too


@pytest.mark.parametrize("reason", tuple(Reason))
def test_every_reason_has_a_case(reason: Reason) -> None:
    elsewhere = {
        # More than may come to be: in test_bounds.py.
        *(Reason.TOO_MANY_POINTS, Reason.TOO_MANY_NODES, Reason.TOO_MANY_SITES),
        *(Reason.BAD_LINE, Reason.UNMAPPED, Reason.POINT_TWICE),  # of sources: in test_foreign.py
        # Of other formats: in test_senml.py, test_native_msgpack.py, test_sparkplug.py.
        *(Reason.BAD_RECORD, Reason.NOT_MSGPACK, Reason.NOT_PROTOBUF),
    }
    assert reason in {case.reason for case in (*CASES, *BIRTHS)} | elsewhere


def test_every_refusal_has_its_rule_and_its_way_out() -> None:
    for reason in Reason:
        why = reject(reason, "place", "value")
        assert str(why) == f"place is 'value': {why.rule}; {why.way_out}"
        assert len(why.rule) > 5
        assert len(why.way_out) > 5


def test_the_good_readings_of_a_message_keep_their_names(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site())
    ingest.send(topic(), one_of_fifty("NaN"))
    ingest.finish()
    body = READING.decode(ingest.frames(Kind.READING)[0].body)
    assert body.points == [name for name in FIFTY if name != "probe/t_17"]


def test_the_limit_of_a_payload_is_256_kib(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site())
    ingest.send(topic(), GOOD + b" " * (MAX_PAYLOAD - len(GOOD)))
    ingest.send(topic(), GOOD + b" " * (MAX_PAYLOAD - len(GOOD) + 1))
    ledger = ingest.finish()
    assert (ledger.stored, ledger.dead) == (1, 1)


def change(before: Ledger, after: Ledger) -> tuple[tuple[int, int, int], tuple[int, int]]:
    messages = tuple(
        getattr(after, name) - getattr(before, name) for name in ("stored", "duplicate", "dead")
    )
    readings = tuple(
        getattr(after, name) - getattr(before, name)
        for name in ("readings_stored", "readings_dead")
    )
    return (messages[0], messages[1], messages[2]), (readings[0], readings[1])
