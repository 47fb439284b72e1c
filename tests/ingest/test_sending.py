from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.native import Ack
from ingest.sending import CHUNK, Announce, Heard, Held, Idle, Phase, Send, Sending, Wait, Why

BOOT = "01JD0000000000000000000000"


def ack(seq: int, boot: str = BOOT) -> Ack:
    return Ack(1, boot, seq)


def sending(confirmed: int = 0, window: int = 10) -> Sending:
    return Sending(BOOT, confirmed, window=window, resend_s=30.0, ack_wait_s=5.0)


def connected(confirmed: int = 0, window: int = 10) -> Sending:
    """A conversation whose birth is out at 0 s."""
    one = sending(confirmed, window)
    one.connected()
    assert isinstance(one.next(Held(confirmed + 1, confirmed), 0.0), Announce)
    one.announced(Held(confirmed + 1, confirmed), 0.0)
    return one


def test_without_a_connection_nothing_is_done() -> None:
    assert sending().next(Held(1, 5), 0.0) == Wait(Idle.DOWN)


def test_a_birth_comes_first() -> None:
    one = sending()
    one.connected()
    assert one.next(Held(1, 5), 0.0) == Announce(Why.CONNECTED, 0)


def test_after_the_answer_it_sends_from_the_number_in_it() -> None:
    one = connected()
    assert one.next(Held(1, 5), 1.0) == Wait(Idle.BIRTH_UNANSWERED, 5.0)
    assert one.acknowledged(ack(3), Held(1, 5), 1.0) is Heard.MOVED
    assert one.next(Held(1, 5), 1.0) == Send(3, 2)


def test_without_an_answer_it_sends_after_the_wait() -> None:
    assert connected().next(Held(1, 5), 5.0) == Send(0, 5)


def test_no_more_than_a_window_is_unconfirmed() -> None:
    one = connected(window=3)
    one.acknowledged(ack(0), Held(1, 9), 0.0)
    assert one.next(Held(1, 9), 0.0) == Send(0, 3)
    one.published(3, 0.0)
    assert one.next(Held(1, 9), 0.0) == Wait(Idle.WINDOW_FULL, 30.0)
    one.acknowledged(ack(2), Held(1, 9), 1.0)
    assert one.next(Held(3, 9), 1.0) == Send(3, 2)


def test_a_large_window_is_sent_in_pieces_with_a_look_at_acks_between() -> None:
    one = connected(window=500)
    one.acknowledged(ack(0), Held(1, 900), 0.0)
    assert one.next(Held(1, 900), 0.0) == Send(0, CHUNK)


def test_an_unmoved_number_brings_a_birth_and_all_that_is_unconfirmed_again() -> None:
    one = connected()
    one.acknowledged(ack(0), Held(1, 5), 0.0)
    one.published(5, 0.0)
    assert one.next(Held(1, 5), 29.9) == Wait(Idle.UNCONFIRMED, 30.0)
    assert one.next(Held(1, 5), 30.0) == Announce(Why.STALLED, 0)
    one.announced(Held(1, 5), 30.0)
    one.acknowledged(ack(2), Held(1, 5), 30.1)
    assert one.next(Held(3, 5), 30.1) == Send(2, 3)


def test_each_repetition_in_vain_doubles_the_patience_and_an_ack_that_moves_resets_it() -> None:
    one = connected()
    now_s = 5.0
    waits: list[float] = []
    for _ in range(6):
        assert one.next(Held(1, 5), now_s) == Send(0, 5)
        one.published(5, now_s)
        step = one.next(Held(1, 5), now_s)
        assert isinstance(step, Wait)
        waits.append(step.until_s - now_s)
        assert one.next(Held(1, 5), step.until_s) == Announce(Why.STALLED, 0)
        one.announced(Held(1, 5), step.until_s)
        now_s = step.until_s + 5.0
    assert waits == [30.0, 60.0, 120.0, 240.0, 480.0, 480.0]
    one.next(Held(1, 5), now_s)
    one.published(5, now_s)
    one.acknowledged(ack(1), Held(1, 5), now_s)
    assert one.next(Held(2, 5), now_s) == Wait(Idle.UNCONFIRMED, now_s + 30.0)


def test_a_receiver_that_speaks_up_without_moving_is_given_the_time_of_a_birth() -> None:
    one = connected()
    assert one.next(Held(1, 5), 5.0) == Send(0, 5)
    one.published(5, 5.0)
    # It starts now, and answers the retained birth; the five went to nobody's queue.
    assert one.acknowledged(ack(0), Held(1, 5), 10.0) is Heard.SAME
    assert one.next(Held(1, 5), 10.0) == Wait(Idle.UNCONFIRMED, 15.0)
    assert one.next(Held(1, 5), 15.0) == Announce(Why.STALLED, 0)


def test_a_receiver_that_moves_after_speaking_up_is_not_hurried() -> None:
    one = connected()
    one.next(Held(1, 5), 5.0)
    one.published(5, 5.0)
    one.acknowledged(ack(0), Held(1, 5), 10.0)
    one.acknowledged(ack(1), Held(1, 5), 11.0)
    assert one.next(Held(2, 5), 11.0) == Wait(Idle.UNCONFIRMED, 41.0)


def test_a_lost_connection_sends_all_that_is_unconfirmed_again() -> None:
    one = connected()
    one.acknowledged(ack(2), Held(1, 5), 0.0)
    one.published(5, 0.0)
    one.lost()
    assert (one.phase, one.sent) == (Phase.DOWN, 2)


def test_an_ack_of_another_numbering_is_not_ours() -> None:
    assert connected().acknowledged(ack(3, "01OTHER"), Held(1, 5), 0.0) is Heard.OTHER_BOOT


def test_an_ack_on_no_connection_is_left_alone() -> None:
    assert sending().acknowledged(ack(3), Held(1, 5), 0.0) is Heard.NOT_CONNECTED


def test_a_fresh_receiver_takes_a_backlog_that_keeps_everything_back_to_its_start() -> None:
    one = connected()
    one.acknowledged(ack(5), Held(1, 9), 0.0)
    assert one.acknowledged(ack(0), Held(1, 9), 1.0) is Heard.WENT_BACK
    assert one.next(Held(1, 9), 1.0) == Send(0, 9)


def test_a_fresh_receiver_is_told_the_lowest_number_that_is_left() -> None:
    one = connected()
    one.acknowledged(ack(5), Held(1, 9), 0.0)
    # It knows the retained birth alone, which said `first` 1; 1 to 5 are trimmed by now.
    assert one.acknowledged(ack(0), Held(6, 9), 1.0) is Heard.BEHIND
    assert one.next(Held(6, 9), 1.0) == Announce(Why.BEHIND, 0)
    one.announced(Held(6, 9), 1.0)
    # Should it insist, it is not told for ever.
    assert one.acknowledged(ack(0), Held(6, 9), 1.0) is Heard.SAME
    assert one.next(Held(6, 9), 1.0) == Send(5, 4)


def test_a_receiver_that_knows_more_than_is_held_is_noticed() -> None:
    one = connected()
    assert one.acknowledged(ack(99), Held(1, 5), 0.0) is Heard.AHEAD
    assert one.confirmed == 5


def test_the_clock_changes_only_when_all_before_is_confirmed() -> None:
    one = connected()
    one.acknowledged(ack(0), Held(1, 5), 0.0)
    one.change_clock_after(3)
    assert one.next(Held(1, 5), 0.0) == Send(0, 3)
    one.published(3, 0.0)
    assert one.next(Held(1, 5), 0.0) == Wait(Idle.HELD_BACK, 30.0)
    one.acknowledged(ack(3), Held(1, 5), 1.0)
    assert one.next(Held(4, 5), 1.0) == Announce(Why.CLOCK, 1)
    one.announced(Held(4, 5), 1.0)
    one.acknowledged(ack(3), Held(4, 5), 1.0)
    assert one.next(Held(4, 5), 1.0) == Send(3, 2)


def test_what_is_not_released_waits() -> None:
    one = connected()
    one.release(2)
    one.acknowledged(ack(0), Held(1, 5), 0.0)
    assert one.next(Held(1, 5), 0.0) == Send(0, 2)
    one.published(2, 0.0)
    assert one.next(Held(1, 5), 0.0) == Wait(Idle.HELD_BACK, 30.0)
    one.release(4)
    assert one.next(Held(1, 5), 0.0) == Send(2, 2)


@pytest.mark.parametrize("confirmed", (0, 7))
def test_with_nothing_left_it_waits_without_end(confirmed: int) -> None:
    one = connected(confirmed)
    one.acknowledged(ack(confirmed), Held(confirmed + 1, confirmed), 0.0)
    assert one.next(Held(confirmed + 1, confirmed), 0.0) == Wait(Idle.NOTHING_LEFT)


def behind(waiting: int = 1_000, window: int = 10, drain_per_s: float = 10.0) -> Sending:
    """A live node that comes back with a backlog, and whose receiver has answered with 0 at 0 s."""
    one = Sending(BOOT, 0, window=window, resend_s=30.0, ack_wait_s=5.0, drain_per_s=drain_per_s)
    one.connected()
    one.next(Held(1, waiting), 0.0)
    one.announced(Held(1, waiting), 0.0)
    one.acknowledged(ack(0), Held(1, waiting), 0.0)
    return one


def published(one: Sending, step: object, now_s: float) -> list[int]:
    assert isinstance(step, Send)
    seqs = list(range(step.after + 1, step.after + step.limit + 1))
    for seq in seqs:
        one.published(seq, now_s)
    return seqs


def test_behind_a_long_backlog_what_is_new_goes_at_once_and_the_old_at_a_rate() -> None:
    one = behind()
    assert one.next(Held(1, 1_000), 0.0) == Wait(Idle.DRAINING, 0.1)
    assert one.draining
    assert published(one, one.next(Held(1, 1_001), 0.05), 0.05) == [1_001]
    assert published(one, one.next(Held(1, 1_001), 0.1), 0.1) == [1]
    assert one.next(Held(1, 1_001), 0.1) == Wait(Idle.DRAINING, 0.2)


def test_a_backlog_of_a_window_goes_out_in_order() -> None:
    one = behind(waiting=10)
    assert one.next(Held(1, 10), 0.0) == Send(0, 10)
    assert not one.draining


def test_a_rate_that_was_not_used_is_made_up_for_by_a_second_at_most() -> None:
    one = behind(window=100)
    one.next(Held(1, 1_000), 0.0)
    assert one.next(Held(1, 1_000), 60.0) == Send(0, 10)


def test_what_is_recorded_goes_in_order_however_long_it_is() -> None:
    one = behind()
    one.begin(recorded=True)
    assert one.next(Held(1, 1_000), 0.0) == Send(0, 10)


def test_a_receiver_that_is_away_gets_one_window_of_both_and_no_more() -> None:
    one, out = behind(), 0
    one.next(Held(1, 1_000), 0.0)
    for half_seconds in range(1, 60):
        last, now_s = 1_000 + half_seconds, half_seconds / 2
        while isinstance(step := one.next(Held(1, last), now_s), Send):
            out += len(published(one, step, now_s))
    assert out == 10
    last = 1_060
    assert one.next(Held(1, last), 30.0) == Wait(Idle.WINDOW_FULL, 30.5)
    assert not one.is_answered(31.0)
    assert one.next(Held(1, last), 31.0) == Announce(Why.STALLED, 0)


def test_a_number_that_passes_shows_what_of_the_present_has_come() -> None:
    one = behind(window=4)
    one.next(Held(1, 1_000), 0.0)
    published(one, one.next(Held(1, 1_003), 0.05), 0.05)
    published(one, one.next(Held(1, 1_003), 0.1), 0.1)
    assert one.next(Held(1, 1_004), 0.1) == Wait(Idle.WINDOW_FULL, 30.05)
    one.acknowledged(ack(1), Held(2, 1_004), 0.2)  # sent behind 1001 to 1003
    assert one.next(Held(2, 1_004), 0.2) == Send(1_003, 1)


def test_when_the_backlog_is_done_the_number_leaps_over_what_ran_ahead() -> None:
    one = behind(waiting=11)
    one.next(Held(1, 11), 0.0)
    published(one, one.next(Held(1, 12), 0.0), 0.0)
    assert published(one, one.next(Held(1, 12), 1.0), 1.0) == list(range(1, 9))
    one.acknowledged(ack(8), Held(9, 12), 1.5)
    assert published(one, one.next(Held(9, 12), 2.0), 2.0) == [9, 10, 11]
    one.acknowledged(ack(12), Held(13, 12), 2.5)
    assert one.next(Held(13, 12), 2.5) == Wait(Idle.NOTHING_LEFT)
    assert not one.draining


def test_what_the_outbox_gave_up_is_announced_and_nothing_is_sent_twice_for_it() -> None:
    one = connected(window=5)
    one.acknowledged(ack(0), Held(1, 100), 0.0)
    published(one, one.next(Held(1, 100), 0.0), 0.0)
    assert one.next(Held(3, 100), 1.0) == Announce(Why.DROPPED, 0)
    one.announced(Held(3, 100), 1.0)
    assert (one.confirmed, one.sent) == (2, 5)
    one.acknowledged(ack(5), Held(3, 100), 1.1)
    assert one.next(Held(6, 100), 1.1) == Send(5, 5)


class World:
    """A network that loses, doubles and reorders, until it is told to be good."""

    def __init__(
        self, *, seed: int, count: int, window: int, trims: bool, drains: bool = False
    ) -> None:
        self.chance = random.Random(seed)
        rate = 50.0 if drains else None
        self.one = Sending(BOOT, 0, window=window, resend_s=30.0, ack_wait_s=5.0, drain_per_s=rate)
        self.window = window
        self.trims = trims
        self.last = count
        self.first = 1
        self.now_s = 0.0
        self.bad = True
        self.stored: set[int] = set()
        self.run: int | None = None
        self.acks: list[int] = []
        self.highest_ack = 0
        self.grows = drains
        if not drains:
            self.one.change_clock_after(count // 2)
        self.one.connected()

    @property
    def held(self) -> Held:
        return Held(self.first, self.last)

    def lost(self) -> bool:
        return self.bad and self.chance.random() < 0.3

    def receiver_answers(self) -> None:
        if self.run is None:
            return
        while self.run + 1 in self.stored:
            self.run += 1
        for _ in range(2 if self.bad and self.chance.random() < 0.2 else 1):
            if not self.lost():
                self.acks.append(self.run)

    def turn(self) -> None:
        if self.bad and self.grows:
            self.last += 1
        if self.bad and self.chance.random() < 0.05:
            self.one.lost()
            self.acks.clear()
            self.one.connected()
        step = self.one.next(self.held, self.now_s)
        if isinstance(step, Announce):
            self.one.announced(self.held, self.now_s)
            if not self.lost():
                self.run = max(self.run or 0, self.first - 1)
                self.receiver_answers()
        elif isinstance(step, Send):
            self.publish(step)
        else:
            self.now_s = min(step.until_s, self.now_s + 1.0)
        self.hear()

    def publish(self, step: Send) -> None:
        for seq in range(step.after + 1, step.after + step.limit + 1):
            self.one.published(seq, self.now_s)
            if not self.lost():
                self.stored.add(seq)
            self.receiver_answers()
        assert self.grows or self.one.sent - self.one.confirmed <= self.window

    def hear(self) -> None:
        if self.bad:
            self.chance.shuffle(self.acks)
        heard, self.acks = self.acks[:5], self.acks[5:]
        for seq in heard:
            self.highest_ack = max(self.highest_ack, seq)
            self.one.acknowledged(ack(seq), self.held, self.now_s)
            assert self.one.confirmed <= self.highest_ack
            if self.trims:
                self.first = max(self.first, self.one.confirmed + 1)


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 60),
    window=st.integers(1, 12),
    trims=st.booleans(),
)
def test_all_is_confirmed_in_the_end_whatever_was_lost_and_never_more_than_was_acked(
    seed: int, count: int, window: int, *, trims: bool
) -> None:
    world = World(seed=seed, count=count, window=window, trims=trims)
    for _ in range(100):
        world.turn()
    world.bad = False
    for _ in range(3_000):
        if world.one.confirmed == count and not world.acks:
            break
        world.turn()
    assert world.one.confirmed == count
    assert world.stored == set(range(1, count + 1))
    world.turn()
    assert world.one.edition == 1


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 60),
    window=st.integers(1, 12),
    trims=st.booleans(),
)
def test_all_is_confirmed_in_the_end_also_when_the_present_runs_ahead(
    seed: int, count: int, window: int, *, trims: bool
) -> None:
    world = World(seed=seed, count=count, window=window, trims=trims, drains=True)
    for _ in range(100):
        world.turn()
    world.bad = False
    for _ in range(20_000):
        if world.one.confirmed == world.last and not world.acks:
            break
        world.turn()
    assert world.one.confirmed == world.last
    assert world.stored == set(range(1, world.last + 1))
