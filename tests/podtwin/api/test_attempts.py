from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtwin.api import attempts as module
from podtwin.api.attempts import MAX_FAILED, WINDOW_S, Attempts


def failed(attempts: Attempts, address: str, times: int, now_s: float = 0.0) -> None:
    for _ in range(times):
        attempts.failed(address, now_s)


def test_ten_wrong_keys_in_a_minute_are_too_many() -> None:
    attempts = Attempts()
    failed(attempts, "10.0.0.1", MAX_FAILED - 1)
    assert attempts.wait_s("10.0.0.1", 0.0) == 0.0
    failed(attempts, "10.0.0.1", 1, 20.0)
    assert attempts.wait_s("10.0.0.1", 20.0) == 40.0
    assert attempts.wait_s("10.0.0.2", 20.0) == 0.0


def test_after_a_minute_an_address_is_listened_to_again() -> None:
    attempts = Attempts()
    failed(attempts, "10.0.0.1", 50)
    assert attempts.wait_s("10.0.0.1", WINDOW_S) == 0.0
    assert attempts.failed("10.0.0.1", WINDOW_S) == 1


def test_one_net_of_a_customer_is_one_address() -> None:
    attempts = Attempts()
    failed(attempts, "2001:db8::1", MAX_FAILED)
    assert attempts.wait_s("2001:db8::ffff", 1.0) > 0
    assert attempts.wait_s("2001:db8:0:1::1", 1.0) == 0


def test_the_table_is_bounded_and_forgets_who_was_wrong_longest_ago(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_ADDRESSES", 2)
    attempts = Attempts()
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3"):
        failed(attempts, address, MAX_FAILED)
    assert attempts.wait_s("10.0.0.2", 1.0) == 0
    assert attempts.wait_s("10.0.0.1", 1.0) > 0
    assert attempts.wait_s("10.0.0.3", 1.0) > 0


@given(st.text(max_size=60))
def test_any_address_can_be_counted(address: str) -> None:
    attempts = Attempts()
    failed(attempts, address, MAX_FAILED)
    assert attempts.wait_s(address, 0.0) == WINDOW_S


def test_refusals_are_counted_by_reason() -> None:
    attempts = Attempts()
    for reason in ("no_key", "scope", "no_key"):
        attempts.count(reason)
    assert attempts.counts == {"no_key": 2, "scope": 1}
