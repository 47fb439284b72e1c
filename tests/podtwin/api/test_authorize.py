"""The decision alone: every reason, and that nothing else lets anybody in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.memory_keys import made_key

from podcore.access import Key, Scope, Session, SiteFilter
from podtwin.api.authorize import (
    Asked,
    Caller,
    Found,
    Proof,
    Reason,
    Refused,
    authorize,
)
from podtwin.api.scopes import ADMIN_ALL, OPERATE, READ, READ_ALL, Need

KEY, TOKEN = made_key("kim", Scope.OPERATE)
NOW_NS = 100
STAYS = Session(b"cookie", KEY.id, 10, 200)


def by_key(need: Need = READ, **changed: object) -> Asked:
    plain = Asked("GET", need, Proof.KEY, KEY.digest, KEY.id)
    return replace(plain, **changed)  # type: ignore[arg-type]


def by_cookie(method: str = "GET", *, marked: bool = False) -> Asked:
    return Asked(method, READ, Proof.COOKIE, b"cookie", marked=marked)


def reason(asked: Asked, found: Found) -> Reason | None:
    decision = authorize(asked, found, NOW_NS)
    return decision.reason if isinstance(decision, Refused) else None


def test_a_valid_key_is_let_in_with_what_it_allows() -> None:
    caller = authorize(by_key(), Found(replace(KEY, expires_ns=150)), NOW_NS)
    assert caller == Caller(
        "kim", Scope.OPERATE, SiteFilter(), Proof.KEY, KEY.id, KEY.digest, ends_ns=150
    )


@pytest.mark.parametrize(
    ("asked", "found", "expected"),
    (
        (Asked("GET", READ), Found(), Reason.NO_KEY),
        (Asked("GET", READ), Found(KEY), Reason.NO_KEY),
        (by_key(), Found(), Reason.UNKNOWN_KEY),
        (by_key(digest=b"another secret"), Found(KEY), Reason.UNKNOWN_KEY),
        (by_key(), Found(replace(KEY, revoked_ns=50)), Reason.KEY_REVOKED),
        (by_key(), Found(replace(KEY, expires_ns=100)), Reason.KEY_EXPIRED),
        (by_key(ADMIN_ALL), Found(KEY), Reason.SCOPE),
        (by_key(READ_ALL), Found(replace(KEY, sites=SiteFilter(("ams-*",)))), Reason.SITES),
        (by_cookie(), Found(), Reason.SESSION_OVER),
        (by_cookie(), Found(KEY), Reason.SESSION_OVER),
        (by_cookie(), Found(KEY, replace(STAYS, expires_ns=100)), Reason.SESSION_OVER),
        (by_cookie(), Found(replace(KEY, revoked_ns=50), STAYS), Reason.KEY_REVOKED),
        (by_cookie(), Found(replace(KEY, expires_ns=99), STAYS), Reason.KEY_EXPIRED),
        (by_cookie("POST"), Found(KEY, STAYS), Reason.NO_HEADER),
        (by_cookie("DELETE"), Found(KEY, STAYS), Reason.NO_HEADER),
        (by_cookie("POST", marked=True), Found(KEY, STAYS), None),
        (by_cookie(), Found(KEY, STAYS), None),
        (by_key(OPERATE, method="POST"), Found(KEY), None),
    ),
)
def test_each_refusal_has_its_reason(asked: Asked, found: Found, expected: Reason | None) -> None:
    assert reason(asked, found) == expected


def test_what_a_wrong_secret_is_told_does_not_depend_on_the_key() -> None:
    ended = replace(KEY, revoked_ns=1)
    assert reason(by_key(digest=b"guess"), Found(ended)) is Reason.UNKNOWN_KEY


def test_a_session_ends_with_its_key() -> None:
    caller = authorize(by_cookie(), Found(replace(KEY, expires_ns=120), STAYS), NOW_NS)
    assert isinstance(caller, Caller)
    assert caller.ends_ns == 120


times = st.none() | st.integers(0, 300)


@given(
    asked=st.builds(
        Asked,
        method=st.sampled_from(("GET", "POST", "DELETE", "OPTIONS", "BREW")),
        need=st.builds(Need, st.sampled_from(Scope), st.booleans()),
        proof=st.sampled_from(Proof),
        digest=st.sampled_from((KEY.digest, b"", b"cookie")),
        key_id=st.sampled_from((KEY.id, None)),
        marked=st.booleans(),
    ),
    key=st.none()
    | st.builds(
        replace,
        st.just(KEY),
        scope=st.sampled_from(Scope),
        sites=st.sampled_from((SiteFilter(), SiteFilter(("ams-*",)))),
        expires_ns=times,
        revoked_ns=times,
    ),
    session=st.none() | st.builds(replace, st.just(STAYS), expires_ns=st.integers(0, 300)),
)
def test_whoever_is_let_in_has_proved_all_of_it(
    asked: Asked, key: Key | None, session: Session | None
) -> None:
    decision = authorize(asked, Found(key, session), NOW_NS)
    if isinstance(decision, Refused):
        return
    assert key is not None
    assert key.revoked_ns is None
    assert key.expires_ns is None or key.expires_ns > NOW_NS
    assert key.scope.covers(asked.need.scope)
    assert key.sites.all or not asked.need.whole
    if asked.proof is Proof.COOKIE:
        assert session is not None
        assert session.expires_ns > NOW_NS
        assert asked.marked or asked.method in {"GET", "HEAD", "OPTIONS"}
    else:
        assert asked.digest == key.digest
