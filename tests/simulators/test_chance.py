from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.chance import Wander, stream


def test_the_same_names_give_the_same_stream() -> None:
    assert stream(1, "ams-03", "load").random() == stream(1, "ams-03", "load").random()


@given(st.integers(), st.text(max_size=9))
def test_another_seed_gives_another_stream(seed: int, name: str) -> None:
    assert stream(seed, name).random() != stream(seed + 1, name).random()


def test_a_wander_has_the_mean_and_spread_it_was_asked_for() -> None:
    wander = Wander(stream(3, "w"), 2.0, 60.0, 3_600.0, 7)
    values = [wander.at(30.0 * step) for step in range(20_000)]
    assert abs(statistics.fmean(values)) < 0.1
    assert statistics.pstdev(values) == pytest.approx(2.0, rel=0.1)


def test_a_wander_has_no_memory() -> None:
    wander = Wander(stream(3, "w"), 2.0, 60.0, 3_600.0)
    first = wander.at(1e9)
    wander.at(5e8)
    assert wander.at(1e9) == first
