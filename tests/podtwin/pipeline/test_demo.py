"""The faults of a demo; all of a demo is played in `tests/system/test_demo.py`."""

from __future__ import annotations

import pytest

from podcore.errors import ConfigError
from podtwin.pipeline.demo import choose_faults
from podtwin.pipeline.demo_sites import demo_sites

SITES = demo_sites(3, 42)


@pytest.mark.parametrize("asked", (None, []))
def test_a_demo_nobody_asked_faults_of_plays_one_at_each_of_two_sites(
    asked: list[str] | None,
) -> None:
    played = [(f.name, f.site, f.onset_s, f.duration_s) for f in choose_faults(asked, SITES)]
    assert played == [
        ("compressor-trip", "ams-03", 60.0, 90.0),
        ("sensor-stuck", "osl-01", 180.0, 600.0),
    ]


def test_a_single_site_has_the_first_of_them_alone() -> None:
    assert [(f.name, f.site) for f in choose_faults(None, SITES[:1])] == [
        ("compressor-trip", "ams-03")
    ]


def test_none_plays_none() -> None:
    assert choose_faults(["none"], SITES) == ()


def test_a_fault_befalls_the_site_it_names_and_else_the_first() -> None:
    asked = ["compressor-trip:site=lis-02@5s", "sensor-stuck@10s/for=20s"]
    assert [(f.name, f.site, f.onset_s) for f in choose_faults(asked, SITES)] == [
        ("compressor-trip", "lis-02", 5.0),
        ("sensor-stuck", "ams-03", 10.0),
    ]


@pytest.mark.parametrize(
    ("fault", "words"),
    (
        ("compressor-trip:site=lis-03@5s", r"lis-03.*lis-02"),
        ("compresor-trip@5s", r"compresor-trip.*compressor-trip"),
        ("compressor-trip", "a fault is NAME"),
    ),
)
def test_what_cannot_be_played_is_refused_with_what_could_be(fault: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        choose_faults([fault], SITES)
