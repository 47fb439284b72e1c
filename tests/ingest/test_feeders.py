from __future__ import annotations

import pytest

from ingest.feeders import Feeders
from ingest.sample import Turn

NODE = ("lab", "gw")


def there(*senders: str) -> list[Turn]:
    return [Turn(sender, online=True) for sender in senders]


def gone(*senders: str) -> list[Turn]:
    return [Turn(sender, online=False) for sender in senders]


def fed(*senders: str) -> Feeders:
    feeders = Feeders()
    for sender in senders:
        feeders.feeds(sender, *NODE)
    return feeders


def test_a_node_is_there_while_any_that_feeds_it_is() -> None:
    feeders = fed("e", "e/a", "e/b")
    assert feeders.turned(there("e")) == {NODE: True}
    assert feeders.turned(there("e/a", "e/b")) == {}
    assert feeders.turned(gone("e/a")) == {}
    assert feeders.turned(gone("e", "e/b")) == {NODE: False}


def test_what_is_said_twice_is_told_once() -> None:
    feeders = fed("e")
    assert feeders.turned([*there("e"), *there("e")]) == {NODE: True}
    assert feeders.turned(there("e")) == {}


def test_who_comes_and_goes_in_one_message_was_not_there() -> None:
    assert fed("e").turned([*there("e"), *gone("e")]) == {}


def test_a_sender_that_feeds_nobody_moves_nothing() -> None:
    assert Feeders().turned(there("x")) == {}


def test_ever_new_senders_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.feeders.MAX_FED", 3)
    feeders = fed("e", "f", "f", "f", "g", "h")
    assert feeders.turned(there("h")) == {}
    assert feeders.turned(there("e")) == {NODE: True}
    assert feeders.turned(gone("e")) == {NODE: False}
