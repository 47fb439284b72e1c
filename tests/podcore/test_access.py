from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.access import (
    Key,
    KeyState,
    Scope,
    SiteFilter,
    digest_of,
    is_key_name,
    is_session_token,
    is_site_pattern,
    key_id_of,
    key_token,
    session_token,
)

KEY = Key("ab" * 8, "wall", b"", Scope.READ, SiteFilter(), created_ns=10, created_by="kim")


def test_scopes_stand_in_one_order() -> None:
    order = [Scope.READ, Scope.OPERATE, Scope.CONFIGURE, Scope.ADMIN]
    for has, mine in enumerate(order):
        assert [mine.covers(needed) for needed in order] == [n <= has for n in range(4)]


def test_a_filter_without_patterns_is_for_all_sites() -> None:
    assert SiteFilter().all
    assert SiteFilter().covers("ams-03")
    assert SiteFilter().covers("")


@pytest.mark.parametrize(
    ("patterns", "seen"),
    (
        (("ams-03",), ["ams-03"]),
        (("ams-*",), ["ams-03", "ams-04"]),
        (("ams-03", "osl-*"), ["ams-03", "osl-01"]),
        (("*",), ["ams-03", "ams-04", "osl-01"]),
        (("ams",), []),
    ),
)
def test_a_filter_names_sites_by_id_or_by_part(patterns: tuple[str, ...], seen: list[str]) -> None:
    assert list(SiteFilter(patterns).among(["ams-03", "ams-04", "osl-01"])) == seen


def test_what_belongs_to_no_site_is_not_seen_by_who_is_limited() -> None:
    assert not SiteFilter(("ams-03",)).covers("")


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=32, max_size=32))
def test_a_token_names_its_key_and_shows_nothing_of_its_digest(key: bytes, secret: bytes) -> None:
    token = key_token(key, secret)
    assert key_id_of(token) == key.hex()
    assert digest_of(token).hex() not in token


@pytest.mark.parametrize(
    "text",
    ("", "ptw_", f"ptw_{'a' * 16}", f"ptw_{'a' * 16}_{'A' * 64}", f"ptw_{'a' * 16}_{'b' * 64}\n"),
)  # fmt: skip
def test_other_texts_are_no_tokens(text: str) -> None:
    assert key_id_of(text) is None


@given(st.text())
def test_any_text_is_a_token_or_not(text: str) -> None:
    assert key_id_of(text) is None
    assert not is_session_token(text)


def test_a_session_and_a_key_are_told_apart() -> None:
    cookie = session_token(b"\1" * 32)
    assert is_session_token(cookie)
    assert key_id_of(cookie) is None


@pytest.mark.parametrize(
    ("changed", "now_ns", "state"),
    (
        ({}, 100, KeyState.VALID),
        ({"expires_ns": 101}, 100, KeyState.VALID),
        ({"expires_ns": 100}, 100, KeyState.EXPIRED),
        ({"revoked_ns": 50}, 100, KeyState.REVOKED),
        ({"revoked_ns": 50, "expires_ns": 10}, 100, KeyState.REVOKED),
    ),
)
def test_a_key_ends_when_it_expires_or_is_revoked(
    changed: dict[str, int], now_ns: int, state: KeyState
) -> None:
    assert replace(KEY, **changed).state(now_ns) is state  # type: ignore[arg-type]


def test_names_and_patterns_are_short_and_plain() -> None:
    assert is_key_name("kim@night-shift")
    assert not any(map(is_key_name, ("", "two words", "x" * 65, "a\n", "é")))
    assert is_site_pattern("ams-*")
    assert not any(map(is_site_pattern, ("", "AMS", "ams/03", "ams-[01]", "a" * 64)))
