from __future__ import annotations

import pytest
from support.engine_logs import air_dx, configs, live, log_of, recorded
from support.manual_clock import ManualClock
from support.memory_log import MemoryLog

from podtwin.engine.digest import Digest
from podtwin.engine.engine import Engine
from podtwin.engine.replay import Replay, replay

SITES = ("ams-03", "cph-01")


def a_log() -> MemoryLog:
    return log_of(configs(*map(air_dx, SITES)), live(range(300), sites=SITES))


@pytest.mark.parametrize("limit", (1, 7, 2_000))
def test_a_replay_gives_the_digest_of_the_live_run(limit: int) -> None:
    log, live_run = a_log(), Digest()
    live_run.add(Engine().feed(log.frames))
    found = replay(log, ManualClock(each_s=2.0), limit=limit)
    assert found.digest == live_run.hexdigest()
    assert (found.frames, found.steps) == (len(log.frames), 2 * 60)


def test_its_speed_is_the_logs_time_over_the_clocks() -> None:
    log = log_of(live(range(301), delay_ns=0))
    found = replay(log, ManualClock(each_s=2.0))
    assert (found.log_s, found.wall_s, found.speed) == (300.0, 2.0, 150.0)


def test_a_replay_begins_at_the_checkpoints_of_a_recording() -> None:
    log, engine = a_log(), Engine()
    engine.feed(log.read(0, 500))
    kept = engine.checkpoints(due_only=False)
    rest = Digest()
    rest.add(engine.feed(log.read(500, 2_000)))
    log.trim(500)
    found = replay(log, ManualClock(), kept)
    assert found.digest == rest.hexdigest()
    assert found.frames == log.last_offset() - 500


def test_an_empty_log_is_replayed_in_no_time() -> None:
    found = replay(MemoryLog(), ManualClock())
    assert (found.frames, found.steps, found.speed) == (0, 0, 0.0)


def test_its_caller_may_go_one_read_at_a_time() -> None:
    run = Replay(log_of(configs(air_dx()), recorded(range(0, 50, 5), recv_ns=10**18 * 2)))
    given = [run.read_next(1) for _ in range(12)]
    assert [len(outputs.steps) if outputs else outputs for outputs in given] == [
        0, *[1] * 10, None,
    ]  # fmt: skip
    assert run.digest() == run.digest()
