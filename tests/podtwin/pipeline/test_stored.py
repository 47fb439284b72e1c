"""Which history is asked, and up to where the logs need not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcore.errors import ConfigError
from podtwin.pipeline.forward import DERIVED_CURSOR, LOG_CURSOR
from podtwin.pipeline.stored import cursor_of, stored
from podtwin.store.history import EmbeddedHistory
from podtwin.store.influx_client import InfluxAddress, InfluxTarget
from podtwin.store.influx_history import InfluxHistory
from podtwin.store.state import StateStore

ADDRESS = InfluxAddress("http://127.0.0.1:1", "podtwin", "podtwin", "of-nobody")
SINKS = (InfluxTarget("influx", ADDRESS), InfluxTarget("center", ADDRESS))
CURSORS = {"sealer/log": 1, "sealer/derived": 2, LOG_CURSOR: 3, DERIVED_CURSOR: 4}


@pytest.mark.parametrize(
    ("kind", "expected", "done"),
    (
        ("embedded", EmbeddedHistory, (1, 2)),
        ("both", EmbeddedHistory, (1, 2)),
        ("influx", InfluxHistory, (3, 4)),
    ),
)
def test_the_setting_says_which_and_its_writer_how_far(
    tmp_path: Path, kind: str, expected: type[object], done: tuple[int, int]
) -> None:
    found = stored(kind, tmp_path, CURSORS.__getitem__, SINKS)
    assert isinstance(found.history, expected)
    assert found.done() == done


def test_influxdb_that_nobody_named_is_a_wrong_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="influx"):
        stored("influx", tmp_path, CURSORS.__getitem__, ())


def test_a_cursor_is_read_without_making_a_file(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    assert cursor_of(state, LOG_CURSOR) == 0
    assert not state.exists()
    StateStore(state).set(LOG_CURSOR, 7)
    assert (cursor_of(state, LOG_CURSOR), cursor_of(state, DERIVED_CURSOR)) == (7, 0)


def test_a_token_is_shown_nowhere() -> None:
    assert "of-nobody" not in f"{ADDRESS!r} {ADDRESS}"
