from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from podcore.clock import SystemClock
from podcore.errors import ConfigError
from podtwin.notify.signing import Verdict, headers, make_secret, secret_key, verify

SECRET = make_secret(bytes(range(32)))
NOW_S = 1_795_000_000


@given(st.binary(min_size=24, max_size=64), st.dictionaries(st.text(), st.text()))
def test_the_reference_accepts_what_we_sign(chance: bytes, data: dict[str, str]) -> None:
    import json

    secret, now_s = make_secret(chance), SystemClock().now_ns() // 10**9
    body = json.dumps(data).encode()
    assert Webhook(secret).verify(body, headers(secret, "msg_1", now_s, body)) == data


@given(st.binary(min_size=24, max_size=64), st.text(max_size=200))
def test_we_accept_what_the_reference_signs(chance: bytes, text: str) -> None:
    secret = make_secret(chance)
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(NOW_S, UTC), text)
    carried = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW_S),
        "webhook-signature": signature,
    }
    assert verify(secret, carried, text.encode(), NOW_S) is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("change", "verdict"),
    (
        ({}, Verdict.VERIFIED),
        ({"webhook-id": "msg_2"}, Verdict.SIGNATURE_WRONG),
        ({"webhook-timestamp": str(NOW_S - 1)}, Verdict.SIGNATURE_WRONG),
        ({"webhook-timestamp": str(NOW_S - 301)}, Verdict.TIMESTAMP_OFF),
        ({"webhook-timestamp": str(NOW_S + 301)}, Verdict.TIMESTAMP_OFF),
        ({"webhook-timestamp": "soon"}, Verdict.HEADER_MISSING),
        ({"webhook-signature": ""}, Verdict.HEADER_MISSING),
        ({"webhook-signature": "v1,ä"}, Verdict.SIGNATURE_WRONG),
        ({"webhook-id": ""}, Verdict.HEADER_MISSING),
    ),
)
def test_whatever_was_changed_on_the_way_is_seen(change: dict[str, str], verdict: Verdict) -> None:
    carried = {**headers(SECRET, "msg_1", NOW_S, b"{}"), **change}
    assert verify(SECRET, carried, b"{}", NOW_S) is verdict


def test_another_body_or_another_secret_is_seen() -> None:
    carried = headers(SECRET, "msg_1", NOW_S, b"{}")
    other = make_secret(b"x" * 32)
    assert verify(SECRET, carried, b"{ }", NOW_S) is Verdict.SIGNATURE_WRONG
    assert verify(other, carried, b"{}", NOW_S) is Verdict.SIGNATURE_WRONG


def test_one_of_several_signatures_is_enough_while_a_secret_changes() -> None:
    carried = headers(SECRET, "msg_1", NOW_S, b"{}")
    carried["webhook-signature"] = f"v1,b2xk {carried['webhook-signature']} v2,bmV3"
    assert verify(SECRET, carried, b"{}", NOW_S) is Verdict.VERIFIED


@pytest.mark.parametrize("secret", ("", "whsec_c2hvcnQ=", "no base64", "whsec_" + "A" * 400))
def test_a_bad_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ConfigError, match="24 to 64 bytes") as refused:
        secret_key(secret)
    assert refused.value.value is None
    assert not secret or secret not in str(refused.value)
