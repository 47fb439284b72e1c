from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.site_files import AIR_DX

from podcore import frame
from podcore.frame import (
    BirthBody,
    BirthPoint,
    ConfigBody,
    Flag,
    Kind,
    ReadingBody,
    Source,
    StateBody,
    encode_body,
)
from podtwin.config.sites import read_site
from podtwin.config.yaml_lines import read_documents

point_ids = st.from_regex(r"[a-z]{1,5}/[a-z]{1,5}", fullmatch=True)
bits = st.integers(0, 63)


@given(st.lists(st.tuples(point_ids, st.floats(), st.floats(0, 9), bits), max_size=20))
def test_a_reading_comes_back_bit_by_bit(rows: list[tuple[str, float, float, int]]) -> None:
    body = ReadingBody(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
    )
    encoded = encode_body(body)
    assert encode_body(frame.READING.decode(encoded)) == encoded


def test_a_reading_without_spread_and_flags_is_short() -> None:
    body = ReadingBody(["a/b"], [1.0])
    assert frame.READING.decode(encode_body(body)) == body


def test_births_and_states_come_back() -> None:
    points = [BirthPoint("rack-01/it_power", "power", "W", 1.0)]
    birth = BirthBody(started_ns=1, first=None, recorded=True, points=points)
    assert frame.BIRTH.decode(encode_body(birth)) == birth
    assert frame.STATE.decode(encode_body(StateBody(online=False))) == StateBody(online=False)


def test_a_configuration_carries_the_whole_site() -> None:
    (document,) = read_documents(AIR_DX.encode(), "ams-03.yaml")
    site = read_site(document, "ams-03.yaml")
    back = frame.CONFIG.decode(encode_body(ConfigBody(site))).site
    assert back == site
    assert back.digest() == site.digest()


def test_the_numbers_in_stored_frames_never_change() -> None:
    assert [(kind.name, int(kind)) for kind in Kind] == [
        ("READING", 1),
        ("BIRTH", 2),
        ("STATE", 3),
        ("CONFIG", 4),
        ("TICK", 5),
        ("COMMAND", 6),
        ("FORECAST", 7),
    ]
    assert {flag.name: int(flag) for flag in Flag} == {
        "LATE": 1,
        "OUT_OF_RANGE": 2,
        "SUBSTITUTED": 4,
        "NO_SOURCE_TIME": 8,
        "SUSPECT_CLOCK": 16,
        "RECORDED": 32,
    }
    assert [source.word for source in Source] == ["measured", "twin", "forecast", "whatif"]


@pytest.mark.parametrize("body", (b"", b"\xc1", b"\x90", b"\x92\x91\xc0\x90"))
def test_a_broken_body_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        frame.READING.decode(body)
