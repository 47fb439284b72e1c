from __future__ import annotations

from pathlib import Path

import pytest
from support.frames import NS, tick
from support.ingesting import NOON_NS, HandClock

from ingest.log import SharedLogReader, SqliteLog
from podtwin.pipeline.lags import RATE_OVER_S, Lags, reader_name
from podtwin.status import ReaderLag


@pytest.fixture
def lags(tmp_path: Path) -> tuple[Lags, HandClock]:
    log = SqliteLog(tmp_path / "log.db")
    log.append([tick(NOON_NS - (100 - number) * NS) for number in range(100)])
    log.close()
    clock = HandClock()
    return Lags(SharedLogReader(tmp_path / "log.db"), clock), clock


def test_a_lag_is_what_waits_and_since_when(lags: tuple[Lags, HandClock]) -> None:
    told = lags[0].of({"engine": 90, "hub": 100})
    assert told == (ReaderLag("engine", 10, 10.0), ReaderLag("hub"))


def test_at_the_rate_at_which_it_shrinks_it_takes_so_long(lags: tuple[Lags, HandClock]) -> None:
    each, clock = lags
    each.of({"engine": 0})
    clock.pass_s(RATE_OVER_S)
    assert each.of({"engine": 60})[0].left_s == pytest.approx(40 / 6, abs=0.1)
    clock.pass_s(RATE_OVER_S)
    assert each.of({"engine": 60})[0].left_s is None


def test_a_log_that_is_not_there_has_nothing_to_read(tmp_path: Path) -> None:
    lags = Lags(SharedLogReader(tmp_path / "log.db"), HandClock())
    assert lags.of({"engine": 0}) == (ReaderLag("engine"),)
    assert not (tmp_path / "log.db").exists()


@pytest.mark.parametrize(
    ("cursor", "name"),
    (
        ("sealer/log", "seal"),
        ("forward/influx/log", "forward-influx"),
        ("forward/a/b/log", "forward-a-b"),
    ),
)
def test_a_reader_is_called_by_what_it_does(cursor: str, name: str) -> None:
    assert reader_name(cursor) == name
