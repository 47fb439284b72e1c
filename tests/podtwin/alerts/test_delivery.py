from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtwin.alerts.delivery import (
    LONGEST_WAIT_S,
    RETRY_FOR_S,
    Answer,
    DeliveryEvent,
    decide,
)


def event(status: int) -> DeliveryEvent:
    return decide(Answer(status), 1, 0.0, 0.5).event


@pytest.mark.parametrize("status", (200, 201, 204, 299))
def test_2xx_is_delivered(status: int) -> None:
    assert event(status) is DeliveryEvent.ACCEPTED


@pytest.mark.parametrize("status", (301, 302, 307, 308))
def test_a_redirect_is_refused(status: int) -> None:
    assert decide(Answer(status), 1, 0.0, 0.5).reason == "redirect_refused"
    assert event(status) is DeliveryEvent.GAVE_UP


@pytest.mark.parametrize("status", (408, 425, 429, 500, 502, 503, 599))
def test_what_may_go_well_later_is_retried(status: int) -> None:
    assert event(status) is DeliveryEvent.FAILED


@pytest.mark.parametrize("status", (400, 401, 403, 404, 405, 413, 422))
def test_what_will_not_go_well_is_not(status: int) -> None:
    assert event(status) is DeliveryEvent.GAVE_UP


def test_410_disables_the_endpoint_and_no_other_answer_does() -> None:
    disabling = [status for status in range(200, 600) if decide(Answer(status), 1, 0, 0).disable]
    assert disabling == [410]


def test_a_refused_target_is_not_retried() -> None:
    decision = decide(Answer(None, "target_refused: 10.0.0.1 is private", final=True), 1, 0.0, 0.5)
    assert decision.event is DeliveryEvent.GAVE_UP
    assert "10.0.0.1" in decision.reason


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True))
def test_waits_are_spread_and_bounded(attempt: int, chance: float) -> None:
    wait_s = decide(Answer(503), attempt, 0.0, chance).wait_s
    assert 0.0 <= wait_s <= min(LONGEST_WAIT_S, 5.0 * 2.0 ** min(attempt - 1, 20))


def test_a_receiver_is_not_asked_before_it_said() -> None:
    answer = Answer(429, retry_after_s=120.0)
    assert decide(answer, 1, 0.0, 0.0).wait_s == 120.0
    assert decide(answer, 1, 0.0, 0.9).wait_s > 120.0


def test_after_a_day_it_is_dead_with_the_last_reason() -> None:
    assert decide(Answer(503), 30, RETRY_FOR_S - 1, 0.5).event is DeliveryEvent.FAILED
    decision = decide(Answer(503), 30, RETRY_FOR_S, 0.5)
    assert decision.event is DeliveryEvent.GAVE_UP
    assert "http_503" in decision.reason
