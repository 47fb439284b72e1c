from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingest.reasons import Reason, Rejected, reject, shorten_text


def test_a_refusal_names_place_value_rule_and_way_out() -> None:
    why = reject(Reason.NOT_FINITE, "m['a/b']", float("inf"))
    assert str(why) == (
        "m['a/b'] is inf: a value is a finite number; send null, or leave the point out"
    )


def test_a_hint_goes_before_the_general_way_out() -> None:
    why = reject(Reason.UNKNOWN_POINT, "a/b", "a/b", "nearest is 'a/c'")
    assert why.way_out == "nearest is 'a/c'; add it to the site file or to the birth"


def test_long_values_and_names_are_cut() -> None:
    why = reject(Reason.BAD_NAME, "x" * 10_000, "y" * 10_000)
    assert len(str(why)) < 500


def test_a_container_is_named_and_not_written_out() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert reject(Reason.WRONG_TYPE, "m", deep).value == "an array"
    assert reject(Reason.WRONG_TYPE, "m", {"a": deep}).value == "an object"
    while deep and isinstance(deep[0], list):  # taken apart, since freeing it recurses
        deep = deep[0]


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_any_text_can_be_written_and_shown(place: str, value: str) -> None:
    why = reject(Reason.BAD_NAME, place, value)
    assert str(why).isprintable()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(why), type=Rejected) == why


@given(st.text(), st.integers(1, 300))
def test_a_cut_text_is_as_long_as_it_may_be(text: str, limit: int) -> None:
    assert len(shorten_text(text, limit)) <= limit
