from __future__ import annotations

from podtwin.notify.circuit import FAILURES, FIRST_OPEN_S, LONGEST_OPEN_S, Breaker, Circuit


def opened() -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(0.0)
    return breaker


def test_four_failures_close_nothing_and_the_fifth_opens_it() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker.failed(0.0)
    assert breaker.state(0.0) == Circuit.CLOSED
    breaker.failed(0.0)
    assert breaker.state(0.0) == Circuit.OPEN
    assert breaker.just_opened


def test_any_answer_begins_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(3 * FAILURES):
        breaker.failed(0.0)
        breaker.answered()
    assert breaker.state(0.0) is Circuit.CLOSED


def test_after_a_while_one_message_is_let_through() -> None:
    breaker = opened()
    assert breaker.state(FIRST_OPEN_S) == Circuit.HALF_OPEN
    breaker.probe()
    assert breaker.state(FIRST_OPEN_S) == Circuit.OPEN


def test_an_answer_to_it_closes_the_circuit() -> None:
    breaker = opened()
    breaker.probe()
    assert breaker.answered()
    assert breaker.state(0.0) is Circuit.CLOSED
    assert not breaker.answered()


def test_without_one_it_waits_twice_as_long_up_to_a_bound() -> None:
    breaker, now_s = opened(), FIRST_OPEN_S
    waits = []
    for _ in range(8):
        breaker.probe()
        breaker.failed(now_s)
        waits.append(breaker.until_s - now_s)
        now_s = breaker.until_s
    assert waits == [60.0, 120.0, 240.0, 480.0, *[LONGEST_OPEN_S] * 4]


def test_what_the_receiver_asked_for_is_waited() -> None:
    breaker = opened()
    breaker.failed(0.0, wait_s=5_000.0)
    assert breaker.state(4_999.0) == Circuit.OPEN


def test_what_was_on_its_way_when_it_opened_makes_it_stay_open_no_longer() -> None:
    breaker = opened()
    breaker.failed(1.0)
    assert breaker.state(FIRST_OPEN_S) is Circuit.HALF_OPEN
