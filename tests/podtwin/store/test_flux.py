"""Questions in Flux: names cannot leave their quotes, ranges keep their nanoseconds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis.strategies import text

from podcore.frame import Source
from podtwin.store import flux
from podtwin.store.flux import Rows, quote

ROWS = Rows("podtwin", "ams-03")
SAID = re.compile(r'"(?:[A-Za-z0-9 _./:-]|\\x[0-9a-f]{2})*"')


@given(text())
def test_no_text_can_end_its_own_string(word: str) -> None:
    assert SAID.fullmatch(quote(word))


@given(text(alphabet='"\\\\${}()\\n\\r\\t\\x00 r.|>'))
def test_signs_of_the_language_are_bytes_in_hexadecimal(word: str) -> None:
    assert SAID.fullmatch(quote(word))


@given(text())
def test_the_bytes_are_those_of_the_text(word: str) -> None:
    inner = quote(word)[1:-1].encode("ascii")
    said = re.sub(rb"\\x(..)", lambda found: bytes.fromhex(found[1].decode()), inner)
    assert said == word.encode("utf-8", "surrogatepass")


def test_names_stand_as_they_are() -> None:
    assert quote("crac-1/supply_air_temp") == '"crac-1/supply_air_temp"'
    assert quote('a" or true') == '"a\\x22 or true"'
    assert quote("${r.site}") == '"\\x24\\x7br.site\\x7d"'


@pytest.mark.parametrize(
    ("from_ns", "to_ns", "said"),
    (
        (7, 1_795_478_400_000_000_001, "start: time(v: 7), stop: time(v: 1795478400000000001)"),
        (-5, 2**63, "start: time(v: 0), stop: time(v: 9223372036854775806)"),
    ),
)
def test_times_are_whole_nanoseconds_within_what_the_database_takes(
    from_ns: int, to_ns: int, said: str
) -> None:
    assert said in flux.values(ROWS.within(from_ns, to_ns))


def test_assets_with_the_same_points_are_asked_for_together() -> None:
    points = tuple(f"rack-0{k}/{name}" for k in (1, 2) for name in ("inlet_temp", "it_power"))
    said = flux.values(Rows("b", "s", (*points, "crac-1/fan_power")))
    assert said.count('"inlet_temp"') == 1
    assert '(r.asset == "rack-01" or r.asset == "rack-02")' in said
    assert '"fan_power" or r._field == "fan_power__sd" or r._field == "fan_power__flags"' in said


def test_of_many_assets_the_points_are_asked_for_of_each() -> None:
    points = tuple(f"rack-{k}/{name}" for k in range(300) for name in ("inlet_temp", "it_power"))
    said = flux.values(Rows("b", "s", points))
    assert "rack-7" not in said
    assert said.count('"inlet_temp"') == said.count('"it_power"') == 1


def test_many_names_are_not_named_at_all() -> None:
    points = tuple(f"a-{k}/p{k}" for k in range(2_000))
    said = flux.values(Rows("b", "s", points))
    assert len(said) < 500
    assert "r._field ==" not in said


def test_no_question_is_nested_deep() -> None:
    points = tuple(f"a-{k}/p{k}" for k in range(flux.MAX_NAMED // 2))
    said = flux.values(Rows("b", "s", points))
    depth = deepest = 0
    for char in said:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    assert deepest < 20


def test_only_the_sources_asked_for_are_named() -> None:
    said = flux.last(Rows("b", "s", sources=(Source.TWIN,)))
    assert '(r.source == "twin")' in said
    assert "measured" not in said
