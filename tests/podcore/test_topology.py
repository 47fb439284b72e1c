from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from podcore.topology import Edge, Relation, downstream, find_cycle

nodes = st.sampled_from("abcdefgh")
graphs = st.lists(st.tuples(nodes, nodes), max_size=24)


def has_cycle(edges: list[tuple[str, str]]) -> bool:
    """By taking away what nothing leads to, until nothing is left or nothing can be taken."""
    left = set(edges)
    while True:
        targets = {target for _, target in left}
        kept = {edge for edge in left if edge[0] in targets}
        if kept == left:
            return bool(left)
        left = kept


@given(graphs)
def test_a_cycle_is_found_exactly_when_there_is_one(edges: list[tuple[str, str]]) -> None:
    assert (find_cycle(edges) is not None) == has_cycle(edges)


@given(graphs)
def test_what_is_found_is_a_cycle_of_the_graph(edges: list[tuple[str, str]]) -> None:
    cycle = find_cycle(edges)
    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert all(step in edges for step in pairwise(cycle))


def test_a_chain_longer_than_the_stack_is_walked() -> None:
    chain = [(str(n), str(n + 1)) for n in range(5_000)]
    assert find_cycle(chain) is None
    assert len(find_cycle([*chain, ("5000", "0")]) or []) == 5_002


def test_a_diamond_is_no_cycle() -> None:
    assert find_cycle([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]) is None


def test_downstream_follows_one_relation_to_its_end() -> None:
    feeds, cools = Relation.FEEDS, Relation.COOLS
    edges = [
        Edge("meter", "ups", feeds),
        Edge("ups", "rack-1", feeds),
        Edge("ups", "rack-2", feeds),
        Edge("crac", "rack-1", cools),
        Edge("meter", "crac", feeds),
    ]
    assert downstream("meter", edges, feeds) == {"ups", "crac", "rack-1", "rack-2"}
    assert downstream("crac", edges, feeds) == set()
    assert downstream("crac", edges, cools) == {"rack-1"}
