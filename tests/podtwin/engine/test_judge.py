"""The judge on simulated plants: what it says of faults, of health, of silence and of commands."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from podcore.frame import Frame
from podcore.ports import Command, Notice, Transition
from podtwin.engine.engine import Engine
from podtwin.engine.outputs import Outputs, command_frame
from podtwin.pipeline.demo_sites import demo_sites
from simulators.log import PlantLog, fault

WARM_S = 3_000
SITES = demo_sites(2, 1)
TRIP = fault("compressor-trip", WARM_S + 60, 90)
TRIPS = {SITES[0].id: [TRIP]}


def words(transitions: Iterable[Transition], rule: str) -> list[str]:
    return [t.after for t in transitions if t.alert is not None and t.alert.rule == rule]


def kinds(notices: Iterable[Notice]) -> list[str]:
    return [notice.kind for notice in notices]


def fed(engine: Engine, frames: Iterable[Frame], at_once: int = 2_000) -> Outputs:
    outputs, waiting = Outputs(), list(frames)
    for begin in range(0, len(waiting), at_once):
        outputs.add(engine.feed(waiting[begin : begin + at_once]))
    return outputs


def warm(log: PlantLog, engine: Engine, *, recorded: bool = False) -> Outputs:
    return fed(engine, [*log.configs(), *log.seconds(WARM_S, recorded=recorded)])


@pytest.fixture(scope="module")
def trip() -> Outputs:
    log, engine = PlantLog(SITES[0], faults=TRIPS), Engine()
    outputs = warm(log, engine)
    outputs.add(fed(engine, log.seconds(1_500)))
    return outputs


def test_a_compressor_that_trips_is_told_of_and_resolved(trip: Outputs) -> None:
    assert {"alert.firing", "alert.resolved"} <= set(kinds(trip.notices))
    first = next(t for t in trip.transitions if t.after == "firing")
    assert 0 <= (first.ts_ns - TRIP.onset_ns) / 1e9 <= 60
    assert first.alert is not None
    assert first.alert.text.endswith("Suspected: crac-1.")


def test_what_fired_is_resolved_in_the_end(trip: Outputs) -> None:
    fired = {t.alert.id for t in trip.transitions if t.alert and t.after == "firing"}
    resolved = {t.alert.id for t in trip.transitions if t.alert and t.after == "resolved"}
    assert fired
    assert fired == resolved


def test_a_trip_is_also_a_limit_that_will_be_passed(trip: Outputs) -> None:
    runaway = words(trip.transitions, "thermal-runaway")
    assert runaway.count("firing") == runaway.count("resolved") > 0


def test_what_a_dozen_channels_see_is_one_page_and_its_end(trip: Outputs) -> None:
    assert kinds(trip.notices) == ["alert.firing", "alert.resolved"]


def test_a_healthy_site_says_nothing() -> None:
    log, engine = PlantLog(SITES[1]), Engine()
    outputs = warm(log, engine)
    outputs.add(fed(engine, log.seconds(1_800)))
    assert [t.after for t in outputs.transitions if t.alert is not None] == []
    assert outputs.notices == []


@pytest.mark.parametrize("at_once", (1, 7))
def test_neither_reads_nor_neighbours_change_what_is_said(trip: Outputs, at_once: int) -> None:
    log, engine = PlantLog(*SITES, faults=TRIPS), Engine()
    frames = [*log.configs(), *log.seconds(WARM_S + 300)]
    outputs = fed(engine, frames[: WARM_S * 3])
    outputs.add(fed(engine, frames[WARM_S * 3 :], at_once))
    until_ns = log.now_ns - 10 * 10**9
    mine = [t.key for t in outputs.transitions if t.site == SITES[0].id and t.ts_ns < until_ns]
    assert mine == [t.key for t in trip.transitions if t.ts_ns < until_ns]
    assert mine


def test_a_restart_from_checkpoints_while_it_fires_tells_nobody_twice(trip: Outputs) -> None:
    log, engine = PlantLog(SITES[0], faults=TRIPS), Engine()
    warm(log, engine)
    told = fed(engine, log.seconds(120)).notices
    again = Engine(engine.checkpoints(due_only=False))
    told += fed(again, log.seconds(1_380)).notices
    assert [n.key for n in told] == [n.key for n in trip.notices]


def test_a_site_that_goes_silent_is_an_alert_of_its_own_and_ends_with_its_return() -> None:
    log, engine = PlantLog(SITES[0]), Engine()
    fed(engine, [*log.configs(), *log.seconds(600)])
    log.silent.add(SITES[0].id)
    silent = fed(engine, log.seconds(90))
    log.silent.clear()
    back = fed(engine, log.seconds(60))
    assert words(silent.transitions, "site-silent") == ["firing"]
    assert words(back.transitions, "site-silent") == ["recovering", "resolved"]
    assert kinds(silent.notices + back.notices) == ["alert.firing", "alert.resolved"]


def test_what_fires_and_is_no_longer_seen_has_no_data_and_is_not_resolved() -> None:
    log, engine = PlantLog(SITES[0], faults=TRIPS), Engine()
    warm(log, engine)
    fed(engine, log.seconds(120))
    log.silent.add(SITES[0].id)
    outputs = fed(engine, log.seconds(400))
    after = {t.after for t in outputs.transitions if t.alert and t.alert.rule != "site-silent"}
    assert "no_data" in after
    assert "resolved" not in after


def test_the_recorded_past_pages_nobody_until_the_site_turns_live() -> None:
    log, engine = PlantLog(SITES[0], faults=TRIPS), Engine()
    past = warm(log, engine, recorded=True)
    past.add(fed(engine, log.seconds(120, recorded=True)))
    assert words(past.transitions, "twin-deviation")
    assert past.notices == []
    turn = fed(engine, log.seconds(10))
    assert "alert.firing" in kinds(turn.notices)


def command_of(alert: str, issued_ns: int) -> Command:
    return Command("c-1", SITES[0].id, "acknowledge", alert, "someone", issued_ns)


def test_an_acknowledgement_is_applied_and_kept_in_the_checkpoint() -> None:
    log, engine = PlantLog(SITES[0], faults=TRIPS), Engine()
    warm(log, engine)
    outputs = fed(engine, log.seconds(120))
    alert = next(t.alert for t in outputs.transitions if t.alert and t.after == "firing")
    asked = command_frame(command_of(alert.id, log.now_ns), engine.offset, log.now_ns)
    assert engine.command(asked)
    said = engine.said()
    assert [(a.outcome, a.alert.handling if a.alert else "") for a in said.applied] == [
        ("applied", "acknowledged")
    ]
    again = Engine(engine.checkpoints(due_only=False))
    assert not again.command(asked)  # right after a checkpoint a replay could not place it
    fed(again, log.seconds(1))
    again.command(command_frame(command_of(alert.id, log.now_ns), again.offset, log.now_ns))
    assert again.said().applied[0].outcome == "applied"


def test_a_command_for_an_alert_that_is_not_open_says_so() -> None:
    log, engine = PlantLog(SITES[0]), Engine()
    fed(engine, [*log.configs(), *log.seconds(30)])
    engine.command(command_frame(command_of("0" * 16, log.now_ns), engine.offset, log.now_ns))
    assert engine.said().applied[0].outcome == "not_open"
