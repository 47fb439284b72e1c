from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st
from support.ingesting import arrival, topic

from ingest.inbox import MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, Inbox, Put

TOPIC = len(topic())


def put(inbox: Inbox, payload: bytes = b"x", mid: int = 1) -> Put:
    return inbox.put(arrival(topic(), payload, mid=mid))


def test_first_in_is_first_out() -> None:
    inbox = Inbox()
    for mid in range(5):
        put(inbox, mid=mid)
    assert [one.mid for one in inbox.drain(0.0)] == [0, 1, 2, 3, 4]
    assert inbox.drain(0.0) == []


def test_past_its_count_a_message_is_left_and_counted() -> None:
    inbox = Inbox(max_messages=2)
    assert [put(inbox) for _ in range(3)] == [Put.TAKEN, Put.TAKEN, Put.FULL_MESSAGES]
    assert inbox.overflowed == 1
    assert inbox.size() == (2, 2 + 2 * TOPIC)


def test_past_its_bytes_a_message_is_left_and_counted() -> None:
    inbox = Inbox(max_bytes=10 + 2 * TOPIC)
    assert put(inbox, b"x" * 8) is Put.TAKEN
    assert put(inbox, b"x" * (3 + TOPIC)) is Put.FULL_BYTES
    assert put(inbox, b"x" * 2) is Put.TAKEN
    assert inbox.overflowed == 1


def test_a_closed_inbox_takes_nothing_and_still_gives() -> None:
    inbox = Inbox()
    put(inbox)
    inbox.close()
    assert put(inbox) is Put.CLOSED
    assert len(inbox.drain(5.0)) == 1
    assert inbox.drain(5.0) == []
    assert inbox.overflowed == 0


def test_a_batch_is_bounded_by_count() -> None:
    inbox = Inbox()
    for _ in range(MAX_BATCH_MESSAGES + 1):
        put(inbox)
    assert [len(inbox.drain(0.0)), len(inbox.drain(0.0))] == [MAX_BATCH_MESSAGES, 1]


def test_a_batch_is_bounded_by_bytes() -> None:
    inbox = Inbox()
    for _ in range(5):
        put(inbox, b"x" * (MAX_BATCH_BYTES // 2))
    assert [len(inbox.drain(0.0)) for _ in range(3)] == [2, 2, 1]


def test_there_is_room_again_when_half_is_free() -> None:
    inbox = Inbox(max_messages=4)
    for _ in range(3):
        put(inbox)
    assert not inbox.has_room()
    inbox.drain(0.0)
    assert inbox.has_room()


def test_a_burst_ends_the_wait_once_it_is_all_there() -> None:
    inbox = Inbox()
    taken: list[int] = []
    reader = threading.Thread(target=lambda: taken.append(len(inbox.drain(10.0))))
    reader.start()
    put(inbox)
    put(inbox)
    inbox.ring()
    reader.join(5.0)
    assert taken == [2]


@given(st.lists(st.integers(0, 40), max_size=60))
def test_what_waits_is_counted_to_the_byte(sizes: list[int]) -> None:
    inbox = Inbox(max_messages=30, max_bytes=400 + 15 * TOPIC)
    taken = [size for size in sizes if put(inbox, b"x" * size) is Put.TAKEN]
    assert inbox.size() == (len(taken), sum(taken) + len(taken) * TOPIC)
    assert inbox.overflowed == len(sizes) - len(taken)
    inbox.drain(0.0)
    assert inbox.size() == (0, 0)
