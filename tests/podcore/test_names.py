from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore import names

ids = st.from_regex(names.ID_PATTERN, fullmatch=True)
points = st.from_regex(names.POINT_PATTERN, fullmatch=True)


@pytest.mark.parametrize("text", ("a", "0", "ams-03", "a" * 63, "a-b--c", "gw-1"))
def test_what_may_be_an_id(text: str) -> None:
    assert names.is_id(text)


@pytest.mark.parametrize(
    "text",
    ("", "-a", "a-", "A", "a_b", "a.b", "a/b", "a" * 64, "ä", "a\n", "a\x00", " a", "٣", "a+", "#"),
)
def test_what_may_not(text: str) -> None:
    assert not names.is_id(text)


@pytest.mark.parametrize("text", ("a", "supply_air_temp", "core_01_utilization", "a" * 64))
def test_what_may_be_a_point(text: str) -> None:
    assert names.is_point(text)


@pytest.mark.parametrize("text", ("", "_a", "0a", "a-b", "A", "a" * 65, "a\n", "a/b"))
def test_what_may_not_be_a_point(text: str) -> None:
    assert not names.is_point(text)


@given(ids, ids, points)
def test_ids_come_apart_as_they_were_put_together(site: str, asset: str, point: str) -> None:
    assert names.split_local_id(f"{asset}/{point}") == (asset, point)
    assert names.split_point_id(f"{site}/{asset}/{point}") == (site, f"{asset}/{point}")


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_said_why(text: str) -> None:
    if not names.is_local_id(text):
        with pytest.raises(ValueError, match="is not asset/point"):
            names.split_local_id(text)
    with pytest.raises(ValueError, match="is not site/asset/point"):
        names.split_point_id(text.replace("/", ""))


@pytest.mark.parametrize(
    ("text", "expanded"),
    (
        ("rack-01", ["rack-01"]),
        ("rack-[01-03]", ["rack-01", "rack-02", "rack-03"]),
        ("rack-[9-11]", ["rack-9", "rack-10", "rack-11"]),
        ("rack-[098-101]", ["rack-098", "rack-099", "rack-100", "rack-101"]),
        ("pdu-[a-b]", ["pdu-a", "pdu-b"]),
        ("row-[1-2]-x", ["row-1-x", "row-2-x"]),
        ("r-[7-7]", ["r-7"]),
    ),
)
def test_ranges(text: str, expanded: list[str]) -> None:
    assert names.expand_range(text) == expanded


@pytest.mark.parametrize(
    "text",
    (
        "rack-[3-1]",
        "rack-[1-2",
        "rack-1-2]",
        "rack-[]",
        "rack-[1]",
        "rack-[a-3]",
        "rack-[aa-bb]",
        "rack-[1-2][3-4]",
        "rack-[0-2000]",
        "rack-[00-9]",
        "rack-[[1-2]]",
        "rack-[b-a]",
        "rack-[1-99999999999999999999]",
    ),
)
def test_what_is_no_range_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="is not a range"):
        names.expand_range(text)


@given(st.integers(0, 5_000), st.integers(0, 300), st.integers(1, 6))
def test_a_range_has_all_its_members_once(first: int, more: int, width: int) -> None:
    low, high = str(first).zfill(width), str(first + more).zfill(width)
    members = names.expand_range(f"r-[{low}-{high}]")
    assert len(set(members)) == len(members) == more + 1
    assert (members[0], members[-1]) == (f"r-{low}", f"r-{high}")


@given(st.text(max_size=30))
def test_any_text_is_ids_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert names.expand_range(text)


@pytest.mark.parametrize(
    ("word", "known", "way_out"),
    (
        ("rack-4", ["rack-04", "ups-1"], "nearest is 'rack-04'"),
        ("kw", ["kW", "W", "MW"], "nearest is 'kW'"),
        ("qqqq", ["b", "a"], "known are a, b"),
        ("x", [], "none are known"),
    ),
)
def test_a_near_miss_finds_its_word(word: str, known: list[str], way_out: str) -> None:
    assert names.did_you_mean(word, known) == way_out


def test_a_long_list_of_known_words_is_cut() -> None:
    way_out = names.did_you_mean("qqqq", [f"word-{number:02}" for number in range(50)])
    assert way_out.endswith("word-11, …")
