"""Numbers that are missing, as the log says them."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from support.ingesting import BOOT, NOON_NS, NS, air_site, arrival, empty_registry, topic

from ingest.dedupe import MAX_GIVEN_UP, Seen
from ingest.intake import Intake
from ingest.ticks import Ticks
from podcore.frame import STATE, Frame, Kind

AIR = "crac-1/supply_air_temp"


def intake() -> Intake:
    registry = empty_registry()
    registry.adopt(air_site(), NOON_NS)
    return Intake(registry, Ticks(NOON_NS), lambda _: None)


def after(known: Intake, seqs: list[int], second: int, *, node: str = "gw-1") -> list[int | None]:
    """What the log says is missing, once these have come and another second begins."""
    sent = [
        arrival(
            topic(node=node),
            msgspec.json.encode({"v": 1, "boot": BOOT, "seq": seq, "m": {AIR: 20.0}}),
            recv_ns=NOON_NS + second * NS,
        )
        for seq in seqs
    ]
    frames = known.take(sent, NOON_NS).frames + known.take([], NOON_NS + (second + 1) * NS).frames
    return [missing(frame) for frame in frames if frame.kind is Kind.STATE]


def missing(frame: Frame) -> int | None:
    assert (frame.site, frame.node, frame.boot) == ("ams-03", "gw-1", BOOT)
    said = STATE.decode(frame.body)
    assert said.online is None
    return said.missing


@given(st.sets(st.integers(1, 60), min_size=1))
def test_what_is_missing_is_what_was_not_seen_in_between(seqs: set[int]) -> None:
    seen = Seen()
    for seq in seqs:
        seen.add(seq)
    assert seen.missing() == len(set(range(min(seqs), max(seqs))) - seqs)


def test_a_number_from_nowhere_is_no_sum_past_its_column() -> None:
    seen = Seen([1, 2**63 - 1], [1, 2**63 - 1])
    assert seen.missing() == MAX_GIVEN_UP


def test_an_unbroken_run_says_nothing() -> None:
    assert after(intake(), [1, 2, 3], 1) == []


def test_a_gap_is_said_once_and_again_when_it_changes() -> None:
    known = intake()
    assert after(known, [1, 5], 1) == [3]
    assert after(known, [6], 3) == []
    assert after(known, [2], 5) == [2]
    assert after(known, [4, 3], 7) == [0]
    assert after(known, [7], 9) == []


def test_a_gap_that_is_filled_within_a_second_is_none() -> None:
    assert after(intake(), [1, 3, 2], 1) == []


def test_a_dead_message_is_not_missing() -> None:
    known = intake()
    after(known, [1], 1)
    wrong = msgspec.json.encode({"v": 1, "boot": BOOT, "seq": 2, "ts": 5, "m": {AIR: 20.0}})
    known.take([arrival(topic(), wrong, recv_ns=NOON_NS + 2 * NS)], NOON_NS)
    assert after(known, [3], 3) == []
