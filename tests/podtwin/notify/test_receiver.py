from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from support.webhooks import SECRET

from podcore.clock import SystemClock
from podtwin.notify.receiver import Received, Receiver
from podtwin.notify.signing import Verdict, headers

CLOCK = SystemClock()


@pytest.fixture
def got() -> list[Received]:
    return []


@pytest.fixture
def receiver(got: list[Received]) -> Iterator[Receiver]:
    made = Receiver(0, SECRET, CLOCK, got.append)
    made.start()
    yield made
    made.stop()


def post(receiver: Receiver, **other: str) -> int:
    carried = {**headers(SECRET, "msg_1", CLOCK.now_ns() // 10**9, b"{}"), **other}
    return httpx.post(receiver.url, content=b"{}", headers=carried).status_code


def test_a_verified_message_is_handed_on_and_acknowledged(
    receiver: Receiver, got: list[Received]
) -> None:
    assert post(receiver) == 204
    assert got == [Received("msg_1", Verdict.VERIFIED, again=False, body=b"{}")]


def test_one_that_comes_again_is_known(receiver: Receiver, got: list[Received]) -> None:
    assert [post(receiver), post(receiver)] == [204, 204]
    assert [each.again for each in got] == [False, True]


def test_a_wrong_signature_is_turned_away(receiver: Receiver, got: list[Received]) -> None:
    assert post(receiver, **{"webhook-signature": "v1,AAAA"}) == 401
    assert got[0].verdict is Verdict.SIGNATURE_WRONG


def test_what_is_no_webhook_is_turned_away(receiver: Receiver) -> None:
    assert httpx.post(receiver.url, content=b"{}").status_code == 400
    assert httpx.post(receiver.url, content=b"x" * 20_001).status_code == 413
    assert httpx.get(receiver.url).status_code == 501


def test_what_it_refused_on_purpose_is_not_known_the_next_time(
    receiver: Receiver, got: list[Received]
) -> None:
    receiver.answer = 503
    assert post(receiver) == 503
    receiver.answer = 204
    assert post(receiver) == 204
    assert [each.again for each in got] == [False, False]
