"""Gaps and clocks, by Frames and ticks alone: what is raised, when, and that it ends."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from support.engine_logs import untwinned
from support.frames import MIDNIGHT_NS, NS, config, reading, tick

from podcore.frame import Frame, Kind, Source, StateBody, encode_body
from podcore.ports import Notice
from podtwin.engine.engine import Engine
from podtwin.engine.gaps import GIVEN_UP_NS, MAX_BOOTS, Gap, told

SUPPLY = "crac-1/supply_air_temp"


class Log:
    """Frames of one site with a message and a tick a second."""

    def __init__(self) -> None:
        self.offset = 0
        self.second = 0
        self.ahead_s = {"gw-1": 0.0}

    def put(self, frame: Frame) -> Frame:
        self.offset += 1
        return msgspec.structs.replace(frame, offset=self.offset)

    def begin(self) -> list[Frame]:
        return [self.put(config(untwinned(), MIDNIGHT_NS))]

    def seconds(self, count: int) -> Iterable[Frame]:
        for _ in range(count):
            self.second += 1
            now_ns = MIDNIGHT_NS + self.second * NS
            yield self.put(tick(now_ns))
            for node, ahead_s in self.ahead_s.items():
                ts_ns = now_ns + round(ahead_s * NS)
                yield self.put(reading({SUPPLY: 20.0}, ts_ns, node=node, recv_ns=now_ns))

    def missing(self, number: int, boot: str = "B") -> Frame:
        return self.state(StateBody(None, missing=number), boot)

    def state(self, said: StateBody, boot: str = "") -> Frame:
        now_ns = MIDNIGHT_NS + self.second * NS
        body = encode_body(said)
        return self.put(
            Frame(0, Kind.STATE, "ams-03", "gw-1", boot, None, now_ns, now_ns, 0, Source.MEASURED,
                  0, body)
        )  # fmt: skip


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def engine(log: Log) -> Engine:
    engine = Engine()
    engine.feed([*log.begin(), *log.seconds(5)])
    return engine


def said(notices: Iterable[Notice]) -> list[str]:
    return [notice.kind for notice in notices]


def test_a_gap_that_stays_open_is_told_and_ends_when_it_is_filled(log: Log, engine: Engine) -> None:
    engine.feed([log.missing(37)])
    assert engine.feed(log.seconds(59)).notices == []
    outputs = engine.feed(log.seconds(10))
    assert said(outputs.notices) == ["alert.firing"]
    alert = outputs.transitions[-1].alert
    assert alert is not None
    assert alert.rule == "messages-missing"
    assert "37 messages are missing" in alert.text
    assert alert.text.endswith("Suspected: gw-1.")
    engine.feed([log.missing(0)])
    assert said(engine.feed(log.seconds(30)).notices) == ["alert.resolved"]


def test_what_a_node_sends_behind_the_present_is_on_its_way_and_no_gap(
    log: Log, engine: Engine
) -> None:
    engine.feed([log.state(StateBody(online=True, backlog=9_000)), log.missing(8_900)])
    assert engine.feed(log.seconds(300)).transitions == []
    engine.feed([log.state(StateBody(online=True)), log.missing(7)])
    assert said(engine.feed(log.seconds(70)).notices) == ["alert.firing"]


def test_a_gap_that_is_filled_in_time_is_nothing(log: Log, engine: Engine) -> None:
    engine.feed([log.missing(500)])
    engine.feed(log.seconds(40))
    engine.feed([log.missing(0)])
    assert engine.feed(log.seconds(100)).transitions == []


def test_a_gap_that_nothing_fills_is_given_up_and_the_next_one_told(
    log: Log, engine: Engine
) -> None:
    engine.feed([log.missing(3)])
    outputs = engine.feed(log.seconds(GIVEN_UP_NS // NS + 60))
    assert said(outputs.notices) == ["alert.firing", "alert.resolved"]
    engine.feed([log.missing(5)])
    outputs = engine.feed(log.seconds(70))
    assert said(outputs.notices) == ["alert.firing"]
    alert = outputs.transitions[-1].alert
    assert alert is not None
    assert "2 messages" in alert.text


@pytest.mark.parametrize("ahead_s", (-5.0, 3.0, -3_600.0, 3_600.0))
def test_a_clock_that_is_off_is_told_and_ends_when_it_is_set(
    log: Log, engine: Engine, ahead_s: float
) -> None:
    log.ahead_s["gw-1"] = ahead_s
    outputs = engine.feed(log.seconds(200))
    assert said(outputs.notices) == ["alert.firing"]
    assert outputs.transitions[-1].alert is not None
    assert outputs.transitions[-1].alert.rule == "clock-off"
    log.ahead_s["gw-1"] = 0.0
    assert said(engine.feed(log.seconds(300)).notices) == ["alert.resolved"]


def test_a_clock_within_two_seconds_is_nothing(log: Log, engine: Engine) -> None:
    log.ahead_s = {"gw-1": -1.9, "gw-2": 1.9}
    assert engine.feed(log.seconds(300)).transitions == []


def test_a_checkpoint_in_between_changes_nothing(log: Log, engine: Engine) -> None:
    log.ahead_s["gw-1"] = -30.0
    engine.feed([log.missing(3), *log.seconds(30)])
    again = Engine(engine.checkpoints(due_only=False))
    later = list(log.seconds(200))
    ours, theirs = engine.feed(later), again.feed(later)
    assert [n.key for n in ours.notices] == [n.key for n in theirs.notices]
    assert len(ours.notices) == 2


def test_a_sender_that_starts_over_and_over_is_bounded() -> None:
    gaps: dict[str, Gap] = {}
    for number in range(MAX_BOOTS + 5):
        told(gaps, f"B{number}", 1, number + 1)
    assert list(gaps) == [f"B{number}" for number in range(5, MAX_BOOTS + 5)]
