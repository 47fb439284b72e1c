"""The thread that forwards: its pauses, its words, its end."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.frames import MIDNIGHT_NS, NS, reading
from support.memory_log import MemoryLog
from support.memory_sink import MemoryBook, MemorySink
from support.waiting import eventually

from ingest.forward_role import LINGER_S, LONGEST_WAIT_S, REFUSED_WAIT_S, ForwardRole, wait_s
from ingest.forwarder import READ_LIMIT, Forwarder
from podcore.errors import NotWritten, Refused, Unreachable
from podcore.role import Role, RoleState


class QuickClock:
    """Time passes when it is waited for; each wait for the wake-up is noted."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._s = 0.0

    def now_ns(self) -> int:
        return MIDNIGHT_NS

    def monotonic_s(self) -> float:
        return self._s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.waits.append(timeout_s)
        self._s += timeout_s
        return event.wait(0.001)


class Site:
    """Both logs, a sink, and the role between them."""

    def __init__(self) -> None:
        self.log, self.derived = MemoryLog(), MemoryLog(derived=True)
        self.sink, self.book, self.clock = MemorySink(), MemoryBook(), QuickClock()
        logs = {"log": self.log, "derived": self.derived}
        forwarders = [
            Forwarder(name, log, "influx", self.sink, self.book) for name, log in logs.items()
        ]
        self.role = ForwardRole(forwarders, "InfluxDB", self.clock, chance=lambda: 1.0)

    def append(self, count: int) -> None:
        at = MIDNIGHT_NS + self.log.last_offset() * NS
        self.log.append([reading({"meter-1/power": 1.0}, at + n * NS) for n in range(count)])

    def round(self) -> float:
        return self.role._round()  # noqa: SLF001 - one turn of the thread, without the thread


@pytest.fixture
def site() -> Site:
    return Site()


def test_it_is_a_role(site: Site) -> None:
    role: Role = site.role
    assert role.health().state is RoleState.STARTING


def test_it_gathers_before_it_sends_and_hurries_while_a_read_is_full(site: Site) -> None:
    site.append(READ_LIMIT + 1)
    assert site.round() == 0.0
    assert site.round() == LINGER_S
    assert site.role.counts().frames == READ_LIMIT + 1


def test_both_logs_are_forwarded_each_with_its_cursor(site: Site) -> None:
    site.append(2)
    site.derived.append([reading({"meter-1/power": 1.0}, MIDNIGHT_NS)])
    site.round()
    assert site.book.cursors == {"forward/influx/log": 2, "forward/influx/derived": 1}


@given(st.integers(1, 10_000), st.none() | st.floats(0, 14_400), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_shorter_than_asked_and_has_a_ceiling(
    tries: int, asked_s: float | None, chance: float
) -> None:
    found = wait_s(tries, asked_s, chance)
    assert (asked_s or 0.0) <= found <= (asked_s or 0.0) + LONGEST_WAIT_S


def test_waits_grow_to_their_ceiling() -> None:
    grown = [wait_s(tries, None, 1.0) for tries in range(1, 10)]
    assert grown[:3] == [1.0, 2.0, 4.0]
    assert grown[-1] == LONGEST_WAIT_S


def test_while_the_sink_is_away_it_lives_is_not_ready_and_says_what_waits(site: Site) -> None:
    site.append(3)
    site.sink.failures.extend([Unreachable("nobody there"), Unreachable("slow", retry_after_s=9.0)])
    site.role.start()
    eventually(lambda: site.role.counts().retries == {"unreachable": 2}, "two failures")
    eventually(lambda: len(site.sink.frames) == 3, "all delivered")
    assert sum(site.clock.waits) >= 1.0 + 9.0 + 2.0
    assert site.role.health().state is RoleState.RUNNING
    eventually(lambda: site.role.health().ready, "ready again")
    site.role.stop()


def test_a_failure_is_said_until_it_goes_well(site: Site) -> None:
    site.append(3)
    site.sink.failures.append(Unreachable("nobody there"))
    assert site.round() > 0.0
    for forwarder in site.role._forwarders:  # noqa: SLF001 - what its pause does
        forwarder.look()
    assert "nobody there" in site.role._trouble()  # noqa: SLF001 - as health says it
    assert "3 frames wait" in site.role._trouble()  # noqa: SLF001
    site.round()
    assert site.role._trouble() == ""  # noqa: SLF001
    assert site.role.lag() == 0


def test_each_kind_of_trouble_is_logged_once(site: Site) -> None:
    site.append(1)
    site.sink.failures.extend([Unreachable("a"), Unreachable("b"), Refused("c"), Refused("d")])
    with capture_logs() as logs:
        for _ in range(5):
            site.round()
    assert [(each["event"], each.get("reason")) for each in logs] == [
        ("forwarding_stopped", "unreachable"),
        ("forwarding_stopped", "refused"),
        ("forwarding_again", None),
    ]


def test_refused_it_stops_and_asks_again_once_a_minute(site: Site) -> None:
    site.append(1)
    site.sink.failures.append(Refused("401: the token is not known there"))
    assert site.round() == REFUSED_WAIT_S
    assert "the token is not known" in site.role._trouble()  # noqa: SLF001
    assert site.book.cursors == {}
    assert site.role.counts().retries == {"refused": 1}
    assert site.round() == LINGER_S


def test_a_full_disk_ends_nothing(site: Site) -> None:
    site.append(1)
    site.book.failures.append(NotWritten("state.db: disk full"))
    assert site.round() == 1.0
    assert "free disk space" in site.role._trouble()  # noqa: SLF001
    assert site.round() == LINGER_S


def test_a_drain_delivers_what_is_there(site: Site) -> None:
    site.append(READ_LIMIT + 5)
    site.role.start()
    site.role.drain(10.0)
    assert site.book.cursors["forward/influx/log"] == READ_LIMIT + 5
    assert site.role.health().state is RoleState.STOPPED
    site.role.stop()


def test_a_drain_does_not_wait_for_a_sink_that_is_away(site: Site) -> None:
    site.append(1)
    site.sink.failures.extend(Unreachable("away") for _ in range(1_000))
    site.role.start()
    site.role.drain(10.0)
    assert site.role.health().state is RoleState.STOPPED
    assert site.book.cursors == {}


def test_our_own_mistake_ends_it_with_its_words(site: Site) -> None:
    site.append(1)
    site.sink.failures.append(ZeroDivisionError("no"))
    site.role.start()
    eventually(lambda: site.role.health().state is RoleState.FAILED, "failed")
    assert "ZeroDivisionError" in site.role.health().detail
    site.role.stop()
