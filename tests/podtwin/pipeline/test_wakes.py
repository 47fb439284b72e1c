from __future__ import annotations

from podtwin.pipeline.wakes import Wakes


def test_a_commit_wakes_every_reader_and_each_clears_its_own() -> None:
    wakes = Wakes()
    first, second = wakes.new(), wakes.new()
    wakes(7)
    first.clear()
    assert (first.is_set(), second.is_set()) == (False, True)
    wakes()
    assert first.is_set()


def test_without_readers_a_commit_wakes_nobody() -> None:
    wakes = Wakes()
    wakes(1)
    assert not wakes.new().is_set()
