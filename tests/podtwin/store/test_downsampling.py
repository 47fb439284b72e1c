"""Marks: set with the cursor, taken away when made, and begun anew where nothing is known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import integers
from support.ingesting import HandClock

from podtwin.store.downsampling import (
    ALL,
    MarkedHour,
    Marks,
    count_marked,
    forget,
    mark,
    marked_hours,
)
from podtwin.store.rollup import HOUR, MINUTE
from podtwin.store.state import StateStore
from podtwin.store.undelivered import SqliteForwardBook

DAY = 24 * HOUR.width_ns


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateStore]:
    store = StateStore(tmp_path / "state.db")
    yield store
    store.close()


def marked(state: StateStore, *minutes: int, site: str = "ams-03") -> None:
    with state.transaction() as connection:
        mark(connection, "influx", {(site, minute) for minute in minutes})


def test_minutes_are_marked_in_the_transaction_that_moves_the_cursor(state: StateStore) -> None:
    book = SqliteForwardBook(state, HandClock(), downsampled="influx")
    book.settle("forward/influx/log", 7, [], {("ams-03", 61), ("ams-03", 62)})
    assert Marks(state, "influx", "here").ripe(DAY, 9) == [MarkedHour("ams-03", 1, 0b110)]
    assert state.get("forward/influx/log") == 7


def test_a_sink_that_is_not_downsampled_marks_nothing(state: StateStore) -> None:
    SqliteForwardBook(state, HandClock()).settle("forward/influx/log", 7, [], {("ams-03", 61)})
    assert count_marked(state.path, "influx") == 0


def test_of_the_hour_that_goes_on_only_minutes_that_ended_are_ripe(state: StateStore) -> None:
    marks = Marks(state, "influx", "here")
    marked(state, 120, 121, 122)
    now_ns = 2 * HOUR.width_ns + 2 * MINUTE.width_ns
    assert marks.ripe(now_ns, 9) == [MarkedHour("ams-03", 2, 0b11)]
    marks.made(MarkedHour("ams-03", 2, 0b11))
    assert marks.ripe(now_ns, 9) == []
    assert marks.ripe(DAY, 9) == [MarkedHour("ams-03", 2, 0b100)]


def test_an_hour_stays_until_nothing_of_it_is_left(state: StateStore) -> None:
    marks = Marks(state, "influx", "here")
    marked(state, 60)
    (hour,) = marks.ripe(DAY, 9)
    marks.made_whole(hour)
    assert marks.ripe(DAY, 9) == [hour]
    marks.made(hour)
    assert marks.ripe(DAY, 9) == [MarkedHour("ams-03", 1, 0)]
    marks.made_whole(hour)
    assert marks.ripe(DAY, 9) == []


def test_of_a_site_nothing_is_known_until_what_was_there_is_marked(state: StateStore) -> None:
    marks = Marks(state, "influx", "here")
    marked(state, 60)
    assert marked_hours(state.path, "influx", "here", "ams-03") is None
    assert marks.new_sites() == ["ams-03"]
    marks.begin("ams-03", [0, 1])
    assert marks.new_sites() == []
    assert marked_hours(state.path, "influx", "here", "ams-03") == frozenset({0, 1})
    assert [hour.minutes for hour in marks.ripe(DAY, 9)] == [ALL, ALL]


def test_other_buckets_are_begun_anew(state: StateStore) -> None:
    Marks(state, "influx", "here").begin("ams-03", [])
    Marks(state, "influx", "here")
    assert marked_hours(state.path, "influx", "here", "ams-03") == frozenset()
    Marks(state, "influx", "there")
    assert marked_hours(state.path, "influx", "there", "ams-03") is None
    Marks(state, "influx", "there").begin("ams-03", [])
    forget(state, "influx")
    assert marked_hours(state.path, "influx", "there", "ams-03") is None


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert marked_hours(tmp_path / "state.db", "influx", "here", "ams-03") is None


@given(integers(0, ALL))
def test_runs_hold_the_marked_minutes_once_and_no_others(bits: int) -> None:
    runs = MarkedHour("a", 0, bits).runs()
    minutes = [minute for low, high in runs for minute in range(low, high)]
    assert sum(1 << minute for minute in minutes) == bits
    assert all(end < start for (_, end), (start, _) in pairwise(runs))
