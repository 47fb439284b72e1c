"""The life of an edge node as its host sees it: the table, numbers, deaths, requests."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ingest.sparkplug_edge import (
    FIRST_PAUSE_NS,
    LAST_PAUSE_NS,
    TRANSITIONS,
    EdgeNode,
    Event,
    Known,
    Life,
)


def born(seq: int = 0, bd_seq: int | None = 7) -> EdgeNode:
    edge = EdgeNode()
    edge.born(seq, bd_seq, 0)
    return edge


def test_every_pair_stands_in_the_table() -> None:
    assert set(TRANSITIONS) == {(life, event) for life in Life for event in Event}


@pytest.mark.parametrize("life", tuple(Life))
def test_a_birth_makes_it_online_and_only_a_birth_does(life: Life) -> None:
    assert TRANSITIONS[life, Event.BIRTH] is Life.ONLINE
    others = {TRANSITIONS[life, event] for event in Event if event is not Event.BIRTH}
    assert (Life.ONLINE in others) is (life is Life.ONLINE)


def test_numbers_follow_each_other_and_begin_again_after_255() -> None:
    edge = born(seq=254)
    for seq in (255, 0, 1):
        edge.hear(seq)
        assert edge.life is Life.ONLINE


@pytest.mark.parametrize("seq", (0, 2, 255, None))
def test_any_other_number_says_that_messages_are_lost(seq: int | None) -> None:
    edge = born()
    edge.hear(seq)
    assert edge.life is Life.LOST


def test_what_was_lost_is_not_found_by_numbers_that_follow_again() -> None:
    edge = born()
    edge.hear(5)
    edge.hear(6)
    assert edge.life is Life.LOST


@pytest.mark.parametrize(("bd_seq", "dies"), ((7, True), (6, False), (8, False), (None, True)))
def test_a_death_counts_for_its_own_birth(bd_seq: int | None, dies: bool) -> None:
    edge = born(bd_seq=7)
    edge.learn(1, Known("", "t", 9))
    assert edge.dies(bd_seq) is dies
    assert edge.life is (Life.OFFLINE if dies else Life.ONLINE)
    assert bool(edge.aliases) is not dies


def test_a_birth_forgets_what_earlier_ones_said() -> None:
    edge = born()
    edge.devices.add("d")
    edge.learn(1, Known("d", "t", 9))
    edge.born(0, 8, 1)
    assert (edge.devices, edge.aliases, edge.metrics) == (set(), {}, {})


def test_a_device_that_leaves_takes_its_metrics_along() -> None:
    edge = born()
    edge.learn(1, Known("d", "t", 9))
    edge.learn(2, Known("", "t", 9))
    edge.leave("d")
    assert list(edge.aliases) == [2]
    assert list(edge.metrics) == [("", "t")]


def test_requests_become_rarer_while_nobody_answers() -> None:
    edge, now_ns, asked = EdgeNode(), 0, []
    while now_ns < 20 * LAST_PAUSE_NS:
        if edge.may_ask(now_ns):
            asked.append(now_ns)
        now_ns += FIRST_PAUSE_NS // 10
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert pauses[0] == FIRST_PAUSE_NS
    assert pauses[-1] == LAST_PAUSE_NS
    assert sorted(pauses) == pauses


def test_an_answer_makes_the_next_request_possible_at_once() -> None:
    edge = EdgeNode()
    assert edge.may_ask(1)
    assert not edge.may_ask(2)
    edge.born(0, None, 3)
    assert edge.may_ask(4)
