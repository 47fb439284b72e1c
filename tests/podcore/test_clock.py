from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.clock import NS, SystemClock, rfc3339


@pytest.mark.parametrize(
    ("ns", "text"),
    (
        (0, "1970-01-01T00:00:00Z"),
        (1_795_529_000 * NS, "2026-11-24T14:03:20Z"),
        (1_795_529_000 * NS + 500_000_000, "2026-11-24T14:03:20.5Z"),
        (1_795_529_000 * NS + 1, "2026-11-24T14:03:20.000000001Z"),
        (-NS // 2, "1969-12-31T23:59:59.5Z"),
    ),
)
def test_an_instant_as_text(ns: int, text: str) -> None:
    assert rfc3339(ns) == text


@given(st.integers(0, 4_000_000_000 * NS))
def test_the_text_of_an_instant_means_that_instant(ns: int) -> None:
    seconds, _, decimals = rfc3339(ns).removesuffix("Z").partition(".")
    whole = datetime.fromisoformat(seconds).replace(tzinfo=UTC).timestamp()
    assert round(whole) * NS + int(decimals.ljust(9, "0")) == ns


def test_the_machines_clock_goes_on() -> None:
    clock = SystemClock()
    before, earlier = clock.now_ns(), clock.monotonic_s()
    assert clock.now_ns() >= before > 1_700_000_000 * NS
    assert clock.monotonic_s() >= earlier


def test_a_wait_says_whether_the_event_came() -> None:
    event = threading.Event()
    assert not SystemClock().wait(event, 0.0)
    event.set()
    assert SystemClock().wait(event, 10.0)
