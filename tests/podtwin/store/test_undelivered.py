from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.frames import MIDNIGHT_NS
from support.manual_clock import ManualClock

from podcore.undelivered import ForwardBook, Undelivered
from podtwin.store.state import StateStore
from podtwin.store.undelivered import SqliteForwardBook, UndeliveredRows

READER = "forward/influx/log"
LINE = f"rack,site=ams-03,asset=rack-1,source=measured power=1.0 {MIDNIGHT_NS}"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateStore]:
    store = StateStore(tmp_path / "state.db")
    yield store
    store.close()


def refusal(offset: int, reason: str = "bucket retention", site: str = "ams-03") -> Undelivered:
    return Undelivered(
        "influx", "log", offset, site, "gw-1", MIDNIGHT_NS, reason, "dropped 1", LINE, len(LINE)
    )


def book(state: StateStore, kept: int = 100) -> SqliteForwardBook:
    return SqliteForwardBook(state, ManualClock(), kept)


def test_refusals_and_cursor_are_there_after_a_restart(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state.db")
    kept: ForwardBook = book(store)
    kept.settle(READER, 7, [refusal(5), refusal(6)])
    store.close()
    again = StateStore(tmp_path / "state.db")
    assert book(again).get(READER) == 7
    newest, older = UndeliveredRows(again).page(10)
    assert (newest.what, older.what) == (refusal(6), refusal(5))
    assert newest.at_ns == MIDNIGHT_NS
    assert newest.what.whole
    again.close()


def test_a_page_goes_on_before_an_id(state: StateStore) -> None:
    book(state).settle(READER, 9, [refusal(n) for n in range(1, 6)])
    rows = UndeliveredRows(state)
    first = rows.page(2)
    assert [each.what.offset for each in first] == [5, 4]
    assert [each.what.offset for each in rows.page(9, before=first[-1].id)] == [3, 2, 1]


def test_a_page_may_be_of_a_site_or_a_reason(state: StateStore) -> None:
    book(state).settle(READER, 9, [refusal(1), refusal(2, "too large"), refusal(3, site="cph-01")])
    rows = UndeliveredRows(state)
    assert [each.what.offset for each in rows.page(9, site="cph-01")] == [3]
    assert [each.what.offset for each in rows.page(9, reason="too large")] == [2]
    assert rows.page(9, site="cph-01", reason="too large") == []


def test_the_newest_are_kept_and_all_are_counted(state: StateStore) -> None:
    kept = book(state, kept=3)
    for offset in range(1, 6):
        kept.settle(READER, offset, [refusal(offset)])
    kept.settle(READER, 20, [refusal(n, "too large") for n in range(6, 16)])
    rows = UndeliveredRows(state)
    assert [each.what.offset for each in rows.page(99)] == [15, 14, 13]
    assert rows.counts() == {("influx", "bucket retention"): 5, ("influx", "too large"): 10}


def test_what_came_of_another_try_stands_beside_it(state: StateStore) -> None:
    book(state).settle(READER, 1, [refusal(1)])
    rows = UndeliveredRows(state)
    (one,) = rows.page(1)
    assert (one.request, one.retried_ns, one.stored, one.outcome) == ("", None, False, "")
    rows.mark(one.id, "r1", 99, stored=True, outcome="stored")
    again = rows.get(one.id)
    assert again == replace(one, request="r1", retried_ns=99, stored=True, outcome="stored")


def test_one_that_is_not_there_is_none(state: StateStore) -> None:
    assert UndeliveredRows(state).get(1) is None


def test_a_refusal_without_a_whole_line_says_so() -> None:
    assert not replace(refusal(1), size=9_999).whole
    assert not replace(refusal(1), line="", size=0).whole
