from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from support.alerts import a_notice
from support.manual_clock import ManualClock
from support.webhooks import Held, ScriptedSender, an_endpoint, at_once

from podcore.errors import NotWritten
from podcore.outbox import Attempt
from podcore.role import RoleState
from podtwin.alerts.delivery import RETRY_FOR_S, Answer
from podtwin.alerts.event import MAX_BODY_BYTES
from podtwin.notify.circuit import FAILURES
from podtwin.notify.worker import EACH, SENDERS, Notifier, Submit
from podtwin.store.deliveries import Deliveries, Message, MessageQuery
from podtwin.store.outbox import SqliteOutbox
from podtwin.store.state import StateStore

HOUR_S = 3_600.0
URL = "http://127.0.0.1:9/"


class Bench:
    """A notifier over a real outbox, with a clock, a scripted network and no thread."""

    def __init__(self, path: Path) -> None:
        self.store = StateStore(path / "state.db")
        self.outbox = SqliteOutbox(self.store)
        self.sender = ScriptedSender()
        self.clock = ManualClock()
        self.outbox.add(an_endpoint(url=URL), "kl")
        self.told = 0

    def notifier(self, submit: Submit = at_once, chance: float = 0.5) -> Notifier:
        return Notifier(
            self.outbox, self.sender, self.clock, threading.Event(),
            chance=lambda: chance, submit=submit,
        )  # fmt: skip

    def tell(self, *alerts: str, body: bytes | None = None) -> None:
        for alert in alerts:
            self.told += 1
            said = body or f'{{"number":{self.told},"alert":"{alert}"}}'.encode()
            notice = a_notice(f"n{self.told}", alert, said, self.told)
            self.store.commit([], [], 1, [notice])

    def messages(self) -> list[Message]:
        return Deliveries(self.store).messages(MessageQuery(limit=1_000))[::-1]

    def states(self) -> list[str]:
        return [message.state for message in self.messages()]

    def answer(self, status: int, *, retry_after_s: float | None = None, url: str = URL) -> None:
        self.sender.script(url, lambda: Answer(status, retry_after_s=retry_after_s))

    def fail(self, reason: str = "timeout", url: str = URL) -> None:
        self.sender.script(url, lambda: Answer(None, reason))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.store.close()


def settle(notifier: Notifier) -> None:
    """Rounds until nothing is left to do at this instant."""
    while notifier.round():
        pass


def test_what_is_told_is_delivered_once(bench: Bench) -> None:
    bench.tell("a", "b")
    notifier = bench.notifier()
    settle(notifier)
    settle(notifier)
    assert bench.states() == ["delivered", "delivered"]
    assert [body for _, _, body in bench.sender.accepted] == [
        b'{"number":1,"alert":"a"}',
        b'{"number":2,"alert":"b"}',
    ]


def test_a_receiver_that_was_down_for_six_hours_gets_every_message_once_and_in_order(
    bench: Bench,
) -> None:
    bench.fail("connect: refused")
    notifier = bench.notifier()
    alerts = [f"alert-{number % 7}" for number in range(60)]
    for minute in range(360):
        if minute % 6 == 0:
            bench.tell(alerts[minute // 6])
        for _ in range(6):
            settle(notifier)
            bench.clock.advance(10.0)
    assert bench.sender.accepted == []
    assert len(bench.sender.tried) < 360  # left alone, not hammered

    bench.answer(204)
    for _ in range(60):  # the longest that a circuit stays open
        settle(notifier)
        bench.clock.advance(10.0)
    assert set(bench.states()) == {"delivered"}
    ids = [message for _, message, _ in bench.sender.accepted]
    assert len(ids) == len(set(ids)) == 60
    position = {message.id: place for place, message in enumerate(bench.messages())}
    alert_of = {message.id: message.alert for message in bench.messages()}
    for alert in set(alerts):
        places = [position[each] for each in ids if alert_of[each] == alert]
        assert all(before < after for before, after in pairwise(places))


def test_a_message_that_is_retried_holds_back_only_its_own_alert(bench: Bench) -> None:
    bench.tell("a", "a", "b")
    answers = iter((Answer(503), Answer(204), Answer(204), Answer(204)))
    bench.sender.script(URL, lambda: next(answers))
    notifier = bench.notifier()
    settle(notifier)
    assert bench.states() == ["retrying", "queued", "delivered"]
    bench.clock.advance(5.0)
    settle(notifier)
    assert bench.states() == ["delivered"] * 3


@pytest.mark.parametrize("status", (301, 400, 401, 404, 422))
def test_an_answer_that_will_not_change_is_the_end_of_a_message(bench: Bench, status: int) -> None:
    bench.answer(status)
    bench.tell("a", "a")
    settle(bench.notifier())
    assert bench.states() == ["dead", "dead"]
    assert len(bench.sender.tried) == 2


def test_410_disables_the_endpoint_and_what_is_queued_stays(bench: Bench) -> None:
    bench.answer(410)
    bench.tell("a", "a")
    settle(bench.notifier())
    endpoint = bench.outbox.endpoint("ops")
    assert (endpoint.enabled, endpoint.reason) == (False, "endpoint_gone")
    assert bench.states() == ["dead", "queued"]
    bench.answer(204)
    bench.outbox.enable(endpoint.id, "kl", 9)
    settle(bench.notifier())
    assert bench.states() == ["dead", "delivered"]


def test_a_receiver_that_asks_for_time_gets_it(bench: Bench) -> None:
    bench.answer(429, retry_after_s=120.0)
    bench.tell("a")
    notifier = bench.notifier(chance=0.0)
    settle(notifier)
    bench.answer(204)
    bench.clock.advance(119.0)
    settle(notifier)
    assert bench.states() == ["retrying"]
    bench.clock.advance(1.0)
    settle(notifier)
    assert bench.states() == ["delivered"]


def test_after_a_day_of_trying_a_message_is_dead_with_its_reason(bench: Bench) -> None:
    bench.answer(500)
    bench.tell("a")
    notifier = bench.notifier()
    for _ in range(int(RETRY_FOR_S / 600.0) + 12):
        settle(notifier)
        bench.clock.advance(600.0)
    message = bench.messages()[0]
    assert (message.state, message.reason) == ("dead", "gave up after a day: http_500")


def test_a_message_that_is_too_large_is_refused_by_name_and_never_sent(bench: Bench) -> None:
    bench.tell("a", body=b"x" * (MAX_BODY_BYTES + 1))
    bench.tell("a")
    settle(bench.notifier())
    first, second = bench.messages()
    assert (first.state, first.reason) == ("dead", "payload_too_large")
    assert second.state == "delivered"
    assert len(bench.sender.tried) == 1


def test_after_five_failures_an_endpoint_is_left_alone(bench: Bench) -> None:
    bench.fail()
    bench.tell(*(f"a{number}" for number in range(20)))
    notifier = bench.notifier()
    settle(notifier)
    assert FAILURES <= len(bench.sender.tried) < FAILURES + EACH
    assert bench.states().count("queued") >= 20 - FAILURES - EACH


def test_one_message_probes_and_the_rest_follow_at_once(bench: Bench) -> None:
    bench.fail()
    bench.tell(*(f"a{number}" for number in range(20)))
    notifier = bench.notifier()
    settle(notifier)
    tried = len(bench.sender.tried)
    bench.clock.advance(31.0)
    settle(notifier)
    assert len(bench.sender.tried) == tried + 1
    bench.answer(204)
    bench.clock.advance(61.0)
    settle(notifier)
    assert set(bench.states()) == {"delivered"}


def test_an_endpoint_that_is_away_delays_no_other(bench: Bench) -> None:
    other = "http://127.0.0.1:10/"
    bench.outbox.add(an_endpoint("cmms", other, created_ns=2), "kl")
    bench.fail()
    bench.tell("a", "b", "c")
    settle(bench.notifier())
    assert [url for url, _, _ in bench.sender.accepted] == [other] * 3


def test_an_endpoint_that_hangs_leaves_room_for_others(bench: Bench) -> None:
    other = "http://127.0.0.1:10/"
    bench.outbox.add(an_endpoint("cmms", other, created_ns=2), "kl")
    bench.tell(*(f"a{number}" for number in range(9)))
    held = Held()
    notifier = bench.notifier(held.submit)
    settle(notifier)
    assert len(held.waiting) == SENDERS
    assert bench.states().count("sending") == 2 * EACH
    held.let_go()
    settle(notifier)
    assert bench.states().count("delivered") == SENDERS


def test_a_process_that_ended_while_sending_sends_again_under_the_same_id(bench: Bench) -> None:
    bench.tell("a")
    held = Held()
    bench.notifier(held.submit).round()
    assert bench.states() == ["sending"]
    again = bench.notifier()
    again.recover()
    settle(again)
    assert bench.states() == ["delivered"]
    assert [message for _, message in bench.sender.tried] == [bench.messages()[0].id]


class FullDisk(SqliteOutbox):
    """An outbox whose disk refuses the answer of an attempt while it is full."""

    full = True

    def conclude(self, attempt: Attempt, due_ns: int) -> None:
        if self.full:
            raise NotWritten("state.db: database or disk is full")
        super().conclude(attempt, due_ns)


def test_an_answer_that_finds_the_disk_full_is_written_when_there_is_room(bench: Bench) -> None:
    bench.outbox = disk = FullDisk(bench.store)
    bench.tell("a", "b")
    notifier = bench.notifier()
    notifier.round()
    for _ in range(2):
        with pytest.raises(NotWritten):
            notifier.round()
    assert bench.states() == ["sending", "sending"]
    disk.full = False
    settle(notifier)
    assert bench.states() == ["delivered", "delivered"]
    assert len(bench.sender.tried) == 2
    bench.tell(*(f"c{number}" for number in range(2 * EACH)))  # it holds no sender
    settle(notifier)
    assert bench.states() == ["delivered"] * (2 + 2 * EACH)


def test_a_redelivered_message_is_sent_under_its_id_and_logged_as_one_more(bench: Bench) -> None:
    bench.tell("a")
    notifier = bench.notifier()
    settle(notifier)
    message = bench.messages()[0].id
    bench.outbox.redeliver(message, "kl", bench.clock.now_ns())
    settle(notifier)
    assert [each for _, each in bench.sender.tried] == [message, message]
    assert len(Deliveries(bench.store).attempts(message)) == 2


def test_each_attempt_is_logged_with_what_was_sent_and_answered(bench: Bench) -> None:
    answers = iter((Answer(503), Answer(204)))
    bench.sender.script(URL, lambda: next(answers))
    bench.tell("a")
    notifier = bench.notifier()
    settle(notifier)
    bench.clock.advance(10.0)
    settle(notifier)
    first, second = Deliveries(bench.store).attempts(bench.messages()[0].id)
    assert (first.status, first.reason, first.state) == (503, "http_503", "retrying")
    assert (second.status, second.state) == (204, "delivered")
    assert first.request_headers == {"webhook-id": first.message}
    assert (first.answer, first.took_ms, first.url) == (b"said", 1.0, URL)


def test_what_has_been_settled_for_a_month_goes(bench: Bench) -> None:
    bench.tell("a")
    notifier = bench.notifier()
    settle(notifier)
    bench.clock.advance(31 * 24 * HOUR_S)
    settle(notifier)
    assert bench.messages() == []


def test_what_else_has_grown_old_is_tidied_every_ten_minutes(bench: Bench) -> None:
    tidied: list[float] = []
    notifier = Notifier(
        bench.outbox, bench.sender, bench.clock, threading.Event(), submit=at_once,
        tidy=lambda: tidied.append(bench.clock.monotonic_s()),
    )  # fmt: skip
    for _ in range(21):
        settle(notifier)
        bench.clock.advance(60.0)
    assert tidied == [0.0, 600.0, 1200.0]


def eventually(ask: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(ask() or pause.wait(0.02) for _ in range(250))


def test_as_a_thread_it_sends_what_comes_and_drains(bench: Bench) -> None:
    wake = threading.Event()
    notifier = Notifier(bench.outbox, bench.sender, bench.clock, wake)
    assert notifier.health().state is RoleState.STARTING
    notifier.start()
    bench.tell("a")
    wake.set()
    assert eventually(lambda: bench.states() == ["delivered"])
    bench.tell("b")
    notifier.drain(5.0)
    assert bench.states() == ["delivered", "delivered"]
    notifier.stop()
    assert notifier.health().state is RoleState.STOPPED


def test_a_mistake_of_our_own_ends_the_role_and_says_so(bench: Bench) -> None:
    def broken() -> Answer:
        raise ZeroDivisionError("ours")

    bench.sender.script(URL, broken)
    bench.tell("a")
    wake = threading.Event()
    hook, threading.excepthook = threading.excepthook, lambda _args: None
    notifier = Notifier(bench.outbox, bench.sender, bench.clock, wake)
    notifier.start()
    try:
        assert eventually(lambda: notifier.health().state is RoleState.FAILED)
    finally:
        notifier.stop()
        threading.excepthook = hook
    assert "ZeroDivisionError" in notifier.health().detail


def test_it_names_who_does_not_answer(bench: Bench) -> None:
    bench.fail()
    bench.tell(*(f"a{number}" for number in range(9)))
    notifier = bench.notifier()
    settle(notifier)
    notifier.start()
    assert "no answer from ep_ops" in notifier.health().detail
    notifier.stop()
