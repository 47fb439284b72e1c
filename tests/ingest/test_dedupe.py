from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.dedupe import MAX_GIVEN_UP, MAX_INTERVALS, Seen

numbers = st.lists(st.integers(1, 60), max_size=80)


def seen_of(*numbers: int, first: int | None = None) -> Seen:
    seen = Seen(first=first)
    for number in numbers:
        seen.add(number)
    return seen


@given(numbers)
def test_a_number_is_a_duplicate_exactly_when_it_came_before(sent: list[int]) -> None:
    seen = Seen()
    plain: set[int] = set()
    for number in sent:
        assert seen.add(number) is (number not in plain)
        plain.add(number)


@given(numbers)
def test_intervals_ascend_and_never_touch(sent: list[int]) -> None:
    seen = seen_of(*sent)
    for start, end in zip(seen.starts, seen.ends, strict=True):
        assert start <= end
    for end, following in zip(seen.ends, seen.starts[1:], strict=False):
        assert following > end + 1
    assert {
        number
        for start, end in zip(seen.starts, seen.ends, strict=True)
        for number in range(start, end + 1)
    } == set(sent)


@given(numbers, st.integers(1, 60))
def test_confirmed_is_the_end_of_the_unbroken_run_from_the_newest_first(
    sent: list[int], first: int
) -> None:
    seen = seen_of(*sent)
    seen.born(first)
    end = first - 1
    while end + 1 in set(sent):
        end += 1
    assert seen.confirmed() == end


@given(numbers, st.lists(st.integers(1, 60), min_size=1, max_size=6).map(sorted))
def test_given_up_are_the_numbers_between_two_births_that_never_came(
    sent: list[int], firsts: list[int]
) -> None:
    seen = seen_of(*sent, first=firsts[0])
    given_up = sum(seen.born(first) for first in firsts)
    assert given_up == len(set(range(firsts[0], firsts[-1])) - set(sent))


def test_without_a_birth_nothing_is_confirmed() -> None:
    assert seen_of(1, 2, 3).confirmed() is None


def test_a_birth_without_first_begins_at_one() -> None:
    seen = Seen()
    assert seen.born(None) == 0
    assert seen.confirmed() == 0


def test_a_first_birth_gives_nothing_up() -> None:
    assert Seen().born(5_000) == 0


def test_what_lies_below_first_is_new_when_it_still_comes() -> None:
    seen = seen_of(1, first=1)
    assert seen.born(5) == 3
    assert seen.add(3)
    assert seen.confirmed() == 4


def test_a_jump_by_a_million_is_one_more_interval() -> None:
    seen = seen_of(1, 1_000_001, first=1)
    assert (seen.starts, seen.ends) == ([1, 1_000_001], [1, 1_000_001])
    assert seen.confirmed() == 1


def test_a_first_beyond_all_reason_is_counted_up_to_a_bound() -> None:
    seen = seen_of(first=1)
    assert seen.born(2**63 - 1) == MAX_GIVEN_UP


def test_past_the_bound_the_oldest_interval_is_forgotten() -> None:
    seen = seen_of(*range(1, 2 * MAX_INTERVALS + 3, 2))
    assert len(seen.starts) == len(seen.ends) == MAX_INTERVALS
    assert seen.starts[0] == 3
    assert seen.add(1)  # a repeat that only (point, ts) can settle now
    assert not seen.add(3)


def test_a_gap_is_never_closed_by_the_bound() -> None:
    seen = seen_of(*range(1, 3 * MAX_INTERVALS, 2))
    assert seen.add(2 * MAX_INTERVALS)
