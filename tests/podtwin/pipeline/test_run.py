"""The life of a pipeline: what is started, drained and stopped, and in which order."""

from __future__ import annotations

from typing import cast

import pytest
from support.ingesting import HandClock

from ingest.ledger import Ledger
from podcore.role import Health, RoleState
from podtwin.pipeline.assembly import Pipeline
from podtwin.pipeline.run import End, run_pipeline
from podtwin.pipeline.supervisor import Supervisor

LEDGER = Ledger(stored=5, duplicate=1, dead=2, pending=0, readings_stored=9, readings_dead=1)


class Lived:
    """A pipeline that notes what is asked of it."""

    api = None
    broker = "mqtt://127.0.0.1:1883"

    def __init__(self, *, dies: bool = False) -> None:
        self.asked: list[str] = []
        self._dies = dies

    def start(self) -> None:
        self.asked.append("start")

    def failed(self) -> Health | None:
        return Health("seal", RoleState.FAILED, "OSError", ready=False) if self._dies else None

    def drain(self) -> None:
        self.asked.append("drain")

    def ledger(self) -> Ledger:
        self.asked.append("ledger")
        return LEDGER

    def stop(self) -> None:
        self.asked.append("stop")


def run(lived: Lived, duration_s: float | None = 1.0) -> End:
    def begun(_supervisor: Supervisor) -> None:
        lived.asked.append("begun")

    return run_pipeline(
        cast("Pipeline", lived),
        HandClock(),
        duration_s,
        after_start=begun,
        before_drain=lambda: lived.asked.append("senders drained"),
    )


def test_senders_end_before_the_drain_and_the_ledger_is_taken_after_it() -> None:
    lived = Lived()
    assert run(lived).summary() == {
        "url": None,
        "ended": "duration",
        "ledger": {"received": 8, "stored": 5, "duplicate": 1, "dead": 2, "pending": 0},
        "readings": {"offered": 10, "stored": 9, "dead": 1},
    }
    assert lived.asked == ["start", "begun", "senders drained", "drain", "ledger", "stop"]


def test_a_dead_role_ends_it_in_the_same_order() -> None:
    lived = Lived(dies=True)
    ended = run(lived, None).ended
    assert (ended.reason, ended.failure) == ("failed", "seal: OSError")
    assert lived.asked[-3:] == ["drain", "ledger", "stop"]


def test_what_fails_on_the_way_still_stops_the_pipeline() -> None:
    lived = Lived()

    def broken(_supervisor: Supervisor) -> None:
        raise OSError("no endpoint")

    with pytest.raises(OSError, match="no endpoint"):
        run_pipeline(cast("Pipeline", lived), HandClock(), 1.0, after_start=broken)
    assert lived.asked == ["start", "stop"]


def test_without_a_duration_it_runs_until_it_is_told() -> None:
    told = run_pipeline(
        cast("Pipeline", Lived()),
        HandClock(),
        after_start=lambda supervisor: supervisor.tell("enough"),
    )
    assert told.ended.reason == "enough"
