from __future__ import annotations

import pytest
from support.manual_clock import ManualClock

from podtwin.cli.progress import SHOW_AFTER_S, progress_bar


def test_what_is_done_soon_shows_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    with progress_bar("recording", clock) as advance:
        clock.advance(SHOW_AFTER_S - 0.1)
        advance(1, 2)
    assert capsys.readouterr() == ("", "")


def test_where_there_is_no_terminal_nothing_is_written_not_even_an_empty_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock()
    with progress_bar("recording", clock) as advance:
        clock.advance(SHOW_AFTER_S)
        advance(1, 2)
        advance(2, 2)
    assert capsys.readouterr() == ("", "")


def test_what_takes_longer_shows_it_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as if it were a terminal
    monkeypatch.setenv("TERM", "xterm")
    clock = ManualClock()
    with progress_bar("recording", clock) as advance:
        clock.advance(SHOW_AFTER_S)
        advance(1, 2)
        advance(2, 2)
    said = capsys.readouterr()
    assert "recording" in said.err
    assert "2/2" in said.err
    assert said.out == ""
