"""When outdoors takes over: the table, its dwell, and the shares."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.dx import FREE, MECHANICAL, PARTIAL
from twin.economiser import (
    DWELL_S,
    TRANSITIONS,
    Mode,
    Verdict,
    air_side,
    freezing,
    next_mode,
    outdoor_air_share,
    water_side,
)
from twin.model import Array


def one(value: float) -> Array:
    return np.array([value])


def verdict(*, full: bool = False, part: bool = False, stay: bool = False) -> Verdict:
    return Verdict(np.array([full]), np.array([part]), np.array([stay]))


@pytest.mark.parametrize("mode", (MECHANICAL, PARTIAL, FREE))
@pytest.mark.parametrize("which", list(itertools.product((False, True), repeat=3)), ids=str)
def test_every_pair_goes_where_the_table_says(mode: int, which: tuple[bool, bool, bool]) -> None:
    full, part, stay = which
    now = Mode(one(mode), one(DWELL_S))
    found = next_mode(now, verdict(full=full, part=part, stay=stay), 60.0)
    expected = TRANSITIONS[mode, full, part or full, stay or part or full]
    assert found.mode[0] == expected


def test_no_mode_is_left_before_its_time() -> None:
    now = Mode(one(FREE), one(0.0))
    for _ in range(19):
        now = next_mode(now, verdict(), 60.0)
        assert now.mode[0] == FREE
    assert next_mode(now, verdict(), 60.0).mode[0] == MECHANICAL


def test_a_wet_bulb_between_on_and_off_changes_nothing() -> None:
    found = water_side(one(10.3), one(16.0), one(10.0), one(4.0), one(1.0))  # 0.7 K below return
    assert not found.part[0]
    assert found.stay[0]


@given(st.floats(-30.0, 45.0), st.floats(22.0, 40.0), st.floats(12.0, 21.0))
def test_the_mixture_is_as_wanted_where_it_can_be(out: float, back: float, mixed: float) -> None:
    share = outdoor_air_share(one(out), one(back), one(mixed), one(24.0))[0]
    assert 0.0 <= share <= 1.0
    if out <= mixed:
        assert back + share * (out - back) == pytest.approx(mixed, abs=1e-9)
    else:
        assert share == (1.0 if out < 24.0 else 0.0)


def test_air_side_is_full_part_or_nothing() -> None:
    found = air_side(np.array([10.0, 21.0, 30.0]), np.full(3, 19.0), np.full(3, 24.0))
    assert found.full.tolist() == [True, False, False]
    assert found.part.tolist() == [True, True, False]


def test_below_five_degrees_water_needs_care() -> None:
    assert freezing(np.array([4.9, 5.0])).tolist() == [True, False]
