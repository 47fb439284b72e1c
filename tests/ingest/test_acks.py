from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.acks import MIN_INTERVAL_S, AckPlan, OwedAck


def ack(seq: int, node: str = "gw-1") -> OwedAck:
    return OwedAck("ams-03", node, "B", seq)


def test_the_first_ack_of_a_node_goes_at_once() -> None:
    plan = AckPlan()
    plan.owe(ack(1))
    assert plan.next_in_s(0.0) == 0.0
    assert plan.due(0.0) == [ack(1)]
    assert plan.next_in_s(0.0) is None


def test_a_newer_ack_takes_the_place_of_one_that_waits() -> None:
    plan = AckPlan()
    plan.owe(ack(1))
    plan.due(0.0)
    plan.owe(ack(2))
    plan.owe(ack(3))
    assert plan.due(0.1) == []
    assert plan.due(MIN_INTERVAL_S) == [ack(3)]


def test_a_birth_is_answered_without_waiting() -> None:
    plan = AckPlan()
    plan.owe(ack(1))
    plan.due(0.0)
    plan.owe(ack(0), at_once=True)
    assert plan.due(0.01) == [ack(0)]


def test_nodes_do_not_wait_for_each_other() -> None:
    plan = AckPlan()
    plan.owe(ack(1))
    plan.due(0.0)
    plan.owe(ack(2))
    plan.owe(ack(7, "bms"))
    assert plan.due(0.1) == [ack(7, "bms")]


def test_at_the_end_all_that_is_owed_goes() -> None:
    plan = AckPlan()
    plan.owe(ack(1))
    plan.due(0.0)
    plan.owe(ack(2))
    assert plan.due(float("inf")) == [ack(2)]


@given(st.lists(st.floats(0.0, 0.3), min_size=1, max_size=60))
def test_a_node_gets_at_most_five_a_second_and_always_the_newest(gaps_s: list[float]) -> None:
    plan = AckPlan()
    sent: list[tuple[float, int]] = []
    now_s = 0.0
    for seq, gap_s in enumerate(gaps_s, 1):
        now_s += gap_s
        plan.owe(ack(seq))
        sent += [(now_s, one.seq) for one in plan.due(now_s)]
    last = plan.due(now_s + MIN_INTERVAL_S)
    assert [one.seq for one in last] or sent[-1][1] == len(gaps_s)
    assert all(one.seq == len(gaps_s) for one in last)
    times = [at_s for at_s, _ in sent]
    assert all(later - earlier > MIN_INTERVAL_S - 1e-9 for earlier, later in pairwise(times))
