from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.manual_clock import ManualClock

from ingest.broker_drops import STANDS_S, BrokerDrops


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def events(drops: BrokerDrops, *counts: int) -> list[str]:
    with capture_logs() as logs:
        for count in counts:
            drops.heard(str(count).encode())
    return [entry["event"] for entry in logs]


def test_a_broker_that_has_dropped_nothing_is_not_spoken_of(clock: ManualClock) -> None:
    drops = BrokerDrops(clock)
    assert events(drops, 0, 0) == []
    assert (drops.dropped, drops.why()) == (0, "")


def test_what_it_dropped_before_is_said_at_the_start_and_is_no_loss_of_now(
    clock: ManualClock,
) -> None:
    drops = BrokerDrops(clock)
    assert events(drops, 48, 48) == ["broker_has_dropped"]
    assert (drops.dropped, drops.why()) == (0, "")


def test_what_it_drops_now_is_said_once_while_it_lasts(clock: ManualClock) -> None:
    drops = BrokerDrops(clock)
    assert events(drops, 0, 5, 9) == ["broker_drops"]
    assert drops.dropped == 9
    assert "dropped 9 messages for want of room: raise max_queued_messages" in drops.why()


def test_it_is_over_when_nothing_more_is_dropped_for_a_while(clock: ManualClock) -> None:
    drops = BrokerDrops(clock)
    events(drops, 0, 5)
    clock.advance(STANDS_S + 1.0)
    assert drops.why() == ""
    assert events(drops, 6) == ["broker_drops"]
    assert drops.dropped == 6


def test_a_broker_started_anew_counts_anew(clock: ManualClock) -> None:
    drops = BrokerDrops(clock)
    events(drops, 0, 5, 0, 2)
    assert drops.dropped == 7


@given(st.binary(max_size=40))
def test_whatever_it_says_is_a_number_or_nothing(payload: bytes) -> None:
    drops = BrokerDrops(ManualClock())
    drops.heard(payload)
    assert drops.dropped == 0
